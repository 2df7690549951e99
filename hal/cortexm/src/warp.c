/*
 * Polling loops: a program that waits for a device reads the same registers over and over.
 *
 * When it does so for a while, the machine looks whether anything else changes: if registers and memory
 * are the same when the loop comes round, the next rounds can only be the same too, until a device's
 * answer changes or something is due.  They are then counted instead of run: time and cycles are exactly
 * what they would have been.
 *
 * A kernel that has nothing to do may ask no device at all: it looks at its lists, again and again, and lets
 * interrupts in between.  Such a loop is known by the block that changes the masks.
 *
 * All that a round may depend on besides: what came from outside (DMA), an exception, a sleep, a write to a
 * register.  Each begins anew.  And the time: a round that reads a clock is run, for the next reads another.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 16        /* reads that repeat before it is worth looking */
#define AGAIN 2          /* once it has been: the same loop, most likely, goes on after a change */
#define PATIENCE 4096    /* and at most, where looking found nothing */
#define LOST 64          /* reads without the first of the table: it was not of this loop */
#define IDLE_ROUNDS 1024 /* of a loop that asks no device: most are at work, and looking costs more than a round does */
#define IDLE_PATIENCE 65536

enum { WATCHING, WANTED, FIRST_LOOK, RUNNING, SECOND_LOOK };

/* The table holds the last reads; a write, or a read that is not in it, begins anew. */
static void begin(struct warp *warp)
{
    warp->count = warp->hits = warp->others = 0;
    warp->phase = WATCHING;
}

void warp_write(struct machine *m)
{
    begin(&m->warp);
}

void warp_forget(struct machine *m)
{
    begin(&m->warp);
    free(m->warp.copy);
    m->warp.copy = NULL;
}

static struct poll *find(struct warp *warp, uint32_t pc, uint32_t device, uint32_t offset)
{
    for (uint32_t i = 0; i < warp->count; i++) {
        struct poll *poll = &warp->polls[i];
        if (poll->pc == pc && poll->device == device && poll->offset == offset)
            return poll;
    }
    return NULL;
}

static void add(struct warp *warp, uint32_t pc, uint32_t device, uint32_t offset, uint32_t value)
{
    if (warp->count == POLLS)
        begin(warp);
    warp->polls[warp->count++] = (struct poll){0, pc, device, offset, value};
    warp->hits = 0;
    warp->phase = WATCHING;
}

static bool is_idle(const struct warp *warp)
{
    return warp->count && warp->polls[0].device == NO_DEVICE;
}

/* How often must it come round before it is worth looking?  The idle loop of a kernel is always the same. */
static uint32_t patience_of(const struct warp *warp)
{
    if (!is_idle(warp))
        return warp->patience;
    return warp->polls[0].pc == warp->idle_pc ? AGAIN : warp->idle_patience;
}

/* The loop has come round: it is looked at from its first read to its first read. */
static void repeated_first(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (warp->phase == WATCHING)
        warp->phase = ++warp->hits >= patience_of(warp) ? WANTED : WATCHING;
    else if (warp->phase == WANTED || warp->phase == RUNNING)
        warp->phase++;
    if (warp->phase == FIRST_LOOK || warp->phase == SECOND_LOOK)
        look_soon(m); /* look at the next block's start */
}

/* A table that begins with what was read before this loop would never be looked at: it begins with the loop. */
static void repeated_other(struct warp *warp, const struct poll *poll)
{
    const struct poll known = *poll;
    if (++warp->hits >= warp->patience && warp->phase == WATCHING)
        warp->phase = WANTED;
    else if (warp->hits >= warp->patience + LOST) {
        begin(warp);
        add(warp, known.pc, known.device, known.offset, known.value);
    }
}

void warp_masks(struct machine *m, uint32_t pc)
{
    struct warp *warp = &m->warp;
    if (!warp->is_on)
        return;
    if (is_idle(warp) && warp->polls[0].pc == pc) {
        warp->others = 0;
        repeated_first(m);
    } else if (!warp->count || ++warp->others >= LOST || (is_idle(warp) && pc == warp->idle_pc)) { /* the table begins with another loop */
        begin(warp);
        add(warp, pc, NO_DEVICE, 0, 0);
    }
}

void warp_clock(struct machine *m)
{
    m->warp.is_timed = true;
}

void warp_read(struct machine *m, uint32_t pc, uint32_t device, uint32_t offset, uint32_t value)
{
    struct warp *warp = &m->warp;
    if (!warp->is_on)
        return;
    if (is_idle(warp))
        begin(warp);
    warp->others = 0;
    struct poll *poll = find(warp, pc, device, offset);
    if (!poll || poll->value != value) {
        if (poll) /* it changed: the loop may be another */
            begin(warp);
        add(warp, pc, device, offset, value);
        return;
    }
    if (warp->phase == RUNNING) /* asked now: by the time of the look it may have changed */
        poll->until = m->devices.quiet(m->devices.owner, device, offset);
    if (poll == &warp->polls[0])
        repeated_first(m);
    else
        repeated_other(warp, poll);
}

static size_t writable_size(const struct machine *m)
{
    size_t size = 0;
    for (uint32_t i = 0; i < m->memory_count; i++)
        size += m->memories[i].perms & UC_PROT_WRITE ? m->memories[i].size : 0;
    return size;
}

static void read_registers(struct machine *m, uint32_t registers[REGISTERS])
{
    for (uint32_t i = 0; i < REGISTERS; i++)
        registers[i] = machine_get(m, i);
}

/* Keep what the loop may change.  Returns whether there was memory for it. */
static bool remember(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (!warp->copy)
        warp->copy = malloc(writable_size(m));
    uint8_t *at = warp->copy;
    for (uint32_t i = 0; at && i < m->memory_count; i++)
        if (m->memories[i].perms & UC_PROT_WRITE) {
            memcpy(at, m->memories[i].bytes, m->memories[i].size);
            at += m->memories[i].size;
        }
    read_registers(m, warp->registers);
    warp->cycles = m->cycles;
    warp->is_timed = false;
    return warp->copy != NULL;
}

static bool is_unchanged(struct machine *m)
{
    uint32_t registers[REGISTERS];
    const uint8_t *at = m->warp.copy;
    read_registers(m, registers);
    if (m->warp.is_timed || memcmp(registers, m->warp.registers, sizeof registers))
        return false;
    for (uint32_t i = 0; i < m->memory_count; i++)
        if (m->memories[i].perms & UC_PROT_WRITE) {
            if (memcmp(at, m->memories[i].bytes, m->memories[i].size))
                return false;
            at += m->memories[i].size;
        }
    return true;
}

/* Until when every register that was read in the round reads what it read last, in ticks; 0 if a device does not know. */
static uint64_t quiet_until(const struct warp *warp)
{
    uint64_t earliest = UINT64_MAX;
    for (uint32_t i = 0; i < warp->count; i++)
        earliest = warp->polls[i].until < earliest ? warp->polls[i].until : earliest;
    return earliest;
}

/* Count the rounds that fit before anything changes. */
static void skip(struct machine *m, uint64_t period)
{
    const uint64_t quiet = cycle_of(m, quiet_until(&m->warp)), end = quiet < m->deadline ? quiet : m->deadline;
    if (period && end > m->cycles)
        m->cycles += (end - m->cycles) / period * period;
}

/* What looking at a loop has shown decides how soon the next is looked at. */
static void learn(struct warp *warp, bool is_pure)
{
    if (!is_idle(warp))
        warp->patience = is_pure ? AGAIN : warp->patience < PATIENCE ? 2 * warp->patience : PATIENCE;
    else if (is_pure)
        warp->idle_pc = warp->polls[0].pc;
    else if (warp->idle_pc == warp->polls[0].pc)
        warp->idle_pc = ODD;
    else
        warp->idle_patience = warp->idle_patience < IDLE_PATIENCE ? 2 * warp->idle_patience : IDLE_PATIENCE;
}

void warp_look(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (warp->phase == FIRST_LOOK) {
        warp->phase = remember(m) ? RUNNING : WATCHING;
        for (uint32_t i = 0; i < warp->count; i++) /* what this round does not read may change */
            warp->polls[i].until = UINT64_MAX;
    } else if (warp->phase == SECOND_LOOK) {
        const bool is_pure = is_unchanged(m);
        learn(warp, is_pure);
        if (is_pure) {
            if (is_idle(warp))
                anchor_skipped(m);
            skip(m, m->cycles - warp->cycles);
        }
        begin(warp);
    }
}

bool warp_has_copy(const struct machine *m)
{
    return m->warp.phase == RUNNING || m->warp.phase == SECOND_LOOK;
}

const uint8_t *machine_loop(const struct machine *m, uint32_t *size)
{
    *size = warp_has_copy(m) ? (uint32_t)writable_size(m) : 0;
    return *size ? m->warp.copy : NULL;
}

bool warp_keep(struct machine *m, const uint8_t *copy, uint32_t size)
{
    if (!size)
        return true;
    if (size != writable_size(m))
        return false;
    if (!m->warp.copy)
        m->warp.copy = malloc(size);
    if (m->warp.copy)
        memcpy(m->warp.copy, copy, size);
    return m->warp.copy;
}

void machine_warp(struct machine *m, int is_on)
{
    m->warp.is_on = is_on;
    m->warp.patience = ROUNDS;
    m->warp.idle_patience = IDLE_ROUNDS;
    m->warp.idle_pc = ODD;
    anchor_drop(m);
    begin(&m->warp);
}
