/*
 * Traps that unicorn does not know: looked for one instruction at a time, and only in blocks that have
 * such an instruction while the trap is on.
 */
#include "internal.h"

#define UNALIGN_TRP 8u

/* LDRT, STRT and their like reach what an unprivileged program may (A7.7.69).  Sets the address of a fault. */
static uint32_t fault_without_privilege(struct machine *m, uint32_t first, uint32_t second)
{
    const uint32_t address = machine_get(m, first & 15) + (second & 0xff), size = 1u << (first >> 5 & 3);
    if ((first & 15) == 15) /* a literal: no such instruction */
        return 0;
    if (!mpu_allows(m, address, size, first & 0x10 ? UC_PROT_READ : UC_PROT_WRITE, false)) {
        m->mmfar = address;
        return DACCVIOL | MMARVALID;
    }
    if (address >> 20 != 0xe00)
        return 0;
    m->bfar = address;
    return PRECISERR | BFARVALID;
}

uint32_t care_flags(const struct machine *m)
{
    return (floats_matter(m) ? BLOCK_COPROCESSOR : 0) | (division_traps(m) ? BLOCK_DIVIDE : 0) |
           BLOCK_UNPRIVILEGED | (m->has_fine_pages ? BLOCK_ANY : 0) |
           (m->breakpoints ? BLOCK_IT : 0);
}

/* Does every part of it lie where the MPU lets it run? */
static bool may_run(struct machine *m, uint32_t address, uint32_t size)
{
    return !m->has_fine_pages || mpu_allows(m, address, size, UC_PROT_EXEC, is_privileged(m));
}

bool needs_care(struct machine *m, const struct block *block)
{
    const uint32_t flags = block->flags & m->cared;
    return (flags & BLOCK_COPROCESSOR && (floats_denied(m) || floats_begin_context(m))) || flags & BLOCK_UNPRIVILEGED ||
           (flags & BLOCK_IT && has_breakpoint(m, block->address, block->size)) || !may_run(m, block->address, block->size);
}

static uint32_t fault_of(struct machine *m, uint32_t pc, uint32_t first, uint32_t second)
{
    const uint32_t flags = flags_of(first, second) & m->cared;
    if (!may_run(m, pc, is_wide(first) ? 4 : 2))
        return IACCVIOL;
    if (flags & BLOCK_COPROCESSOR && floats_denied(m))
        return NOCP;
    if (flags & BLOCK_COPROCESSOR && floats_begin_context(m))
        floats_open(m);
    if (flags & BLOCK_DIVIDE && !machine_get(m, second & 15))
        return DIVBYZERO;
    return flags & BLOCK_UNPRIVILEGED ? fault_without_privilege(m, first, second) : 0;
}

bool check_instruction(struct machine *m)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    const uint8_t *code = memory_at(m, pc, 2, UC_PROT_EXEC), *behind = memory_at(m, pc + 2, 2, UC_PROT_EXEC);
    const uint32_t status = code ? fault_of(m, pc, half_at(code), behind ? half_at(behind) : 0) : 0;
    if (status)
        fault(m, status >> 16 ? USAGE_FAULT : status >> 8 ? BUS_FAULT : MEM_MANAGE, status, pc);
    return !status;
}

static void on_access(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
    (void)engine, (void)type, (void)value;
    if (size > 1 && (uint32_t)address % (uint32_t)size)
        refuse(user, UNALIGNED, (uint32_t)address);
    else
        forget_it_block(user);
}

void watch_alignment(struct machine *m)
{
    const bool is_wanted = m->ccr & UNALIGN_TRP;
    if (is_wanted == m->has_unaligned_hook)
        return;
    m->has_unaligned_hook = is_wanted;
    if (is_wanted)
        add_hook(m, &m->unaligned_hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, HOOK(on_access), m, 1, 0);
    else
        unicorn.hook_del(m->engine, m->unaligned_hook);
}
