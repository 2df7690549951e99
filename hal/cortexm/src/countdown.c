/*
 * Waiting on a counter: a loop of one block that reads a counter, compares, and goes round again.
 *
 * Such a loop depends on nothing but the counter, and its condition is one of order, so it ends once and for
 * all.  The machine works out in which round, and counts the rounds before it instead of running them.
 *
 * Taken are loops of a load of the counter's word, subtractions, one comparison and a branch; anything
 * else is run as it stands.
 */
#include "internal.h"

#define LONGEST 8 /* instructions of such a loop */
#define ROUNDS 4  /* reads at an even distance before it is worth looking */

enum kind { LOAD, SUBTRACT, SUBTRACT_FROM_SMALL, COMPARE, BRANCH };

struct step {
    enum kind kind;
    uint32_t to, from, by; /* registers; by: a register, or a constant */
    bool is_constant;
};

struct loop {
    struct step steps[LONGEST];
    uint32_t count;
    uint32_t condition;
};

/* --- reading the loop ---------------------------------------------------------------------------- */

/* One 16-bit instruction (DDI0403E, A5.2).  Returns whether it is of those taken. */
static bool read_narrow(uint32_t half, struct step *step)
{
    const uint32_t low = half & 7, middle = half >> 3 & 7, high = half >> 6 & 7, wide = half >> 8 & 7;
    if (half >> 11 == 13) /* LDR Rt, [Rn, #imm] */
        *step = (struct step){LOAD, low, middle, half >> 6 & 31, true};
    else if (half >> 9 == 13) /* SUBS Rd, Rn, Rm */
        *step = (struct step){SUBTRACT, low, middle, high, false};
    else if (half >> 9 == 15) /* SUBS Rd, Rn, #imm3 */
        *step = (struct step){SUBTRACT, low, middle, high, true};
    else if (half >> 11 == 5) /* CMP Rn, #imm8 */
        *step = (struct step){COMPARE, 0, wide, half & 0xff, true};
    else if (half >> 6 == 0x10a) /* CMP Rn, Rm */
        *step = (struct step){COMPARE, 0, low, middle, false};
    else if (half >> 8 == 0x45) /* CMP Rn, Rm, any registers */
        *step = (struct step){COMPARE, 0, low | (half >> 4 & 8), half >> 3 & 15, false};
    else
        return false;
    return true;
}

/* One 32-bit instruction: LDR.W Rt, [Rn, #imm12], SUB.W and CMP.W of plain registers. */
static bool read_wide(uint32_t first, uint32_t second, struct step *step)
{
    const uint32_t to = second >> 8 & 15, from = first & 15, by = second & 15;
    const bool is_plain = !(second & 0x70f0);
    if (first >> 4 == 0xf8d)
        *step = (struct step){LOAD, second >> 12, from, 0, true};
    else if (is_plain && (first & 0xfff0) == 0xebb0 && to == 15)
        *step = (struct step){COMPARE, 0, from, by, false};
    else if (is_plain && (first & 0xffe0) == 0xeba0 && to < 13)
        *step = (struct step){SUBTRACT, to, from, by, false};
    else
        return false;
    return true;
}

/* Conditions of order, signed or not: HS LO HI LS GE LT GT LE. */
static bool is_order(uint32_t condition)
{
    return condition == 2 || condition == 3 || (condition >= 8 && condition <= 13);
}

/* And MI, PL. */
bool condition_is_order(uint32_t condition)
{
    return is_order(condition) || condition == 4 || condition == 5;
}

/* A conditional branch at `at` back to the block's start? */
static bool closes(uint32_t half, uint32_t at, struct loop *loop)
{
    const int32_t distance = (int32_t)(int8_t)(half & 0xff) * 2 + 4;
    loop->condition = half >> 8 & 15;
    return half >> 12 == 13 && is_order(loop->condition) && (int32_t)at + distance == 0;
}

/* May the rounds be told apart by the counter alone?  No register may be read before the round has written it. */
static bool forgets(const struct loop *loop)
{
    uint32_t written = 0, all = 0, loads = 0, compares = 0;
    for (uint32_t i = 0; i < loop->count; i++)
        all |= loop->steps[i].kind == COMPARE ? 0 : 1u << loop->steps[i].to;
    for (uint32_t i = 0; i < loop->count; i++) {
        const struct step *step = &loop->steps[i];
        const uint32_t reads = 1u << step->from | (step->is_constant ? 0 : 1u << step->by);
        if (reads & all & ~written)
            return false;
        written |= step->kind == COMPARE ? 0 : 1u << step->to;
        loads += step->kind == LOAD;
        compares += step->kind == COMPARE;
    }
    return loads == 1 && compares == 1 && loop->steps[loop->count - 1].kind == COMPARE;
}

static bool read_loop(struct machine *m, uint32_t address, uint32_t size, struct loop *loop)
{
    const uint8_t *code = memory_at(m, address, size, UC_PROT_EXEC);
    uint32_t at = 0;
    loop->count = 0;
    while (code && at + 2 < size && loop->count < LONGEST) {
        const uint32_t first = half_at(code + at);
        struct step *step = &loop->steps[loop->count++];
        const bool is_taken = is_wide(first) ? at + 4 < size && read_wide(first, half_at(code + at + 2), step) : read_narrow(first, step);
        if (!is_taken)
            return false;
        at += is_wide(first) ? 4 : 2;
    }
    return code && at + 2 == size && closes(half_at(code + at), at, loop) && forgets(loop);
}

/* --- running it in thought ----------------------------------------------------------------------- */

bool condition_holds(uint32_t condition, uint32_t a, uint32_t b)
{
    switch (condition) {
    case 4:
        return (int32_t)(a - b) < 0;
    case 5:
        return (int32_t)(a - b) >= 0;
    case 2:
        return a >= b;
    case 3:
        return a < b;
    case 8:
        return a > b;
    case 9:
        return a <= b;
    case 10:
        return (int32_t)a >= (int32_t)b;
    case 11:
        return (int32_t)a < (int32_t)b;
    case 12:
        return (int32_t)a > (int32_t)b;
    default:
        return (int32_t)a <= (int32_t)b;
    }
}

/* What the loop compares when the counter reads `value`. */
static void compare(const struct loop *loop, const uint32_t start[16], uint32_t value, uint32_t *first, uint32_t *second)
{
    uint32_t registers[16];
    for (uint32_t i = 0; i < 16; i++)
        registers[i] = start[i];
    for (uint32_t i = 0; i < loop->count; i++) {
        const struct step *step = &loop->steps[i];
        const uint32_t by = step->is_constant ? step->by : registers[step->by];
        if (step->kind == LOAD)
            registers[step->to] = value;
        else if (step->kind == SUBTRACT)
            registers[step->to] = registers[step->from] - by;
        else
            *first = registers[step->from], *second = by;
    }
}

static bool goes_round(const struct loop *loop, const uint32_t start[16], uint32_t value)
{
    uint32_t first = 0, second = 0;
    compare(loop, start, value, &first, &second);
    return condition_holds(loop->condition, first, second);
}

/* By how much the counter may go on before what is compared wraps, and the condition could turn twice. */
static uint32_t room(const struct loop *loop, const uint32_t start[16], const struct counter *counter, uint32_t value)
{
    uint32_t first = 0, second = 0, next_first = 0, next_second = 0;
    compare(loop, start, value, &first, &second);
    compare(loop, start, counter->how.is_down ? value - 1 : value + 1, &next_first, &next_second);
    if (first != next_first && second != next_second)
        return 0;
    const uint32_t sign = loop->condition >= 10 ? 0x80000000u : 0; /* signed conditions turn there */
    const uint32_t place = (first != next_first ? first : second) ^ sign, change = next_first - first + next_second - second;
    const uint32_t left = change == 1 ? UINT32_MAX - place : place, range = counter->how.is_down ? value : counter->how.mask - value;
    return left < range ? left : range;
}

/* How many of `most` rounds go round again: by halving, as the condition turns once while nothing wraps. */
static uint64_t rounds_of(struct machine *m, const struct loop *loop, uint64_t cycle, uint64_t period, uint64_t most)
{
    uint32_t registers[16];
    uint64_t low = 0, high = most;
    for (uint32_t i = 0; i < 16; i++)
        registers[i] = machine_get(m, i);
    const struct counter *counter = m->countdown.counter;
    const uint32_t value = counter_value(counter, m, cycle), space = room(loop, registers, counter, value);
    const uint64_t begin = counter_counts(counter, m, cycle);
    while (low < high) {
        const uint64_t middle = low + (high - low + 1) / 2, then = cycle + (middle - 1) * period;
        if (counter_counts(counter, m, then) - begin <= space && goes_round(loop, registers, counter_value(counter, m, then)))
            low = middle;
        else
            high = middle - 1;
    }
    return goes_round(loop, registers, value) ? low : 0;
}

void countdown_read(struct machine *m, uint32_t pc, const struct counter *counter)
{
    struct countdown *countdown = &m->countdown;
    const uint64_t cycle = machine_cycles(m), distance = cycle - countdown->cycle;
    const bool is_even = countdown->pc == pc && countdown->counter == counter && countdown->distance == distance;
    countdown->hits = is_even ? countdown->hits + 1 : 0;
    countdown->pc = pc;
    countdown->counter = counter;
    countdown->distance = distance;
    countdown->cycle = cycle;
    if (m->warp.is_on && countdown->hits >= ROUNDS) {
        countdown->is_wanted = true;
        look_soon(m); /* look at the next block's start */
    }
}

void countdown_look(struct machine *m)
{
    struct countdown *countdown = &m->countdown;
    struct loop loop;
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    if (!countdown->is_wanted)
        return;
    countdown->is_wanted = false;
    countdown->hits = 0;

    struct counter *own = &m->counters[SYSTICK];
    if (countdown->counter == own && !systick_counts(m, countdown->cycle, &own->how))
        return;
    const uint64_t period = countdown->distance, ahead = countdown->cycle + period;
    if (pc != m->block_address || !read_loop(m, pc, m->block_size, &loop) || period != loop.count + 1 || m->deadline <= ahead + period)
        return;

    const uint64_t rounds = rounds_of(m, &loop, ahead, period, (m->deadline - ahead) / period);
    if (rounds > 1) /* the last of them is run, for what it leaves in the registers */
        m->cycles += (rounds - 1) * period;
}
