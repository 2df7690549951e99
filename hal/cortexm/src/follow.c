/*
 * Following what comes from a clock through one instruction: of a Cortex-M's, those that loops are made of.
 *
 * Each function returns whether it understands what the instruction does with such a value.  Registers are read as
 * they stand, before the instruction runs; what is constant in one round is in all.
 */
#include "internal.h"

/* The two halves of an instruction, and what it does with what register. */
struct instruction {
    uint32_t first, second;
};

static uint32_t get(struct machine *m, uint32_t number)
{
    return machine_get(m, number);
}

/* A new value, made from another.  Returns its number, or STALE if there are too many. */
static uint8_t derive(struct trail *t, uint8_t from, bool is_negated, uint32_t addend)
{
    if (from == STALE || t->sources >= TRAIL_SOURCES)
        return STALE;
    struct trail_source *made = &t->source[t->sources++];
    *made = t->source[from - 1];
    made->is_negative ^= is_negated;
    made->addend = (is_negated ? 0 - made->addend : made->addend) + addend;
    return t->sources;
}

/* Flags of a comparison of a clock's value with a constant; `other` comes first if `is_flipped`. */
static bool compared(struct trail *t, uint8_t source, uint32_t other, bool is_flipped)
{
    if (source == STALE || t->comparisons >= TRAIL_CONDITIONS)
        return false;
    t->comparison[t->comparisons++] = (struct trail_comparison){source, is_flipped, other};
    t->signs = t->carries = (uint8_t)t->comparisons;
    return true;
}

/* An instruction has set N and Z from what is constant, and perhaps C and V. */
static void settle_signs(struct trail *t)
{
    t->signs = NONE;
    t->carries = t->carries ? BAD : NONE;
}

/* Rd = Rn + or - operand.  `number`: of the register that the operand is, or NOWHERE; `value`: what it is. */
static bool sum(struct machine *m, uint32_t to, uint32_t from, uint32_t number, uint32_t value, bool is_difference, bool sets_flags)
{
    struct trail *t = &m->trail;
    const uint8_t a = trail_of(t, from), b = trail_of(t, number);
    uint8_t made = NONE;
    const bool is_special = to == 13 || to == 15 || from == 15 || number == 15;
    if (a == STALE || b == STALE || (a && b) || (is_special && (a || b)))
        return false;
    if (sets_flags)
        t->signs = t->carries = a || b ? BAD : NONE;
    if (is_difference && sets_flags && (a || b) && !compared(t, a ? a : b, a ? value : get(m, from), !a))
        return false;
    if (to < NOWHERE) { /* not a comparison alone */
        if (a)
            made = derive(t, a, false, is_difference ? 0 - value : value);
        else if (b)
            made = derive(t, b, is_difference, get(m, from));
        trail_put(t, to, made);
    }
    return made != STALE;
}

/* --- 16-bit instructions (DDI0403E, A5.2) ---------------------------------------------------------- */

/* Shifts, additions, moves and comparisons with small constants. */
static bool arithmetic(struct machine *m, uint32_t half)
{
    struct trail *t = &m->trail;
    const uint32_t low = half & 7, middle = half >> 3 & 7, third = half >> 6 & 7, wide = half >> 8 & 7, byte = half & 0xff;
    switch (half >> 11) {
    case 3: /* ADDS, SUBS of three */
        return sum(m, low, middle, half >> 10 & 1 ? NOWHERE : third, half >> 10 & 1 ? third : get(m, third), half >> 9 & 1, true);
    case 4: /* MOVS */
        trail_put(t, wide, NONE);
        settle_signs(t);
        return true;
    case 5: /* CMP */
        return sum(m, NOWHERE, wide, NOWHERE, byte, true, true);
    case 6:
    case 7: /* ADDS, SUBS */
        return sum(m, wide, wide, NOWHERE, byte, half >> 11 & 1, true);
    default: /* LSLS, LSRS, ASRS; by nothing, it moves */
        if (trail_of(t, middle) && half >> 6)
            return false;
        t->signs = trail_of(t, middle) ? BAD : NONE;
        trail_put(t, low, trail_of(t, middle));
        return trail_of(t, low) != STALE;
    }
}

/* AND to MVN: only of what is constant, but for CMP. */
static bool logic(struct machine *m, uint32_t half)
{
    struct trail *t = &m->trail;
    const uint32_t low = half & 7, middle = half >> 3 & 7, code = half >> 6 & 15;
    if (code == 10)
        return sum(m, NOWHERE, low, middle, get(m, middle), true, true);
    const bool is_read = code != 9 && code != 15; /* RSBS and MVNS write the first without reading it */
    const bool reads_carry = code == 5 || code == 6; /* ADCS, SBCS */
    if (trail_of(t, middle) || (is_read && trail_of(t, low)) || (reads_carry && t->carries))
        return false;
    settle_signs(t);
    if (code != 8 && code != 11) /* TST, CMN */
        trail_put(t, low, NONE);
    return true;
}

/* ADD, CMP, MOV of any registers, BX, BLX. */
static bool high(struct machine *m, uint32_t half)
{
    struct trail *t = &m->trail;
    const uint32_t to = (half & 7) | (half >> 4 & 8), from = half >> 3 & 15;
    switch (half >> 8 & 3) {
    case 0:
        return to < 15 && sum(m, to, to, from, get(m, from), false, false);
    case 1:
        return sum(m, NOWHERE, to, from, get(m, from), true, true);
    case 2:
        trail_put(t, to, trail_of(t, from));
        return trail_of(t, from) != STALE && ((to != 13 && to != 15) || !trail_of(t, from));
    default:
        trail_put(t, half >> 7 & 1 ? 14 : NOWHERE, NONE);
        return !trail_of(t, from);
    }
}

/* Loads and stores by two registers, or a register and a constant. */
static bool transfer(struct machine *m, uint32_t half)
{
    const uint32_t number = half & 7, base = half >> 3 & 7, third = half >> 6 & 7, five = half >> 6 & 31;
    const struct trail *t = &m->trail;
    if (trail_of(t, base))
        return false;
    if (half >> 12 == 5) {
        const uint32_t code = half >> 9 & 7; /* STR STRH STRB LDRSB LDR LDRH LDRB LDRSH */
        return !trail_of(t, third) && trail_move(m, get(m, base) + get(m, third), number, code >= 3, code == 0 || code == 4);
    }
    const uint32_t size = half >> 12 == 6 ? 4 : half >> 12 == 7 ? 1 : 2;
    return trail_move(m, get(m, base) + size * five, number, half >> 11 & 1, size == 4);
}

/* The stack pointer, PUSH and POP, CBZ, hints. */
static bool miscellaneous(struct machine *m, uint32_t half)
{
    struct trail *t = &m->trail;
    const uint32_t list = half & 0xff, sp = get(m, 13);
    if (half >> 8 == 0xb0) /* ADD, SUB SP */
        return true;
    if ((half & 0xf500) == 0xb100) /* CBZ, CBNZ */
        return !trail_of(t, half & 7);
    if (half >> 8 == 0xb2) { /* SXTH to UXTB */
        trail_put(t, half & 7, NONE);
        return !trail_of(t, half >> 3 & 7);
    }
    if (half >> 9 == 0x5a) {
        const uint32_t all = list | (half >> 8 & 1) << 14;
        return trail_move_all(m, all, sp - 4 * (uint32_t)__builtin_popcount(all), false);
    }
    if (half >> 9 == 0x5e)
        return trail_move_all(m, list | (half >> 8 & 1) << 15, sp, true);
    return half == 0xbf00 || (half & 0xffe8) == 0xb660; /* NOP, CPS */
}

/* What a condition looks at (A7.3): one comparison with a clock, or nothing of one.  BAD if it is anything else. */
static uint8_t looked_at(const struct trail *t, uint32_t code)
{
    const bool is_of_signs = code < 2 || code == 4 || code == 5, is_of_carries = code == 2 || code == 3 || code == 6 || code == 7;
    if (is_of_signs)
        return t->signs;
    return is_of_carries || t->signs == t->carries ? t->carries : BAD;
}

/* A conditional branch: what it depends on must come out the same again. */
static bool branch(struct machine *m, uint32_t code)
{
    struct trail *t = &m->trail;
    const uint8_t number = looked_at(t, code);
    if (!number || code >= 14)
        return code < 14;
    if (number == BAD || !condition_is_order(code) || t->conditions >= TRAIL_CONDITIONS)
        return false;
    const struct trail_comparison *comparison = &t->comparison[number - 1];
    t->condition[t->conditions++] = (struct trail_condition){(uint8_t)(number - 1), (uint8_t)code, trail_outcome(t, comparison, code, 0)};
    return true;
}

static bool follow_narrow(struct machine *m, uint32_t half)
{
    struct trail *t = &m->trail;
    const uint32_t wide = half >> 8 & 7;
    switch (half >> 12) {
    case 0:
    case 1:
    case 2:
    case 3:
        return arithmetic(m, half);
    case 4:
        if (half >> 10 == 16)
            return logic(m, half);
        if (half >> 10 == 17)
            return high(m, half);
        return trail_move(m, ((get(m, 15) + 4) & ~3u) + 4 * (half & 0xff), wide, true, true);
    case 5:
    case 6:
    case 7:
    case 8:
        return transfer(m, half);
    case 9: /* relative to the stack pointer */
        return trail_move(m, get(m, 13) + 4 * (half & 0xff), wide, half >> 11 & 1, true);
    case 10: /* ADR, ADD Rd, SP */
        trail_put(t, wide, NONE);
        return true;
    case 11:
        return miscellaneous(m, half);
    case 13:
        return branch(m, half >> 8 & 15);
    default: /* B; LDM and STM are not known here */
        return half >> 11 == 28;
    }
}

/* --- 32-bit instructions (A5.3) -------------------------------------------------------------------- */

/* Where LDR, STR and their like go: by a constant of 12 bits; of 8, the base moved before, behind or not at all; by a register. */
static bool place_of(struct machine *m, struct instruction i, uint32_t *address)
{
    const uint32_t base = i.first & 15, byte = i.second & 0xff, twelve = i.second & 0xfff, by = i.second & 15;
    const bool is_long = i.first >> 7 & 1, is_before = i.second >> 10 & 1, is_up = i.second >> 9 & 1;
    *address = base == 15 ? (get(m, 15) + 4) & ~3u : get(m, base);
    if (base == 15)
        *address += is_long ? twelve : 0 - twelve;
    else if (is_long)
        *address += twelve;
    else if (!(i.second & 0x800)) {
        *address += get(m, by) << (i.second >> 4 & 3);
        return !(i.second & 0x7c0) && !trail_of(&m->trail, base) && !trail_of(&m->trail, by);
    } else if (is_before)
        *address += is_up ? byte : 0 - byte;
    return (i.second & 0xf00) != 0xe00 && !trail_of(&m->trail, base); /* those without privilege are not known here */
}

/* One register, from or to memory; a table of branches. */
static bool follow_transfer(struct machine *m, struct instruction i)
{
    const uint32_t size = i.first >> 5 & 3, to = i.second >> 12;
    uint32_t address;
    return size < 3 && place_of(m, i, &address) && trail_move(m, address, to, i.first >> 4 & 1, size == 2);
}

/* PUSH, POP of any registers, TBB, TBH. */
static bool follow_many(struct machine *m, struct instruction i)
{
    const uint32_t sp = get(m, 13);
    if (i.first == 0xe92d)
        return trail_move_all(m, i.second, sp - 4 * (uint32_t)__builtin_popcount(i.second), false);
    if (i.first == 0xe8bd)
        return trail_move_all(m, i.second, sp, true);
    const bool is_table = (i.first & 0xfff0) == 0xe8d0 && (i.second & 0xffe0) == 0xf000;
    return is_table && !trail_of(&m->trail, i.first & 15) && !trail_of(&m->trail, i.second & 15);
}

/* ThumbExpandImm() (A5.3.2). */
static uint32_t expanded(struct instruction i)
{
    const uint32_t code = (i.first >> 10 & 1) << 4 | (i.second >> 12 & 7) << 1 | (i.second >> 7 & 1), byte = i.second & 0xff;
    const uint32_t rotated = 0x80 | byte, pairs[] = {byte, byte << 16 | byte, byte << 24 | byte << 8, byte * 0x01010101u};
    return code < 8 ? pairs[code >> 1 & 3] : rotated >> code | rotated << (32 - code);
}

/* ADD, SUB, CMP of registers and of constants; MOV of a constant.  *is_known: it is one of these. */
static bool follow_sum(struct machine *m, struct instruction i, bool *is_known)
{
    const uint32_t from = i.first & 15, number = i.second & 15, code = i.first >> 5 & 15;
    const bool sets_flags = i.first >> 4 & 1, is_constant = i.first >> 11 == 30, is_sum = code == 8 || code == 13;
    const uint32_t target = i.second >> 8 & 15, to = target == 15 && sets_flags ? NOWHERE : target;
    *is_known = is_constant || !(i.second & 0x70f0);
    if (is_sum && is_constant)
        return sum(m, to, from, NOWHERE, expanded(i), code == 13, sets_flags);
    if (is_sum && *is_known)
        return sum(m, to, from, number, get(m, number), code == 13, sets_flags);
    *is_known = is_constant && code == 2 && from == 15 && !sets_flags;
    if (*is_known)
        trail_put(&m->trail, to, NONE);
    return true;
}

/* ADDW, SUBW, MOVW. */
static bool follow_long(struct machine *m, struct instruction i, bool *is_known)
{
    const uint32_t constant = (i.first >> 10 & 1) << 11 | (i.second >> 12 & 7) << 8 | (i.second & 0xff), code = i.first >> 4 & 31;
    *is_known = code == 0 || code == 10 || code == 4;
    if (code == 0 || code == 10)
        return sum(m, i.second >> 8 & 15, i.first & 15, NOWHERE, constant, code == 10, false);
    if (*is_known)
        trail_put(&m->trail, i.second >> 8 & 15, NONE);
    return true;
}

/* BL, and branches that go farther. */
static bool follow_branch(struct machine *m, struct instruction i)
{
    const uint32_t kind = i.second & 0xd000;
    if (kind == 0xd000) /* BL */
        trail_put(&m->trail, 14, NONE);
    if (kind == 0x8000)
        return branch(m, i.first >> 6 & 15); /* what is no branch has 14 or 15 there */
    return kind == 0xd000 || kind == 0x9000;
}

/* ADC, SBC, RRX. */
static bool reads_carry(struct instruction i)
{
    const uint32_t code = i.first >> 5 & 15;
    const bool is_processing = i.first >> 9 == 0x75 || (i.first >> 11 == 30 && !(i.first & 0x200));
    return is_processing && (code == 10 || code == 11 || (i.first >> 9 == 0x75 && (i.second & 0x70f0) == 0x30));
}

/* Data processing of registers and constants, and shifts: bit 4 says whether they do. */
static bool may_set_flags(struct instruction i)
{
    return i.first >> 9 == 0x75 || (i.first >> 11 == 30 && !(i.first & 0x200)) || i.first >> 7 == 0x1f4;
}

/* Anything else: it may not touch what comes from a clock, wherever its registers are named. */
static bool follow_other(struct machine *m, struct instruction i)
{
    struct trail *t = &m->trail;
    const uint32_t group = i.first >> 9;
    if (group == 0x76 || group == 0x77) /* floating point */
        return false;
    if (t->carries && reads_carry(i))
        return false;
    if (may_set_flags(i) && i.first >> 4 & 1)
        settle_signs(t);
    return !trail_of(t, i.first & 15) && !trail_of(t, i.second >> 12) && !trail_of(t, i.second >> 8 & 15) && !trail_of(t, i.second & 15);
}

static bool follow_wide(struct machine *m, struct instruction i)
{
    bool is_known = false, is_followed = false;
    const bool is_of_constants = i.first >> 11 == 30;
    if (is_of_constants && i.second & 0x8000)
        return follow_branch(m, i);
    if (i.first >> 9 == 0x7c)
        return follow_transfer(m, i);
    if (i.first >> 9 == 0x74)
        return follow_many(m, i);
    if (i.first >> 9 == 0x75 || (is_of_constants && !(i.first & 0x200)))
        is_followed = follow_sum(m, i, &is_known);
    else if (is_of_constants)
        is_followed = follow_long(m, i, &is_known);
    return is_known ? is_followed : follow_other(m, i);
}

/* The instruction that is next.  Returns whether it is understood. */
bool follow(struct machine *m)
{
    const uint32_t pc = get(m, 15);
    const uint8_t *code = memory_at(m, pc, 2, UC_PROT_EXEC);
    struct instruction i = {code ? half_at(code) : 0xde00, 0};
    m->trail.loading = NOWHERE;
    if (!is_wide(i.first))
        return follow_narrow(m, i.first);
    code = memory_at(m, pc, 4, UC_PROT_EXEC);
    i.second = code ? half_at(code + 2) : 0;
    return code && follow_wide(m, i);
}
