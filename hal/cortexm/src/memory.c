/*
 * The program's memory as the machine itself reaches it: stacking, vectors.
 */
#include "internal.h"

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
