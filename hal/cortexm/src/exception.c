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

/* Set CONTROL from handler mode, for thread mode.  unicorn heeds who writes: an unprivileged thread may not. */
static void set_control(struct machine *m, uint32_t control)
{
    reg_set(m, UC_ARM_REG_CONTROL, 0); /* of it all but SPSEL, which only a thread may change */
    set_xpsr(m, xpsr(m) & ~0x1ffu);
    reg_set(m, UC_ARM_REG_CONTROL, control);
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

/* Where the words of a frame come from, in order: the eight but the return address and xPSR, and the floats'. */
static const int STACKED[6] = {UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR};
static const int FLOATS[17] = {UC_ARM_REG_S0,  UC_ARM_REG_S1,  UC_ARM_REG_S2,  UC_ARM_REG_S3,  UC_ARM_REG_S4,  UC_ARM_REG_S5,
                               UC_ARM_REG_S6,  UC_ARM_REG_S7,  UC_ARM_REG_S8,  UC_ARM_REG_S9,  UC_ARM_REG_S10, UC_ARM_REG_S11,
                               UC_ARM_REG_S12, UC_ARM_REG_S13, UC_ARM_REG_S14, UC_ARM_REG_S15, UC_ARM_REG_FPSCR};

/* PushStack().  Returns 0, or what went wrong; the stack pointer moves all the same. */
static uint32_t push(struct machine *m, uint32_t return_address, uint32_t psr, uint32_t control)
{
    const bool is_extended = control & CONTROL_FPCA;
    const uint32_t top = reg_get(m, UC_ARM_REG_SP), size = is_extended ? EXTENDED : BASIC;
    const bool is_aligned = is_extended || (m->ccr & 1u << 9);
    const uint32_t padding = is_aligned ? top & 4 : 0, frame = top - size - padding;
    uint32_t status;
    const bool is_good = may_touch(m, frame, size, UC_PROT_WRITE, is_privileged(m), &status);
    uint32_t words[EXTENDED / 4] = {0};

    reg_set(m, UC_ARM_REG_SP, frame);
    if (!is_good)
        return status;
    regs_get(m, STACKED, words, 6);
    words[6] = return_address;
    words[7] = (psr & ~XPSR_ALIGNED) | (padding ? XPSR_ALIGNED : 0);
    if (is_extended)
        regs_get(m, FLOATS, words + 8, 17);
    memory_write(m, frame, words, size);
    return 0;
}

static uint32_t exc_return_of(bool is_handler, uint32_t control)
{
    const uint32_t basic = control & CONTROL_FPCA ? 0xffffffe0 : 0xfffffff0;
    return basic | (is_handler ? 1 : control & CONTROL_SPSEL ? 0xd : 9);
}

static uint32_t fault_of(uint32_t status)
{
    return status >> 16 ? USAGE_FAULT : status >> 8 ? BUS_FAULT : MEM_MANAGE;
}

/* May it be taken at once, where it cannot wait? */
static bool is_enabled(const struct machine *m, uint32_t number)
{
    switch (number) {
    case MEM_MANAGE:
    case BUS_FAULT:
    case USAGE_FAULT:
        return m->shcsr >> (number - MEM_MANAGE + 16) & 1;
    case DEBUG_MONITOR:
        return m->demcr & MON_EN;
    default:
        return true;
    }
}

/*
 * Make an exception pending that cannot wait, or what it escalates to (B1.5.11).
 * Returns false if the processor locks up instead.
 */
static bool pend_now(struct machine *m, uint32_t number, uint32_t status)
{
    const int now = execution_priority(m);

    m->cfsr |= status;
    if (number != HARD_FAULT && (!is_enabled(m, number) || exception_priority(m, number) >= now)) {
        m->hfsr |= number == DEBUG_MONITOR ? DEBUGEVT : FORCED;
        number = HARD_FAULT;
    }
    if (number == HARD_FAULT && now <= -1) {
        m->is_locked_up = true;
        return false;
    }
    set_bit(m->pending, number, true);
    return true;
}

/* For the post-mortem, if it is a fault that was taken. */
static void tell_fault(struct machine *m, uint32_t status)
{
    const uint32_t number = exception_number(m);
    if (number >= HARD_FAULT && number <= USAGE_FAULT)
        remember_fault(m, number, status);
}

/* ExceptionTaken(), of what has the highest priority by now: a late arrival comes first (B1.5.9). */
static void take(struct machine *m, uint32_t exc_return)
{
    uint32_t vector = 0, number = highest_pending(m);

    warp_write(m);
    if (!memory_read_word(m, m->vtor + 4 * number, &vector)) { /* which is a hard fault, and that one's vector may be missing too */
        m->hfsr |= VECTTBL;
        m->is_locked_up = exception_priority(m, number) <= -1 || !memory_read_word(m, m->vtor + 4 * HARD_FAULT, &vector);
        if (m->is_locked_up)
            return;
        number = HARD_FAULT;
    }
    const uint32_t control = reg_get(m, UC_ARM_REG_CONTROL), flags = xpsr(m) & 0xf80f0000;
    if (control & CONTROL_SPSEL || (!exception_number(m) && control & CONTROL_FPCA)) {
        set_xpsr(m, flags | 1u << 24 | number); /* privileged from here */
        set_control(m, control & 1);
    } else if (control & CONTROL_FPCA)
        reg_set(m, UC_ARM_REG_CONTROL, control & ~CONTROL_FPCA);
    set_xpsr(m, flags | 1u << 24 | number);
    reg_set(m, UC_ARM_REG_LR, exc_return);
    set_bit(m->pending, number, false);
    set_bit(m->active, number, true);
    m->event = true;
    m->is_sleeping = false;
    reg_set(m, UC_ARM_REG_PC, vector | 1);
    mpu_apply(m);
    if (!(vector & 1)) /* bit 0 is the Thumb state */
        fault_without_thumb(m, vector);
}

void exception_enter(struct machine *m, uint32_t return_address)
{
    const uint32_t control = reg_get(m, UC_ARM_REG_CONTROL);
    const uint32_t exc_return = exc_return_of(exception_number(m) != 0, control);
    const uint32_t status = push(m, return_address, xpsr(m), control);
    if (!status || pend_now(m, fault_of(status), status)) /* a derived exception (B1.5.10) */
        take(m, exc_return);
}

/* The Thumb state is off: the frame's xPSR says so. */
void fault_without_thumb(struct machine *m, uint32_t return_address)
{
    const uint32_t control = reg_get(m, UC_ARM_REG_CONTROL), exc_return = exc_return_of(exception_number(m) != 0, control);
    if (!pend_now(m, USAGE_FAULT, INVSTATE))
        return;
    const uint32_t status = push(m, return_address & ~1u, xpsr(m) & ~(1u << 24), control);
    if (!status || pend_now(m, fault_of(status), status))
        take(m, exc_return);
    tell_fault(m, INVSTATE);
}

void fault(struct machine *m, uint32_t number, uint32_t status, uint32_t return_address)
{
    if (!pend_now(m, number, status))
        return;
    exception_enter(m, return_address);
    tell_fault(m, status);
}

/* DeActivate(): the handler is over; a line still high pends again. */
static void deactivate(struct machine *m, uint32_t number)
{
    set_bit(m->active, number, false);
    if (number != NMI)
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
    uint32_t words[EXTENDED / 4] = {0}, status;
    const uint32_t size = is_extended ? EXTENDED : BASIC, may_align = is_extended || m->ccr & 1u << 9;
    if (!may_touch(m, frame, size, UC_PROT_READ, privileged, &status))
        return status;
    memory_copy(m, (uint8_t *)words, frame, size);
    if (is_extended)
        regs_set(m, FLOATS, words + 8, 17);
    regs_set(m, STACKED, words, 6);
    reg_set(m, UC_ARM_REG_SP, frame + size + (words[7] & XPSR_ALIGNED && may_align ? 4 : 0));
    reg_set(m, UC_ARM_REG_PC, words[6] | 1);
    set_xpsr(m, (words[7] & ~XPSR_ALIGNED) | 1u << 24);
    m->returned = words[7];
    return 0;
}

/* A fault in a return is taken as if it came right behind the handler: nothing is stacked again (B1.5.8). */
static void chain_fault(struct machine *m, uint32_t status, uint32_t exc_return)
{
    if (pend_now(m, fault_of(status), status)) {
        take(m, exc_return);
        tell_fault(m, status);
    }
}

/* What is left to do once the frame is off the stack. */
static void go_back(struct machine *m, uint32_t exc_return)
{
    const bool is_thread = exc_return & 8;
    mpu_apply(m);
    if (is_thread != !(m->returned & 0x1ff)) { /* the frame is of the other mode */
        const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
        if (pend_now(m, USAGE_FAULT, INVPC) && !push(m, pc, m->returned, reg_get(m, UC_ARM_REG_CONTROL))) {
            take(m, exc_return);
            tell_fault(m, INVPC);
        }
        return;
    }
    m->event = true;
    look_soon(m);
    if (is_thread && (m->scr & 2)) /* SLEEPONEXIT */
        m->is_sleeping = true, m->is_for_event = false;
    if (!(m->returned & 1u << 24))
        fault_without_thumb(m, reg_get(m, UC_ARM_REG_PC));
}

void exception_return(struct machine *m, uint32_t exc_return)
{
    const uint32_t number = exception_number(m), control = reg_get(m, UC_ARM_REG_CONTROL);
    const bool is_thread = exc_return & 8, uses_psp = exc_return & 4, is_extended = !(exc_return & 0x10);
    const bool is_good = is_lawful(m, exc_return, number);

    deactivate(m, number);
    if (!is_good) {
        chain_fault(m, INVPC, exc_return);
        return;
    }
    systick_run(m);
    if (best_pending(m, false)) { /* tail-chaining (B1.5.9) */
        take(m, exc_return);
        return;
    }
    const uint32_t bits = (control & 1) | (uses_psp ? CONTROL_SPSEL : 0) | (is_extended ? CONTROL_FPCA : 0);
    if (is_thread)
        set_control(m, bits);
    else
        reg_set(m, UC_ARM_REG_CONTROL, bits & ~CONTROL_SPSEL);
    const uint32_t frame = reg_get(m, UC_ARM_REG_SP), status = pop(m, frame, is_extended, !is_thread || !(control & 1));
    if (status)
        chain_fault(m, status, exc_return);
    else
        go_back(m, exc_return);
}
