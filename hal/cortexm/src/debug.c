/*
 * For a debugger: watches, and what devices were asked lately.
 */
#include "internal.h"

static void hit(struct machine *m, const struct watch *watch, uint64_t address)
{
    m->watch_hit = (uint32_t)(watch - m->watches) + 1;
    m->fault_address = (uint32_t)address;
}

static void stop_at(struct machine *m, const struct watch *watch, uint64_t address)
{
    hit(m, watch, address);
    m->is_held = true;
    unicorn.emu_stop(m->engine);
}

/* The breakpoint at an instruction, or NULL; the one the debugger stands on may be passed. */
static const struct watch *breakpoint_at(const struct machine *m, uint32_t address)
{
    for (uint32_t i = 0; i < WATCHES && m->passing != address + 1; i++)
        if (m->watches[i].kind == MACHINE_WATCH_EXECUTE && m->watches[i].address == address)
            return &m->watches[i];
    return NULL;
}

bool has_breakpoint(const struct machine *m, uint32_t address, uint32_t size)
{
    for (uint32_t i = 0; i < WATCHES; i++)
        if (m->watches[i].kind == MACHINE_WATCH_EXECUTE && m->watches[i].address - address < size)
            return true;
    return false;
}

bool stops_before(struct machine *m, uint32_t address)
{
    const struct watch *watch = breakpoint_at(m, address);
    if (watch)
        hit(m, watch, address);
    return watch != NULL;
}

/* Before an instruction. */
static void on_execute(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
    struct machine *m = user;
    const struct watch *watch = breakpoint_at(m, (uint32_t)address);
    (void)engine, (void)size;
    if (watch)
        stop_at(m, watch, address);
}

static bool touches(const struct watch *watch, uint32_t address, uint32_t size)
{
    return address < watch->address + watch->size && watch->address < address + size;
}

static void on_touch(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
    struct machine *m = user;
    const uint32_t kind = type == UC_MEM_WRITE ? MACHINE_WATCH_WRITE : MACHINE_WATCH_READ;
    (void)engine, (void)value;
    for (uint32_t i = 0; i < WATCHES && m->passing != reg_get(m, UC_ARM_REG_PC) + 1; i++)
        if (m->watches[i].kind & kind && touches(&m->watches[i], (uint32_t)address, (uint32_t)size))
            stop_at(m, &m->watches[i], address);
    if (!m->is_held)
        forget_it_block(m);
}

int machine_watch(struct machine *m, uint32_t kind, uint32_t address, uint32_t size)
{
    const bool is_execute = kind == MACHINE_WATCH_EXECUTE;
    for (int i = 0; i < WATCHES; i++) {
        struct watch *watch = &m->watches[i];
        if (watch->kind)
            continue;
        *watch = (struct watch){address, size, kind, 0};
        const int type = is_execute ? UC_HOOK_CODE : UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE;
        void *function = is_execute ? HOOK(on_execute) : HOOK(on_touch);
        /* all accesses, lest unicorn leave the state of its IT block behind at those that it tells nobody of */
        const uint64_t begin = is_execute ? address : 1, end = is_execute ? (uint64_t)address + size - 1 : 0;
        if (!add_hook(m, &watch->hook, type, function, m, begin, end)) {
            watch->kind = 0;
            return -1;
        }
        m->breakpoints += is_execute;
        machine_code_changed(m, 0, 0);
        return i;
    }
    return -1;
}

void machine_unwatch(struct machine *m, int number)
{
    if (number < 0 || number >= WATCHES || !m->watches[number].kind)
        return;
    unicorn.hook_del(m->engine, m->watches[number].hook);
    m->breakpoints -= m->watches[number].kind == MACHINE_WATCH_EXECUTE;
    m->watches[number].kind = 0;
    machine_code_changed(m, 0, 0);
}

int machine_watch_hit(const struct machine *m, uint32_t *address)
{
    *address = m->fault_address;
    return (int)m->watch_hit - 1;
}

uint32_t machine_accesses(const struct machine *m, struct machine_access *at, uint32_t most)
{
    const uint32_t kept = m->access_count < ACCESSES ? m->access_count : ACCESSES, count = kept < most ? kept : most;
    for (uint32_t i = 0; i < count; i++) {
        const struct access *access = &m->accesses[(m->access_count - count + i) % ACCESSES];
        at[i] = (struct machine_access){access->time, access->pc, access->address, access->value, access->size, access->is_write, access->repeats};
    }
    return count;
}

void remember_fault(struct machine *m, uint32_t number, uint32_t status)
{
    if (exception_number(m) != number) /* stacking failed: a worse fault was taken instead */
        return;
    struct machine_fault *last = &m->last_fault;
    *last = (struct machine_fault){machine_now(m), number, status, reg_get(m, UC_ARM_REG_SP), reg_get(m, UC_ARM_REG_LR), {0}};
    if (last->exc_return & 4) /* the frame is on the other stack */
        last->frame = reg_get(m, UC_ARM_REG_PSP);
    for (uint32_t i = 0; i < 8; i++)
        last->registers[i] = machine_get(m, 4 + i);
}

uint32_t machine_last_fault(const struct machine *m, struct machine_fault *last)
{
    *last = m->last_fault;
    return last->number;
}
