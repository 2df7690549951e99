/*
 * Division by zero as a trap (CCR.DIV_0_TRP): a hook before each division that is come across while it is on.
 *
 * unicorn cannot be stopped inside an IT block, so divisions there are left to careful.c.
 */
#include "internal.h"

#define DIV_0_TRP 16u

bool division_traps(const struct machine *m)
{
    return m->ccr & DIV_0_TRP;
}

/* Before a division. */
static void on_division(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
    struct machine *m = user;
    const uint8_t *code = memory_at(m, (uint32_t)address, 4, UC_PROT_EXEC);
    (void)engine, (void)size;
    if (code && division_traps(m) && flags_of(half_at(code), half_at(code + 2)) & BLOCK_DIVIDE && !machine_get(m, half_at(code + 2) & 15))
        refuse(m, DIVBYZERO, 0);
}

static bool is_hooked(const struct machine *m, uint32_t address)
{
    for (uint32_t i = 0; i < m->division_count; i++)
        if (m->divisions[i] == address)
            return true;
    return false;
}

static bool hook_division(struct machine *m, uint32_t address)
{
    uc_hook handle;
    if (m->division_count == DIVISIONS || !add_hook(m, &handle, UC_HOOK_CODE, HOOK(on_division), m, address, address))
        return false;
    m->divisions[m->division_count++] = address;
    return true;
}

/* How many instructions an IT makes conditional. */
static uint32_t conditional(uint32_t half)
{
    return half >> 8 == 0xbf && half & 15 ? 4 - (uint32_t)__builtin_ctz(half & 15) : 0;
}

enum division division_watch(struct machine *m, const struct block *block)
{
    const uint8_t *code = memory_at(m, block->address, block->size, UC_PROT_EXEC);
    uint32_t left = it_is_inside(m) ? 4 : 0; /* of an IT block, at most */
    bool is_new = false;
    for (uint32_t at = 0, size; code && at + 2 <= block->size; at += size) {
        const uint32_t first = half_at(code + at);
        size = is_wide(first) ? 4 : 2;
        const bool divides = size == 4 && at + 4 <= block->size && flags_of(first, half_at(code + at + 2)) & BLOCK_DIVIDE;
        const bool is_known = !divides || (!left && is_hooked(m, block->address + at));
        if (!is_known && (left || !hook_division(m, block->address + at)))
            return UNWATCHED;
        is_new |= !is_known;
        left = conditional(first) ? conditional(first) : left - (left > 0);
    }
    if (is_new) /* what is translated has no hook yet */
        forget_translation(m, block->address, block->size);
    return is_new ? TRANSLATE_AGAIN : WATCHED;
}
