/*
 * Traps that unicorn does not know: looked for one instruction at a time, and only in blocks that have
 * such an instruction while the trap is on.
 *
 * An instruction of an IT block counts as executed: a program that disables its floating point and skips
 * a floating-point instruction by condition faults here and not on the chip.
 */
#include "internal.h"

#define DIV_0_TRP 16u
#define UNALIGN_TRP 8u

/* May coprocessors 10 and 11 be used (CPACR, DDI0403E B3.2.20)? */
static bool has_floats(struct machine *m)
{
    const uint32_t access = m->cpacr >> 20 & 3;
    return access == 3 || (access == 1 && is_privileged(m));
}

bool needs_care(struct machine *m, const struct block *block)
{
    return ((block->flags & BLOCK_COPROCESSOR) && m->cpacr >> 20 != 0xf && !has_floats(m)) ||
           ((block->flags & BLOCK_DIVIDE) && (m->ccr & DIV_0_TRP));
}

bool check_instruction(struct machine *m)
{
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    const uint8_t *code = memory_at(m, pc, 4, UC_PROT_EXEC);
    if (!code)
        return true;
    const uint32_t first = half_at(code), second = half_at(code + 2), flags = flags_of(first, second);
    if ((flags & BLOCK_COPROCESSOR) && !has_floats(m)) {
        fault(m, USAGE_FAULT, NOCP, pc);
        return false;
    }
    if ((flags & BLOCK_DIVIDE) && (m->ccr & DIV_0_TRP) && !machine_get(m, second & 15)) {
        fault(m, USAGE_FAULT, DIVBYZERO, pc);
        return false;
    }
    return true;
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
