/*
 * What a loop may have changed since it was looked at: registers, all memory that can be written, and which
 * interrupts are enabled.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define FLAGS 0xf8000000u

size_t likeness_size(const struct machine *m)
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
bool likeness_keep(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (!warp->copy)
        warp->copy = malloc(likeness_size(m));
    uint8_t *at = warp->copy;
    for (uint32_t i = 0; at && i < m->memory_count; i++)
        if (m->memories[i].perms & UC_PROT_WRITE) {
            memcpy(at, m->memories[i].bytes, m->memories[i].size);
            at += m->memories[i].size;
        }
    read_registers(m, warp->registers);
    memcpy(warp->enabled, m->enabled, sizeof warp->enabled);
    warp->cycles = m->cycles;
    warp->is_timed = false;
    return warp->copy != NULL;
}

bool likeness_holds(struct machine *m)
{
    uint32_t registers[REGISTERS];
    const uint8_t *at = m->warp.copy;
    read_registers(m, registers);
    if (m->warp.is_timed || memcmp(registers, m->warp.registers, sizeof registers))
        return false;
    if (memcmp(m->warp.enabled, m->enabled, sizeof m->enabled))
        return false;
    for (uint32_t i = 0; i < m->memory_count; i++)
        if (m->memories[i].perms & UC_PROT_WRITE) {
            if (memcmp(at, m->memories[i].bytes, m->memories[i].size))
                return false;
            at += m->memories[i].size;
        }
    return true;
}

/* May what differs from the copy do so?  It is then expected to, or is known to come from a clock. */
static bool accept_registers(struct machine *m, bool is_expecting)
{
    uint32_t registers[REGISTERS];
    read_registers(m, registers);
    for (uint32_t i = 0; i < REGISTERS; i++) {
        const uint32_t difference = registers[i] ^ m->warp.registers[i];
        if (difference && !(i == 16 && !(difference & ~FLAGS)) && !(is_expecting ? trail_expect(m, i) : trail_is_stale(m, i)))
            return false;
    }
    return true;
}

static bool accept_memory(struct machine *m, const struct memory *memory, const uint8_t *copy, bool is_expecting)
{
    for (uint32_t at = 0; at < memory->size; at += CHUNK) {
        const uint32_t size = memory->size - at < CHUNK ? memory->size - at : CHUNK;
        if (!memcmp(copy + at, memory->bytes + at, size))
            continue;
        for (uint32_t word = at; word < at + size; word += 4) {
            const uint32_t address = memory->address + word;
            if (memcmp(copy + word, memory->bytes + word, 4) && !(is_expecting ? trail_expect_word(m, address) : trail_is_stale_word(m, address)))
                return false;
        }
    }
    return true;
}

static bool accept(struct machine *m, bool is_expecting)
{
    const uint8_t *copy = m->warp.copy;
    bool is_accepted = accept_registers(m, is_expecting);
    for (uint32_t i = 0; is_accepted && i < m->memory_count; i++)
        if (m->memories[i].perms & UC_PROT_WRITE) {
            is_accepted = accept_memory(m, &m->memories[i], copy, is_expecting);
            copy += m->memories[i].size;
        }
    return is_accepted;
}

bool likeness_expect(struct machine *m)
{
    return accept(m, true);
}

bool likeness_is_known(struct machine *m)
{
    return accept(m, false);
}

const uint8_t *machine_loop(const struct machine *m, uint32_t *size)
{
    *size = warp_has_copy(m) ? (uint32_t)likeness_size(m) : 0;
    return *size ? m->warp.copy : NULL;
}

bool likeness_take(struct machine *m, const uint8_t *copy, uint32_t size)
{
    if (!size)
        return true;
    if (size != likeness_size(m))
        return false;
    if (!m->warp.copy)
        m->warp.copy = malloc(size);
    if (m->warp.copy)
        memcpy(m->warp.copy, copy, size);
    return m->warp.copy;
}
