/*
 * Counting instructions: a block is decoded once for its length and for what needs watching.
 */
#include "internal.h"

#include <string.h>

uint32_t half_at(const uint8_t *code)
{
    return (uint32_t)code[0] | (uint32_t)code[1] << 8;
}

/* Is this the first half of a 32-bit instruction (DDI0403E, A5.1)? */
bool is_wide(uint32_t half)
{
    return half >= 0xe800;
}

/* MSR, by the register's number (B5.2.3). */
static uint32_t flags_of_msr(uint32_t number)
{
    switch (number) {
    case 8: /* MSP, PSP */
    case 9:
        return BLOCK_MASKS | BLOCK_STACKS;
    case 17:
        return BLOCK_MASKS | BLOCK_BASEPRI;
    case 18: /* BASEPRI_MAX */
        return BLOCK_MASKS | BLOCK_RAISES;
    default:
        return BLOCK_MASKS;
    }
}

uint32_t flags_of(uint32_t first, uint32_t second)
{
    if (first >> 8 == 0xbf && first & 15)
        return BLOCK_IT;
    if (first == 0xbf40)
        return BLOCK_SEV;
    if ((first & 0xffe8) == 0xb660)
        return BLOCK_MASKS;
    if ((first & 0xfff0) == 0xf380 && (second & 0xff00) == 0x8800)
        return flags_of_msr(second & 0xff);
    if ((first & 0xec00) == 0xec00)
        return BLOCK_COPROCESSOR;
    if ((first & 0xffd0) == 0xfb90 && (second & 0xf0f0) == 0xf0f0)
        return BLOCK_DIVIDE;
    if ((first & 0xfe80) == 0xf800 && (second & 0xf00) == 0xe00)
        return BLOCK_UNPRIVILEGED;
    return first == 0xf3af && second == 0x8004 ? BLOCK_SEV : 0;
}

static void decode(struct block *block, const uint8_t *code)
{
    for (uint32_t at = 0; at + 2 <= block->size; block->count++) {
        uint32_t first = half_at(code + at), second = 0;
        at += 2;
        if (is_wide(first) && at + 2 <= block->size)
            second = half_at(code + at), at += 2;
        block->flags |= (uint16_t)flags_of(first, second);
    }
}

const struct block *block_at(struct machine *m, uint32_t address, uint32_t size)
{
    const uint32_t place = block_place(address, size);
    struct block *block = &m->blocks[place];
    if (block->is_known && block->address == address && block->size == size)
        return block;
    const uint8_t *code = memory_at(m, address, size, UC_PROT_EXEC);
    outside_run(m, address, size);
    m->meter.plain[place].address = ODD; /* if another was known here, it is not any more */
    *block = (struct block){address, size, 0, BLOCK_ANY, true};
    if (code)
        decode(block, code);
    else
        block->count = size / 2; /* where code lies is not known, but time goes on */
    return block;
}

uint32_t count_between(struct machine *m, uint32_t from, uint32_t to)
{
    const uint8_t *code = memory_at(m, from, to - from, UC_PROT_READ);
    uint32_t count = 0;
    for (uint32_t at = 0; code && at < to - from; count++)
        at += is_wide(half_at(code + at)) ? 4 : 2;
    return count;
}

void forget_translation(struct machine *m, uint32_t address, uint32_t size)
{
    const uint32_t status = m->fault_status, place = m->fault_address;
    const bool is_page = m->is_address_of_page;
    unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TB_REMOVE_CACHE, 2), (uint64_t)address, (uint64_t)address + size);
    m->fault_status = status; /* unicorn asks the MPU on its own account */
    m->fault_address = place;
    m->is_address_of_page = is_page;
}
