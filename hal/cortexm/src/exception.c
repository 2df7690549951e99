/*
 * Exceptions: stacking, entry, return, escalation (DDI0403E, B1.5).
 *
 * Floating-point registers are stacked at once, not lazily: no program sees the difference unless it
 * reads FPCCR.LSPACT or FPCAR.
 */
#include "internal.h"

#define CONTROL_SPSEL 2u
#define CONTROL_FPCA 4u
#define XPSR_ALIGNED (1u << 9)
#define BASIC 0x20u
#define EXTENDED 0x68u

static uint32_t xpsr(struct machine *m)
{
    return reg_get(m, UC_ARM_REG_XPSR);
}

/* May the frame be written or read, by who was running?  Sets what a refusal is called. */
static bool may_touch(struct machine *m, uint32_t frame, uint32_t size, uint32_t perms, bool privileged, uint32_t *status)
{
    const bool is_stacking = perms == UC_PROT_WRITE;
    *status = is_stacking ? MSTKERR : MUNSTKERR;
    if (!mpu_allows(m, frame, size, perms, privileged))
        return false;
    *status = is_stacking ? STKERR : UNSTKERR;
    return memory_at(m, frame, size, perms) != NULL;
}

static void stack_floats(struct machine *m, uint32_t frame)
{
    for (uint32_t i = 0; i < 16; i++)
        memory_write_word(m, frame + BASIC + 4 * i, reg_get(m, UC_ARM_REG_S0 + (int)i));
    memory_write_word(m, frame + BASIC + 64, reg_get(m, UC_ARM_REG_FPSCR));
    memory_write_word(m, frame + BASIC + 68, 0);
}

static void unstack_floats(struct machine *m, uint32_t frame)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < 16; i++) {
        memory_read_word(m, frame + BASIC + 4 * i, &value);
        reg_set(m, UC_ARM_REG_S0 + (int)i, value);
    }
    memory_read_word(m, frame + BASIC + 64, &value);
    reg_set(m, UC_ARM_REG_FPSCR, value);
}

/* Where the eight words of a frame come from, in order; the return address and xPSR apart. */
static const int STACKED[6] = {UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR};

/* PushStack().  Returns 0, or what went wrong; the stack pointer moves all the same. */
static uint32_t push(struct machine *m, uint32_t return_address, uint32_t control)
{
    const bool is_extended = control & CONTROL_FPCA;
    const uint32_t top = reg_get(m, UC_ARM_REG_SP), size = is_extended ? EXTENDED : BASIC;
    const bool is_aligned = is_extended || (m->ccr & 1u << 9);
    const uint32_t padding = is_aligned ? top & 4 : 0, frame = top - size - padding;
    uint32_t status;
    const bool is_good = may_touch(m, frame, size, UC_PROT_WRITE, is_privileged(m), &status);

    reg_set(m, UC_ARM_REG_SP, frame);
    if (!is_good)
        return status;
    for (uint32_t i = 0; i < 6; i++)
        memory_write_word(m, frame + 4 * i, reg_get(m, STACKED[i]));
    memory_write_word(m, frame + 24, return_address);
    memory_write_word(m, frame + 28, (xpsr(m) & ~XPSR_ALIGNED) | (padding ? XPSR_ALIGNED : 0));
    if (is_extended)
        stack_floats(m, frame);
    return 0;
}

static uint32_t exc_return_of(bool is_handler, uint32_t control)
{
    const uint32_t basic = control & CONTROL_FPCA ? 0xffffffe0 : 0xfffffff0;
    return basic | (is_handler ? 1 : control & CONTROL_SPSEL ? 0xd : 9);
}

/* ExceptionTaken(). */
static void take(struct machine *m, uint32_t number, uint32_t exc_return)
{
    uint32_t vector = 0;
    const uint32_t control = reg_get(m, UC_ARM_REG_CONTROL);

    reg_set(m, UC_ARM_REG_CONTROL, control & ~(CONTROL_SPSEL | CONTROL_FPCA)); /* SPSEL before the number */
    set_xpsr(m, (xpsr(m) & 0xf80f0000) | 1u << 24 | number);
    reg_set(m, UC_ARM_REG_LR, exc_return);
    set_bit(m->pending, number, false);
    set_bit(m->active, number, true);
    m->event = true;
    m->is_sleeping = false;
    if (!memory_read_word(m, m->vtor + 4 * number, &vector)) {
        m->hfsr |= VECTTBL;
        m->is_locked_up = true;
        return;
    }
    reg_set(m, UC_ARM_REG_PC, vector); /* bit 0 of it is the Thumb state */
    if (!(vector & 1))
        fault(m, USAGE_FAULT, INVSTATE, vector);
}

static uint32_t fault_of(uint32_t status)
{
    return status >> 16 ? USAGE_FAULT : status >> 8 ? BUS_FAULT : MEM_MANAGE;
}

void exception_enter(struct machine *m, uint32_t number, uint32_t return_address)
{
    const uint32_t control = reg_get(m, UC_ARM_REG_CONTROL);
    const uint32_t status = push(m, return_address, control);
    take(m, number, exc_return_of(exception_number(m) != 0, control));
    mpu_apply(m);
    if (status)
        fault(m, fault_of(status), status, reg_get(m, UC_ARM_REG_PC));
}

/* DeActivate(): the handler is over; a line still high pends again. */
static void deactivate(struct machine *m, uint32_t number)
{
    set_bit(m->active, number, false);
    if (number != NMI && number != HARD_FAULT)
        reg_set(m, UC_ARM_REG_FAULTMASK, 0);
    else if (number == HARD_FAULT)
        reg_set(m, UC_ARM_REG_FAULTMASK, 0);
    if (is_set(m->line, number))
        pend(m, number);
}

static uint32_t count_active(const struct machine *m)
{
    uint32_t count = 0;
    for (uint32_t word = 0; word < WORDS; word++)
        count += (uint32_t)__builtin_popcount(m->active[word]);
    return count;
}

/* The checks of ExceptionReturn(): is it a return that this state allows? */
static bool is_lawful(struct machine *m, uint32_t exc_return, uint32_t number)
{
    const uint32_t kind = exc_return & 0xf;
    if ((exc_return & 0xffffffe0) != 0xffffffe0 || !is_set(m->active, number))
        return false;
    if (kind == 1)
        return count_active(m) > 1;
    return (kind == 9 || kind == 0xd) && (count_active(m) == 1 || (m->ccr & 1));
}

/* PopStack().  Returns 0, or what went wrong. */
static uint32_t pop(struct machine *m, uint32_t frame, bool is_extended, bool privileged)
{
    uint32_t words[8] = {0}, status;
    const uint32_t size = is_extended ? EXTENDED : BASIC;
    if (!may_touch(m, frame, size, UC_PROT_READ, privileged, &status))
        return status;
    for (uint32_t i = 0; i < 8; i++)
        memory_read_word(m, frame + 4 * i, &words[i]);
    if (is_extended)
        unstack_floats(m, frame);
    for (uint32_t i = 0; i < 6; i++)
        reg_set(m, STACKED[i], words[i]);
    reg_set(m, UC_ARM_REG_SP, frame + size + (words[7] & XPSR_ALIGNED ? 4 : 0));
    set_xpsr(m, words[7] & ~XPSR_ALIGNED);
    reg_set(m, UC_ARM_REG_PC, words[6] | 1);
    return 0;
}

void exception_return(struct machine *m, uint32_t exc_return)
{
    const uint32_t number = exception_number(m), control = reg_get(m, UC_ARM_REG_CONTROL);
    const bool is_thread = exc_return & 8, uses_psp = exc_return & 4, is_extended = !(exc_return & 0x10);

    if (!is_lawful(m, exc_return, number)) {
        set_bit(m->active, number, false);
        reg_set(m, UC_ARM_REG_LR, 0xf0000000 | exc_return);
        fault(m, USAGE_FAULT, INVPC, reg_get(m, UC_ARM_REG_PC));
        return;
    }
    deactivate(m, number);
    if (is_thread)
        set_xpsr(m, xpsr(m) & ~0x1ffu); /* SPSEL may be set in thread mode only */
    reg_set(m, UC_ARM_REG_CONTROL, (control & 1) | (uses_psp ? CONTROL_SPSEL : 0) | (is_extended ? CONTROL_FPCA : 0));
    const uint32_t status = pop(m, reg_get(m, UC_ARM_REG_SP), is_extended, !is_thread || !(control & 1));
    if (status)
        fault(m, fault_of(status), status, reg_get(m, UC_ARM_REG_PC));
    m->event = true;
    m->attention = true;
    if (is_thread && (m->scr & 2)) /* SLEEPONEXIT */
        m->is_sleeping = true;
}

static bool is_fault_enabled(const struct machine *m, uint32_t number)
{
    return number == HARD_FAULT || (number == MEM_MANAGE && (m->shcsr & 1u << 16)) ||
           (number == BUS_FAULT && (m->shcsr & 1u << 17)) || (number == USAGE_FAULT && (m->shcsr & 1u << 18)) || number == SV_CALL;
}

void fault(struct machine *m, uint32_t number, uint32_t status, uint32_t return_address)
{
    const int now = execution_priority(m);

    m->cfsr |= status;
    if (number != HARD_FAULT && (!is_fault_enabled(m, number) || exception_priority(m, number) >= now)) {
        m->hfsr |= FORCED;
        number = HARD_FAULT;
    }
    if (number == HARD_FAULT && now <= -1) {
        m->is_locked_up = true;
        return;
    }
    exception_enter(m, number, return_address);
    remember_fault(m, number, status);
}
