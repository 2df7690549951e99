/*
 * What stops unicorn in the middle of its work: traps, faults, instructions that it does not run.
 *
 * A hook keeps what it is told; when unicorn has come back, handle_stop() does what is to be done.
 */
#include "internal.h"

static void on_interrupt(uc_engine *engine, uint32_t number, void *user)
{
    struct machine *m = user;
    m->trap = number + 1;
    unicorn.emu_stop(engine);
}

static bool on_invalid(uc_engine *engine, void *user)
{
    (void)engine, (void)user;
    return false;
}

static bool on_unmapped(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
    struct machine *m = user;
    (void)engine, (void)size, (void)value;
    m->fault_address = (uint32_t)address;
    m->is_closed = !m->fault_status && type == UC_MEM_FETCH_PROT && memory_is_closed(m, (uint32_t)address);
    if (!m->fault_status && !m->is_closed) /* the MPU may have refused it already */
        m->fault_status = type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT ? IBUSERR : PRECISERR | BFARVALID;
    return false;
}

bool traps_begin(struct machine *m)
{
    return hook_all(m, UC_HOOK_INTR, HOOK(on_interrupt)) && hook_all(m, UC_HOOK_INSN_INVALID, HOOK(on_invalid)) &&
           hook_all(m, UC_HOOK_MEM_INVALID, HOOK(on_unmapped));
}

uint32_t half_before(struct machine *m, uint32_t pc)
{
    const uint8_t *code = memory_at(m, pc - 2, 2, UC_PROT_EXEC);
    return code ? (uint32_t)code[0] | (uint32_t)code[1] << 8 : 0;
}

/* SVC, BKPT, EXC_RETURN, a fetch from nowhere: unicorn tells by number. */
static uint32_t handle_trap(struct machine *m, uint32_t number)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    if (number == 2)
        fault(m, SV_CALL, 0, pc);
    else if (number == 7) {
        if (m->is_debugged)
            return MACHINE_BREAKPOINT;
        m->dfsr |= 2;
        fault(m, DEBUG_MONITOR, 0, pc);
    } else if (number == 17)
        fault(m, USAGE_FAULT, NOCP, pc);
    else if (may_execute(pc))
        fault(m, BUS_FAULT, IBUSERR, pc);
    else
        fault(m, MEM_MANAGE, IACCVIOL, pc);
    return 0;
}

static void handle_fault(struct machine *m)
{
    mpu_undo(m);
    if (m->is_address_of_page)
        mpu_probe(m);
    const uint32_t status = m->fault_status;
    m->fault_status = 0;
    if (status & BFARVALID)
        m->bfar = m->fault_address;
    if (status & MMARVALID)
        m->mmfar = m->fault_address;
    fault(m, status >> 16 ? USAGE_FAULT : status >> 8 ? BUS_FAULT : MEM_MANAGE, status, reg_get(m, UC_ARM_REG_PC));
}

/* WFE waits unless an event came before (B1.5.18). */
static void wait_for_event(struct machine *m)
{
    m->is_sleeping = m->is_for_event = !m->event;
    m->event = false;
}

bool has_thumb(struct machine *m)
{
    return reg_get(m, UC_ARM_REG_XPSR) & 1u << 24;
}

/* Which hint is behind the processor: unicorn stops after WFE and YIELD, which it does not know.  0xbf00 + 16 * number, or 0. */
static uint32_t hint_before(struct machine *m, uint32_t pc)
{
    const uint32_t half = half_before(m, pc);
    if (half == 0xbf10 || half == 0xbf20)
        return half;
    return half_before(m, pc - 2) == 0xf3af && (half == 0x8001 || half == 0x8002) ? 0xbf00 | (half & 3) << 4 : 0;
}

/* An instruction that unicorn does not run; it stops on what is undefined, which then is where a block begins. */
static uint32_t handle_invalid(struct machine *m)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC), hint = pc != m->block_address ? hint_before(m, pc) : 0;
    if (!has_thumb(m))
        fault_without_thumb(m, pc);
    else if (hint == 0xbf20)
        wait_for_event(m);
    else if (!hint)
        fault(m, USAGE_FAULT, UNDEFINSTR, pc);
    return 0;
}

/* What stopped unicorn?  Returns why machine_run() ends, or 0. */
uint32_t handle_stop(struct machine *m, uc_err error)
{
    const uint32_t trap = m->trap, pc = reg_get(m, UC_ARM_REG_PC);
    m->trap = 0;
    if (m->is_closed) { /* and run what is there */
        m->is_closed = false;
        memory_open(m, m->fault_address);
        return 0;
    }
    if (pc >= 0xffffffe0 && exception_number(m)) { /* a fetch from there is a return, however unicorn tells it */
        m->fault_status = 0;
        exception_return(m, pc | (has_thumb(m) ? 1 : 0));
        return 0;
    }
    if (trap)
        return handle_trap(m, trap - 1);
    if (m->fault_status) {
        handle_fault(m);
        return 0;
    }
    if (error == UC_ERR_INSN_INVALID)
        return handle_invalid(m);
    if (error != UC_ERR_OK) {
        m->failure = error;
        return MACHINE_ERROR;
    }
    return 0;
}
