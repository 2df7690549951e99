/*
 * The loop that runs the processor between events.
 *
 * What cannot be done inside a hook (taking exceptions, sleeping) is done here.
 */
#include "internal.h"

/* unicorn ends by itself after a WFI only. */
static bool is_after_wfi(struct machine *m)
{
    return !m->is_held && half_before(m, reg_get(m, UC_ARM_REG_PC)) == 0xbf30;
}

/* unicorn counts only in code that it translated for counting: forget what it has at the program counter. */
static void forget_translation(struct machine *m, uint32_t pc)
{
    unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TB_REMOVE_CACHE, 2), (uint64_t)pc, (uint64_t)pc + 2);
}

/* Run; or, if `count` is 1, run the instruction at the program counter. */
static uint32_t start(struct machine *m, size_t count)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    const bool is_wfi = count && half_before(m, pc + 2) == 0xbf30;
    if (!has_thumb(m)) {
        fault_without_thumb(m, pc);
        return 0;
    }
    if (count)
        forget_translation(m, pc);
    meter_start(m);
    const uc_err error = unicorn.emu_start(m->engine, pc | 1, 0xfffffffe, 0, count);
    if (count)
        forget_translation(m, pc);
    meter_settle(m);
    if (!m->trap && !m->fault_status && error == UC_ERR_OK && (count ? is_wfi && !m->is_held : is_after_wfi(m))) {
        m->is_sleeping = true;
        m->is_for_event = false;
        return 0;
    }
    return handle_stop(m, error);
}

/* One instruction, looked at before it runs. */
static uint32_t run_one(struct machine *m)
{
    m->is_careful = true;
    const uint32_t reason = check_instruction(m) ? start(m, 1) : 0;
    m->is_careful = false;
    return reason;
}

static uint32_t run_code(struct machine *m)
{
    const uint32_t reason = m->is_careful || m->is_stepping || m->passing ? run_one(m) : start(m, 0);
    return reason ? reason : m->watch_hit ? MACHINE_BREAKPOINT : 0;
}

/* Take what may be taken now.  Returns why machine_run() ends, or 0. */
static uint32_t look(struct machine *m)
{
    m->attention = false;
    systick_run(m);
    mpu_apply(m);
    watch_alignment(m);
    if (m->is_stop_wanted) {
        m->is_stop_wanted = false;
        return MACHINE_STOPPED;
    }
    if (m->is_reset_wanted)
        return MACHINE_RESET;
    if (m->is_sleeping && best_pending(m, true))
        m->is_sleeping = false;
    if (best_pending(m, false))
        exception_enter(m, reg_get(m, UC_ARM_REG_PC));
    return m->is_locked_up ? MACHINE_LOCKUP : 0;
}

/* Nothing to do before the deadline: be there. */
static uint32_t sleep_on(struct machine *m, uint64_t until)
{
    if (m->is_for_event && m->event)
        m->is_sleeping = m->event = false;
    else if (m->deadline > m->cycles)
        m->cycles = m->deadline;
    return m->is_sleeping && ticks_at(m, m->cycles) >= until ? MACHINE_SLEEPING : 0;
}

uint32_t machine_run(struct machine *m, uint64_t until)
{
    uint32_t reason = 0;
    m->limit = until;
    m->passing = m->watch_hit ? reg_get(m, UC_ARM_REG_PC) + 1 : 0;
    m->watch_hit = 0;
    while (!reason) {
        reason = look(m);
        set_deadline(m);
        if (reason)
            break;
        if (!m->is_sleeping)
            warp_look(m), countdown_look(m);
        if (ticks_at(m, m->cycles) >= m->limit)
            return m->is_sleeping ? MACHINE_SLEEPING : MACHINE_TIME;
        reason = m->is_sleeping ? sleep_on(m, m->limit) : run_code(m);
        m->passing = 0;
        if (m->is_stepping && !reason)
            return MACHINE_STOPPED;
    }
    return reason;
}

uint32_t machine_step(struct machine *m, uint64_t until)
{
    m->is_stepping = true;
    const uint32_t reason = machine_run(m, until);
    m->is_stepping = false;
    return reason;
}
