/*
 * Memory between guards.  A byte written past the end of a room, or before its beginning, is noticed on every
 * build; the sanitisers notice reads too.
 */
#include "agent.h"

#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define HAS_MEMORY_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#endif
#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

#define ARENA (2u << 20)
#define GUARD 64u
#define GUARD_BYTE 0xc5u
#define ROOMS_MOST 256u

static uint8_t arena[ARENA] __attribute__((aligned(64)));
static size_t used;
static struct bytes rooms[ROOMS_MOST];
static size_t made;

static void guard(uint8_t *from, size_t length)
{
    memset(from, (int)GUARD_BYTE, length);
#ifdef HAS_ADDRESS_SANITIZER
    ASAN_POISON_MEMORY_REGION(from, length);
#endif
}

/* in: at: where in the arena.  out: a room there, then a guard; everything before it is guarded already. */
static uint8_t *room_at(size_t at, size_t length)
{
    const size_t end = at + length + GUARD;
    if (made == ROOMS_MOST || length > ARENA || end > ARENA)
        port_fail("no room is left");
    guard(arena + used, at - used);
    guard(arena + at + length, GUARD);
#ifdef HAS_ADDRESS_SANITIZER
    ASAN_UNPOISON_MEMORY_REGION(arena + at, length);
#endif
#ifdef HAS_MEMORY_SANITIZER
    __msan_allocated_memory(arena + at, length);
#endif
    rooms[made].data = arena + at, rooms[made].length = length;
    made++;
    used = end;
    return arena + at;
}

uint8_t *room(size_t length)
{
#ifdef HAS_ADDRESS_SANITIZER
    const size_t shift = 0; /* to the byte it watches only what begins at a multiple of 8 */
#else
    const size_t shift = made % 8;
#endif
    return room_at(((used + 7) & ~(size_t)7) + GUARD + shift, length);
}

uint8_t *room_aligned(size_t length)
{
    return room_at(((used + 63) & ~(size_t)63) + GUARD, length);
}

void room_reset(void)
{
#ifdef HAS_ADDRESS_SANITIZER
    ASAN_UNPOISON_MEMORY_REGION(arena, ARENA);
#endif
    used = made = 0;
}

int room_is_sound(void)
{
    size_t at = 0;
    uint32_t wrong = 0;
#ifdef HAS_ADDRESS_SANITIZER
    ASAN_UNPOISON_MEMORY_REGION(arena, used);
#endif
    for (size_t i = 0; i <= made; i++) {
        const size_t next = i < made ? (size_t)(rooms[i].data - arena) : used;
        for (; at < next; at++)
            wrong |= arena[at] ^ GUARD_BYTE;
        if (i < made)
            at += rooms[i].length;
    }
    return wrong == 0;
}
