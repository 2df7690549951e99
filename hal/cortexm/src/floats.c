/*
 * Floating-point context: whether the coprocessor may be used (CPACR), and what its first use in a context does
 * (DDI0403E, ExecuteFPCheck()).
 *
 * unicorn knows contexts as they are after reset: FPCCR.ASPEN set and FPDSCR zero.  Where a program has changed
 * that, the first floating-point instruction of a context is looked at.
 */
#include "internal.h"

#define ASPEN (1u << 31)
#define FPCA 4u

static bool is_as_after_reset(const struct machine *m)
{
    return m->fpccr & ASPEN && !m->fpdscr;
}

bool floats_matter(const struct machine *m)
{
    return m->cpacr >> 20 != 0xf || !is_as_after_reset(m);
}

bool floats_denied(struct machine *m)
{
    const uint32_t access = m->cpacr >> 20 & 3;
    return access != 3 && !(access == 1 && is_privileged(m));
}

bool floats_begin_context(struct machine *m)
{
    return !is_as_after_reset(m) && !(reg_get(m, UC_ARM_REG_CONTROL) & FPCA);
}

/* Set FPCA, which unicorn lets none change that has no privilege; a handler has it. */
static void set_fpca(struct machine *m, uint32_t fpca)
{
    const uint32_t status = reg_get(m, UC_ARM_REG_XPSR), control = reg_get(m, UC_ARM_REG_CONTROL);
    if (!(status & 0x1ff))
        set_xpsr(m, status | HARD_FAULT);
    reg_set(m, UC_ARM_REG_CONTROL, (control & ~FPCA) | fpca);
    if (!(status & 0x1ff))
        set_xpsr(m, status);
}

void floats_open(struct machine *m)
{
    set_fpca(m, FPCA);
    if (m->fpccr & ASPEN)
        reg_set(m, UC_ARM_REG_FPSCR, m->fpdscr);
    m->is_context_open = true;
}

void floats_close(struct machine *m)
{
    if (m->is_context_open && !(m->fpccr & ASPEN))
        set_fpca(m, 0);
    m->is_context_open = false;
}
