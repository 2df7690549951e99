/*
 * The loop that runs the processor between events.
 *
 * What cannot be done inside a hook (taking exceptions, sleeping) is done here.
 */
#include "internal.h"

/* Is the instruction that ends before `pc` a WFI? */
static bool is_wfi_before(struct machine *m, uint32_t pc)
{
    const uint32_t half = half_before(m, pc);
    return half == 0xbf30 || (half == 0x8003 && half_before(m, pc - 2) == 0xf3af);
}

static void sleep_now(struct machine *m)
{
    m->is_sleeping = true;
    m->is_for_event = false;
    warp_write(m);
}

/* Did unicorn end by itself?  It does so after a WFI only. */
static bool is_quiet(const struct machine *m, uc_err error)
{
    return error == UC_ERR_OK && !m->trap && !m->fault_status && !m->is_held;
}

static uint32_t run_blocks(struct machine *m)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    if (!has_thumb(m)) {
        fault_without_thumb(m, pc);
        return 0;
    }
    meter_start(m, warp_steps(m) ? m->cycles + 1 : m->deadline);
    const uc_err error = unicorn.emu_start(m->engine, pc | 1, 0, 0, 0);
    meter_settle(m);
    if (m->is_held && m->is_between && m->cycles >= m->deadline)
        anchor_cast(m);
    if (!is_quiet(m, error) || !is_wfi_before(m, reg_get(m, UC_ARM_REG_PC)))
        return handle_stop(m, error);
    sleep_now(m);
    return 0;
}

uc_err run_alone(struct machine *m, uint32_t pc)
{
    const uint8_t *code = memory_at(m, pc, 2, UC_PROT_EXEC);
    const uint32_t size = code && is_wide(half_at(code)) ? 4 : 2;
    const uint64_t exit = (uint64_t)pc + size;
    const int set_exits = (int)UC_CTL_WRITE(UC_CTL_UC_EXITS, 2);
    unicorn.ctl(m->engine, set_exits, &exit, (size_t)1);
    forget_translation(m, pc, size); /* it does not end here */
    const uc_err error = unicorn.emu_start(m->engine, pc | 1, 0, 0, 0);
    unicorn.ctl(m->engine, set_exits, &exit, (size_t)0);
    forget_translation(m, pc, size + 2); /* it does, and so does what is behind it */
    return error;
}

/* The instruction at the program counter, which has been looked at. */
static uint32_t run_instruction(struct machine *m, uint32_t state)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC), half = half_before(m, pc + 2);
    memory_open(m, pc);
    memory_open(m, pc + 2);
    it_alone(m, state);
    meter_start(m, m->cycles + 1);
    const uc_err error = run_alone(m, pc);
    meter_settle(m);
    it_end(m, state, reg_get(m, UC_ARM_REG_PC) != pc);
    floats_close(m);
    if (!is_quiet(m, error) || !is_wfi_before(m, pc + (is_wide(half) ? 4 : 2)))
        return handle_stop(m, error);
    sleep_now(m);
    return 0;
}

/* One instruction, looked at before it runs. */
static uint32_t run_one(struct machine *m)
{
    uint32_t reason = 0, state;
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    if (stops_before(m, pc))
        return 0;
    if (!has_thumb(m)) {
        fault_without_thumb(m, pc);
        return 0;
    }
    m->is_careful = true;
    if (it_begin(m, &state) && check_instruction(m))
        reason = run_instruction(m, state);
    m->is_careful = false;
    return reason;
}

static uint32_t run_code(struct machine *m)
{
    const bool is_followed = warp_follows(m);
    const uint32_t reason = m->is_careful || m->is_stepping || m->passing || is_followed ? run_one(m) : run_blocks(m);
    return reason ? reason : m->watch_hit ? MACHINE_BREAKPOINT : 0;
}

/* Take what may be taken now.  Returns why machine_run() ends, or 0. */
static uint32_t look(struct machine *m)
{
    m->attention = false;
    outside_look(m);
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
    warp_resume(m);
    m->passing = m->watch_hit ? reg_get(m, UC_ARM_REG_PC) + 1 : 0;
    m->watch_hit = 0;
    while (!reason) {
        reason = look(m);
        set_deadline(m);
        if (reason)
            break;
        const uint64_t before = m->cycles;
        if (!m->is_sleeping)
            warp_stay(m), warp_look(m), countdown_look(m);
        if (m->cycles != before) /* what came due meanwhile comes before the limit does */
            continue;
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
    machine_doubt(m); /* it goes on in the middle of a block */
    m->is_stepping = true;
    const uint32_t reason = machine_run(m, until);
    m->is_stepping = false;
    return reason;
}
