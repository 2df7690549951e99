/*
 * The machine: memory, hooks, and the loop that runs the processor between events.
 *
 * unicorn runs code; a hook before each block counts its instructions and stops where something is due.
 * What cannot be done inside a hook (taking exceptions, sleeping) is left for the loop.
 */
#include "internal.h"

#include <stdlib.h>

#define NEVER UINT64_MAX

/* --- time ---------------------------------------------------------------------------------------- */

uint64_t ticks_at(const struct machine *m, uint64_t cycles)
{
    return m->base_ticks + (cycles - m->base_cycles) * m->ticks_per_cycle;
}

/* The first cycle that is not before `time`. */
uint64_t cycle_of(const struct machine *m, uint64_t time)
{
    const uint64_t step = m->ticks_per_cycle;
    if (time <= m->base_ticks)
        return m->base_cycles;
    return m->base_cycles + (time - m->base_ticks) / step + ((time - m->base_ticks) % step != 0);
}

uint64_t machine_cycles(const struct machine *m)
{
    return m->is_running && m->cost ? m->cycles + m->place_count : m->cycles;
}

uint64_t machine_now(const struct machine *m)
{
    return ticks_at(m, machine_cycles(m));
}

static void rebase(struct machine *m)
{
    const uint64_t cycles = machine_cycles(m);
    m->base_ticks = ticks_at(m, cycles);
    m->base_cycles = cycles;
}

static void set_deadline(struct machine *m)
{
    const uint64_t tick = systick_next(m), end = cycle_of(m, m->limit);
    m->deadline = tick < end ? tick : end;
}

void machine_set_clock(struct machine *m, uint32_t ticks_per_cycle)
{
    rebase(m);
    m->ticks_per_cycle = ticks_per_cycle ? ticks_per_cycle : 1;
    set_deadline(m);
}

void machine_limit(struct machine *m, uint64_t time)
{
    if (time < m->limit) {
        m->limit = time;
        set_deadline(m);
    }
}

/* --- hooks --------------------------------------------------------------------------------------- */

/* A block that is about to begin is not run: the loop looks first. */
static void hold(struct machine *m)
{
    m->is_held = true;
    unicorn.emu_stop(m->engine);
}

/* What a block has that counting alone does not do justice.  Returns whether it may run. */
static bool admit(struct machine *m, const struct block *block, uint32_t address)
{
    if ((block->flags & (BLOCK_COPROCESSOR | BLOCK_DIVIDE) && !m->is_careful && needs_care(m, block)) || mpu_stops_block(m, address)) {
        m->is_careful = !m->fault_status;
        hold(m);
        return false;
    }
    if (block->flags & BLOCK_SEV)
        m->event = true;
    if (block->flags & BLOCK_MASKS && (m->is_translated || highest_pending(m)))
        m->attention = true;
    return true;
}

/* Before each block: this is what the machine's speed hangs on. */
static void on_block(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
    struct machine *m = user;
    (void)engine;
    if (m->is_probing)
        return;
    m->cycles += m->cost;
    m->cost = 0;
    if (m->cycles >= m->deadline || m->attention) {
        hold(m);
        return;
    }
    const struct block *block = block_known(m, (uint32_t)address, size);
    if (!block)
        block = block_at(m, (uint32_t)address, size);
    if ((block->flags || m->has_fine_pages) && !admit(m, block, (uint32_t)address))
        return;
    m->cost = block->count;
    m->block_address = (uint32_t)address;
    m->block_size = size;
    m->seek = m->place_count = 0;
}

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
    if (!m->fault_status) /* the MPU may have refused it already */
        m->fault_status = type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT ? IBUSERR : PRECISERR | BFARVALID;
    return false;
}

/* The access just made does not happen: stop on its instruction. */
void refuse(struct machine *m, uint32_t status, uint32_t address)
{
    m->fault_status = status;
    m->fault_address = address;
    unicorn.emu_stop(m->engine);
}

/* A device is asked: find out where in its block the program is, and so what time it is. */
static void find_place(struct machine *m, uint32_t address, bool is_write)
{
    m->place = place_of_access(m, address, is_write);
    m->place_count = count_between(m, m->block_address, m->place);
}

/* Keep an access for a post-mortem. */
static void remember(struct machine *m, uint32_t address, uint32_t size, uint32_t value, bool is_write)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    struct access *last = &m->accesses[(m->access_count - 1) % ACCESSES];
    if (m->access_count && !is_write && !last->is_write && last->pc == pc && last->address == address && last->value == value)
        last->repeats++; /* a polling loop does not push out what was before it */
    else
        m->accesses[m->access_count++ % ACCESSES] = (struct access){machine_now(m), pc, address, value, (uint16_t)size, is_write, 0};
}

static uint64_t on_device_read(uc_engine *engine, uint64_t offset, unsigned size, void *user)
{
    const struct device *device = user;
    struct machine *m = device->machine;
    (void)engine;
    if (m->fault_status)
        return 0;
    find_place(m, device->address + (uint32_t)offset, false);
    const struct counter *counter = counter_find(m, device->number, (uint32_t)offset);
    uint32_t value;
    if (counter) {
        countdown_read(m, m->place, counter);
        return counter_value(counter, m, m->countdown.cycle);
    }
    m->is_refused = false;
    m->is_asking = true;
    value = m->devices.read(m->devices.owner, device->number, (uint32_t)offset, size);
    m->is_asking = false;
    remember(m, device->address + (uint32_t)offset, size, value, false);
    warp_read(m, m->place, device->number, (uint32_t)offset, value);
    if (m->is_refused)
        refuse(m, PRECISERR | BFARVALID, device->address + (uint32_t)offset);
    return value;
}

static void on_device_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    const struct device *device = user;
    struct machine *m = device->machine;
    (void)engine;
    if (m->fault_status) /* the access was refused already */
        return;
    find_place(m, device->address + (uint32_t)offset, true);
    m->is_refused = false;
    remember(m, device->address + (uint32_t)offset, size, (uint32_t)value, true);
    warp_write(m);
    m->is_asking = true;
    m->devices.write(m->devices.owner, device->number, (uint32_t)offset, size, (uint32_t)value);
    m->is_asking = false;
    if (m->is_refused)
        refuse(m, PRECISERR | BFARVALID, device->address + (uint32_t)offset);
}

static uint64_t on_system_read(uc_engine *engine, uint64_t offset, unsigned size, void *user)
{
    struct machine *m = user;
    (void)engine;
    find_place(m, 0xe0000000 + (uint32_t)offset, false);
    if (is_privileged(m))
        return system_read(m, 0xe0000000 + (uint32_t)offset, size);
    refuse(m, PRECISERR | BFARVALID, 0xe0000000 + (uint32_t)offset);
    return 0;
}

static void on_system_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    struct machine *m = user;
    (void)engine;
    find_place(m, 0xe0000000 + (uint32_t)offset, true);
    if (is_privileged(m)) {
        system_write(m, 0xe0000000 + (uint32_t)offset, size, (uint32_t)value);
        set_deadline(m);
    } else
        refuse(m, PRECISERR | BFARVALID, 0xe0000000 + (uint32_t)offset);
}

/* --- making -------------------------------------------------------------------------------------- */

bool add_hook(struct machine *m, uc_hook *handle, int type, void *function, void *user, uint64_t begin, uint64_t end)
{
    return unicorn.hook_add(m->engine, handle, type, function, user, begin, end) == UC_ERR_OK;
}

static bool hook(struct machine *m, int type, void *function)
{
    uc_hook handle;
    return add_hook(m, &handle, type, function, m, 1, 0);
}

static bool prepare(struct machine *m)
{
    return unicorn.open(UC_ARCH_ARM, UC_MODE_THUMB, &m->engine) == UC_ERR_OK &&
           unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_CPU_MODEL, 1), UC_CPU_ARM_CORTEX_M4) == UC_ERR_OK &&
           hook(m, UC_HOOK_BLOCK, HOOK(on_block)) && hook(m, UC_HOOK_INTR, HOOK(on_interrupt)) &&
           hook(m, UC_HOOK_INSN_INVALID, HOOK(on_invalid)) && hook(m, UC_HOOK_MEM_INVALID, HOOK(on_unmapped)) &&
           unicorn.mmio_map(m->engine, 0xe0000000, 0x100000, on_system_read, m, on_system_write, m) == UC_ERR_OK;
}

struct machine *machine_new(const struct machine_options *options, const struct machine_devices *devices)
{
    struct machine *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->options = *options;
    m->ticks_per_cycle = options->ticks_per_cycle;
    m->devices = *devices;
    m->limit = NEVER;
    machine_warp(m, 1);
    if (prepare(m))
        return m;
    machine_free(m);
    return NULL;
}

void machine_free(struct machine *m)
{
    if (m->engine)
        unicorn.close(m->engine);
    free(m->warp.copy);
    free(m->tracing);
    free(m);
}

int machine_map_memory(struct machine *m, uint32_t address, uint32_t size, uint32_t perms, uint8_t *memory)
{
    if (m->memory_count == MEMORIES || unicorn.mem_map_ptr(m->engine, address, size, perms, memory) != UC_ERR_OK)
        return -1;
    m->memories[m->memory_count++] = (struct memory){address, size, perms, memory};
    warp_forget(m);
    return 0;
}

int machine_map_device(struct machine *m, uint32_t address, uint32_t size, uint32_t number)
{
    if (m->device_count == DEVICES)
        return -1;
    struct device *device = &m->mapped[m->device_count];
    *device = (struct device){m, address, size, number};
    if (unicorn.mmio_map(m->engine, address, size, on_device_read, device, on_device_write, device) != UC_ERR_OK)
        return -1;
    m->device_count++;
    return 0;
}

void machine_reset(struct machine *m, uint32_t vectors)
{
    uint32_t stack = 0, entry = 0;
    system_reset(m);
    m->last_fault = (struct machine_fault){0};
    m->vtor = vectors;
    for (uint32_t number = 0; number < 56; number++)
        machine_set(m, number, 0);
    if (!memory_read_word(m, vectors, &stack) || !memory_read_word(m, vectors + 4, &entry))
        m->is_locked_up = true;
    reg_set(m, UC_ARM_REG_CONTROL, 0);
    reg_set(m, UC_ARM_REG_XPSR, 1u << 24);
    reg_set(m, UC_ARM_REG_MSP, stack & ~3u);
    reg_set(m, UC_ARM_REG_LR, 0xffffffff);
    reg_set(m, UC_ARM_REG_PC, entry);
}

void machine_debug(struct machine *m, int is_on)
{
    m->is_debugged = is_on != 0;
}

void machine_refuse(struct machine *m)
{
    m->is_refused = true;
}

void machine_stop(struct machine *m)
{
    m->is_stop_wanted = true;
    m->attention = true;
}

const char *machine_error(const struct machine *m)
{
    return unicorn.strerror(m->failure);
}

/* --- running ------------------------------------------------------------------------------------- */

/* After unicorn came back: count what was run of the last block. */
static void settle(struct machine *m)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    if (m->cost && pc - m->block_address <= m->block_size)
        m->cost = count_between(m, m->block_address, pc);
    m->cycles += m->cost;
    m->cost = 0;
}

static uint32_t half_before(struct machine *m, uint32_t pc)
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

static bool has_thumb(struct machine *m)
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
static uint32_t handle(struct machine *m, uc_err error)
{
    const uint32_t trap = m->trap, pc = reg_get(m, UC_ARM_REG_PC);
    m->trap = 0;
    if (pc >= 0xffffffe0 && exception_number(m)) { /* a fetch from there is a return, however unicorn tells it */
        m->fault_status = 0;
        exception_return(m, pc | 1);
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
    m->is_running = true;
    m->is_held = false;
    if (count)
        forget_translation(m, pc);
    const uc_err error = unicorn.emu_start(m->engine, pc | 1, 0xfffffffe, 0, count);
    if (count)
        forget_translation(m, pc);
    settle(m);
    m->is_running = false;
    if (!m->trap && !m->fault_status && error == UC_ERR_OK && (count ? is_wfi && !m->is_held : is_after_wfi(m))) {
        m->is_sleeping = true;
        m->is_for_event = false;
        return 0;
    }
    return handle(m, error);
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

void machine_advance(struct machine *m, uint64_t time)
{
    const uint64_t cycle = cycle_of(m, time);
    if (cycle > m->cycles)
        m->cycles = cycle;
}
