/*
 * IT blocks one instruction at a time (DDI0403E, A7.3): unicorn takes one for a single instruction.
 *
 * Where an instruction of a block is to be looked at, it is run as the only one of a block of its own.
 */
#include "internal.h"

#define IT_BITS 0x0600fc00u

/* ITSTATE: the condition and what is left of the block; 0 outside of one. */
static uint32_t get_state(struct machine *m)
{
    const uint32_t status = reg_get(m, UC_ARM_REG_XPSR);
    return (status >> 25 & 3) | (status >> 8 & 0xfc);
}

static void set_state(struct machine *m, uint32_t state)
{
    const uint32_t status = reg_get(m, UC_ARM_REG_XPSR) & ~IT_BITS;
    reg_set(m, UC_ARM_REG_XPSR, status | (state & 3) << 25 | (state & 0xfc) << 8);
}

bool it_is_inside(struct machine *m)
{
    return get_state(m) != 0;
}

/* ITAdvance(). */
static uint32_t advanced(uint32_t state)
{
    return state & 7 ? (state & 0xe0) | (state << 1 & 0x1f) : 0;
}

/* ConditionPassed() (A7.3.1). */
static bool passes(uint32_t flags, uint32_t condition)
{
    const bool n = flags >> 31 & 1, z = flags >> 30 & 1, c = flags >> 29 & 1, v = flags >> 28 & 1;
    const bool holds[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return holds[condition >> 1] != (condition & 1 && condition != 15);
}

/* Pass over an instruction: it takes its cycle. */
static void pass(struct machine *m, uint32_t pc, uint32_t size, uint32_t state)
{
    set_state(m, state);
    reg_set(m, UC_ARM_REG_PC, (pc + size) | 1);
    m->cycles++;
}

bool it_begin(struct machine *m, uint32_t *state)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    const uint8_t *code = memory_at(m, pc, 2, UC_PROT_EXEC);
    const uint32_t half = code ? half_at(code) : 0;
    *state = get_state(m);
    if (!*state && half >> 8 == 0xbf && half & 15) { /* IT itself */
        pass(m, pc, 2, half & 0xff);
        return false;
    }
    if (*state && !passes(reg_get(m, UC_ARM_REG_XPSR), *state >> 4)) {
        pass(m, pc, is_wide(half) ? 4 : 2, advanced(*state));
        return false;
    }
    return true;
}

void it_alone(struct machine *m, uint32_t state)
{
    if (state)
        set_state(m, (state & 0xf0) | 8);
}

void it_end(struct machine *m, uint32_t state, bool was_run)
{
    if (state)
        set_state(m, was_run ? advanced(state) : state);
}
