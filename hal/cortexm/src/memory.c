/*
 * The program's memory as the machine itself reaches it: stacking, vectors; and as others write it.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

uint8_t *memory_at(struct machine *m, uint32_t address, uint32_t size, uint32_t perms)
{
    for (uint32_t i = 0; i < m->memory_count; i++) {
        struct memory *memory = &m->memories[i];
        uint32_t offset = address - memory->address;
        if (offset < memory->size && memory->size - offset >= size && (memory->perms & perms) == perms)
            return memory->bytes + offset;
    }
    return NULL;
}

/*
 * unicorn writes slowly to memory that may hold code, for it looks each time whether it does.  Of memory that can
 * be written only those chunks are executable to it in which code was run.
 */
bool memory_add(struct machine *m, uint32_t address, uint32_t size, uint32_t perms, uint8_t *bytes)
{
    const bool is_mixed = perms & UC_PROT_WRITE && perms & UC_PROT_EXEC;
    uint8_t *is_open = is_mixed ? calloc(size / CHUNK + 1, 1) : NULL;
    const uint32_t told = is_mixed ? perms & ~(uint32_t)UC_PROT_EXEC : perms;
    if (m->memory_count == MEMORIES || (is_mixed && !is_open) || unicorn.mem_map_ptr(m->engine, address, size, told, bytes) != UC_ERR_OK) {
        free(is_open);
        return false;
    }
    m->memories[m->memory_count++] = (struct memory){address, size, perms, bytes, is_open};
    return true;
}

/* The memory whose chunk at the address is closed, or NULL. */
static struct memory *closed_at(struct machine *m, uint32_t address)
{
    for (uint32_t i = 0; i < m->memory_count; i++) {
        struct memory *memory = &m->memories[i];
        if (address - memory->address < memory->size)
            return memory->is_open && !memory->is_open[(address - memory->address) / CHUNK] ? memory : NULL;
    }
    return NULL;
}

bool memory_is_closed(struct machine *m, uint32_t address)
{
    return closed_at(m, address) != NULL;
}

void memory_open(struct machine *m, uint32_t address)
{
    struct memory *memory = closed_at(m, address);
    if (!memory)
        return;
    const uint32_t chunk = (address - memory->address) / CHUNK, start = chunk * CHUNK, left = memory->size - start;
    memory->is_open[chunk] = 1;
    unicorn.mem_protect(m->engine, memory->address + start, left < CHUNK ? left : CHUNK, memory->perms);
    m->fault_status = 0; /* unicorn asks the MPU on its own account */
}

void memory_copy(struct machine *m, uint8_t *to, uint32_t address, uint32_t size)
{
    const uint8_t *place = memory_at(m, address, size, 0);
    if (place)
        memcpy(to, place, size);
}

bool memory_read_word(struct machine *m, uint32_t address, uint32_t *value)
{
    const uint8_t *place = memory_at(m, address, 4, UC_PROT_READ);
    if (place)
        memcpy(value, place, 4);
    return place != NULL;
}

void memory_write(struct machine *m, uint32_t address, const uint32_t *words, uint32_t size)
{
    uint8_t *place = memory_at(m, address, size, UC_PROT_WRITE);
    if (place)
        memcpy(place, words, size);
}

int machine_share(struct machine *m, uint32_t address, uint32_t size)
{
    if (size > LINES * LINE || address % LINE || !memory_at(m, address, size, 0))
        return -1;
    m->outside = (struct outside){.address = address, .size = size};
    return 0;
}

/* The lines of outside memory in address[0..size): *first to *end, none if it lies elsewhere. */
static bool lines_of(const struct outside *outside, uint32_t address, uint32_t size, uint32_t *first, uint32_t *end)
{
    const uint32_t offset = address - outside->address;
    if (!size || offset >= outside->size || size > outside->size - offset)
        return false;
    *first = offset / LINE;
    *end = (offset + size - 1) / LINE + 1;
    return true;
}

void outside_run(struct machine *m, uint32_t address, uint32_t size)
{
    uint32_t first, end;
    if (lines_of(&m->outside, address, size, &first, &end))
        memset(m->outside.has_code + first, 1, end - first);
}

void machine_written(struct machine *m, uint32_t address, uint32_t size)
{
    uint32_t first, end;
    warp_write(m);
    if (!lines_of(&m->outside, address, size, &first, &end) || !memchr(m->outside.has_code + first, 1, end - first))
        return;
    m->outside.is_stale = true;
    look_soon(m);
}

/* Translations of overwritten code go before anything runs; while unicorn runs they cannot. */
void outside_look(struct machine *m)
{
    if (!m->outside.is_stale)
        return;
    m->outside.is_stale = false;
    memset(m->outside.has_code, 0, sizeof m->outside.has_code);
    machine_code_changed(m, 0, 0);
}
