/*
 * Which instruction of a block makes an access: unicorn tells a device the block's start only, and a hook
 * that made it tell more would cost a third of the speed of all code.
 *
 * The block is read from behind its last access on, for the first load or store that with the registers as
 * they are would be this one.
 */
#include "internal.h"

struct form {
    bool is_access, is_write, is_own_base; /* own base: a load into the register it counts from */
    uint32_t low, high;                    /* what it may touch: low <= address < high */
};

static uint32_t at(struct machine *m, uint32_t number)
{
    return machine_get(m, number & 15);
}

static struct form reach(bool is_write, uint32_t address, uint32_t size)
{
    return (struct form){true, is_write, false, address, address + size};
}

static struct form load_into(struct form form, uint32_t to, uint32_t base)
{
    form.is_own_base = !form.is_write && to == base;
    return form;
}

/* A narrow instruction (DDI0403E, A5.2.4). */
static struct form narrow(struct machine *m, uint32_t pc, uint32_t half)
{
    const uint32_t to = half & 7, base = half >> 3 & 7, by = half >> 6 & 31, wide = half >> 8 & 7;
    switch (half >> 11) {
    case 9: /* LDR literal */
        return reach(false, ((pc + 4) & ~3u) + 4 * (half & 0xff), 4);
    case 10:
    case 11: /* by a register: STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH */
        return load_into(reach((half >> 9 & 7) < 3, at(m, base) + at(m, half >> 6 & 7), 1), to, base);
    case 12:
    case 13:
        return load_into(reach(!(half & 0x800), at(m, base) + 4 * by, 4), to, base);
    case 14:
    case 15:
        return load_into(reach(!(half & 0x800), at(m, base) + by, 1), to, base);
    case 16:
    case 17:
        return load_into(reach(!(half & 0x800), at(m, base) + 2 * by, 2), to, base);
    case 18:
    case 19:
        return reach(!(half & 0x800), at(m, 13) + 4 * (half & 0xff), 4);
    case 22: /* PUSH */
        return half & 0x400 ? reach(true, at(m, 13) - 36, 36) : (struct form){0};
    case 23: /* POP */
        return half & 0x400 ? reach(false, at(m, 13), 36) : (struct form){0};
    case 24:
    case 25: /* STM, LDM */
        return reach(!(half & 0x800), at(m, wide), 32);
    default:
        return (struct form){0};
    }
}

/* Load and store of one register, wide (A5.3.7 to A5.3.10). */
static struct form single(struct machine *m, uint32_t pc, uint32_t first, uint32_t second)
{
    const uint32_t base = first & 15, by = second & 0xff, value = at(m, base);
    const bool is_write = !(first & 0x10);
    uint32_t address;
    if (base == 15)
        address = ((pc + 4) & ~3u) + (first & 0x80 ? second & 0xfff : 0 - (second & 0xfff));
    else if (first & 0x80)
        address = value + (second & 0xfff);
    else if (!(second & 0x800))
        address = value + (at(m, second) << (second >> 4 & 3));
    else
        address = !(second & 0x400) ? value : second & 0x200 ? value + by : value - by;
    return load_into(reach(is_write, address, 1), second >> 12, base);
}

/* Pairs, exclusives, table branches, many registers; floating-point ones too, which have the same bits. */
static struct form several(struct machine *m, uint32_t first, uint32_t second)
{
    const uint32_t value = at(m, first), by = 4 * (second & 0xff);
    const bool is_write = !(first & 0x10), is_float = first & 0x400, is_before = first & 0x100, is_back = first & 0x20;
    if (is_float && is_before && !is_back)
        return reach(is_write, first & 0x80 ? value + by : value - by, 8);
    if (is_float || !(first & 0x40))
        return is_before ? reach(is_write, value - 128, 128) : reach(is_write, value, 128);
    if (!is_before && !is_back) /* TBB and TBH by a register, the exclusives by a constant or none */
        return (first & 0xfff0) == 0xe8d0 && (second & 0xf0e0) == 0xf000 ? reach(false, value + (at(m, second) << (second >> 4 & 1)), 1)
                                                                         : reach(is_write, value, 1024);
    return reach(is_write, !is_before ? value : first & 0x80 ? value + by : value - by, 8);
}

static struct form read_form(struct machine *m, uint32_t pc, uint32_t first, uint32_t second)
{
    if (!is_wide(first))
        return narrow(m, pc, first);
    if ((first & 0xfe00) == 0xf800)
        return single(m, pc, first, second);
    return (first & 0xfa00) == 0xe800 ? several(m, first, second) : (struct form){0};
}

/* The address, plus one, of the instruction of the current block that makes the access; or 0. */
static uint32_t find(struct machine *m, uint32_t address, bool is_write)
{
    const struct block *block = block_now(m);
    const uint8_t *code = memory_at(m, block->address, block->size, UC_PROT_EXEC);
    uint32_t found = 0;
    for (uint32_t from = m->place.seek; code && from + 2 <= block->size;) {
        const uint32_t first = half_at(code + from), length = is_wide(first) ? 4 : 2, pc = block->address + from;
        const uint32_t second = length == 4 && from + 4 <= block->size ? half_at(code + from + 2) : 0;
        const struct form form = read_form(m, pc, first, second);
        if (form.is_access && form.is_write == is_write && address >= form.low && address < form.high) {
            if (!found || !form.is_own_base) {
                found = pc + 1;
                m->place.seek = form.high - form.low > 4 ? from : from + length; /* the others make more than one */
            }
            if (!form.is_own_base)
                break;
        }
        from += length;
    }
    return found;
}

void place_find(struct machine *m, uint32_t address, bool is_write)
{
    struct place *place = &m->place;
    const uint64_t end = m->horizon - (uint64_t)m->meter.left;
    if (place->end != end || place->current != m->meter.current)
        *place = (struct place){.end = end, .current = m->meter.current};
    const uint32_t begin = block_now(m)->address, sought = begin + place->seek, found = find(m, address, is_write);
    place->pc = found ? found - 1 : sought;
    place->count = count_between(m, begin, place->pc);
}
