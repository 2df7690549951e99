/*
 * Counting instructions: a hook before each block of code, and what it keeps.
 *
 * The machine's speed hangs on on_block().  It knows how many cycles are left before somebody must look, and
 * of each block that needs no looking at how many it takes; all else goes to look_closer().
 */
#include "internal.h"

#define FARTHEST (INT64_C(1) << 62)

/* The cycle at which the current block ends, while unicorn runs. */
static uint64_t block_end(const struct machine *m)
{
    return m->horizon - (uint64_t)m->meter.left;
}

uint64_t machine_cycles(const struct machine *m)
{
    if (!m->is_running)
        return m->cycles;
    const uint64_t end = block_end(m);
    const bool is_placed = m->place.end == end && m->place.current == m->meter.current;
    return end - block_now(m)->count + (is_placed ? m->place.count : 0);
}

/* Look closer from the deadline on; or from the next block on, if there is a reason. */
void meter_aim(struct machine *m)
{
    const uint64_t end = m->is_running ? block_end(m) : m->cycles;
    const bool is_near = m->attention || m->written || m->end <= end;
    const uint64_t left = is_near ? 0 : m->end - end;
    m->meter.left = left < FARTHEST ? (int64_t)left : FARTHEST;
    m->horizon = end + (uint64_t)m->meter.left;
}

void look_soon(struct machine *m)
{
    m->attention = true;
    meter_aim(m);
}

static void forget_plain(struct machine *m)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        m->meter.plain[i].address = ODD;
}

/* Which flags of a block matter, as the registers stand. */
static void care(struct machine *m)
{
    const uint32_t cared = BLOCK_SEV | BLOCK_MASKS | care_flags(m);
    if (cared != m->cared)
        forget_plain(m);
    m->cared = cared;
}

void meter_look_at(struct machine *m, uint32_t address)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (m->meter.plain[i].address == address)
            m->meter.plain[i].address = ODD;
}

void meter_forget(struct machine *m)
{
    forget_plain(m);
    for (uint32_t i = 0; i < BLOCKS; i++)
        m->blocks[i].is_known = false;
}

/* A block that is about to begin is not run: the loop looks first. */
static void hold(struct machine *m)
{
    m->is_held = m->is_between = true;
    unicorn.emu_stop(m->engine);
}

/* A priority that the program wrote has the bits that there are; unicorn keeps eight. */
static void narrow_basepri(struct machine *m)
{
    const uint32_t value = reg_get(m, UC_ARM_REG_BASEPRI), bits = value & priority_mask(m);
    const bool is_raised = m->written == BLOCK_RAISES; /* to nothing: that leaves it as it was (B5.2.3) */
    if (value != bits)
        reg_set(m, UC_ARM_REG_BASEPRI, !bits && is_raised ? m->basepri : bits);
}

/* And a stack pointer is a multiple of 4 (B1.4.1). */
static void narrow_stack(struct machine *m, int reg)
{
    const uint32_t value = reg_get(m, reg);
    if (value & 3)
        reg_set(m, reg, value & ~3u);
}

/* What the block that has just run wrote, with the bits that there are. */
static void narrow(struct machine *m)
{
    if (m->written == BLOCK_STACKS) {
        narrow_stack(m, UC_ARM_REG_MSP);
        narrow_stack(m, UC_ARM_REG_PSP);
    } else
        narrow_basepri(m);
    m->written = 0;
    meter_aim(m);
}

/* An exception may become possible; where none waits, a kernel may have nothing to do. */
static void masks_change(struct machine *m, const struct block *block)
{
    const bool is_waiting = highest_pending(m);
    if (m->is_translated || is_waiting)
        look_soon(m);
    if (!is_waiting)
        warp_masks(m, block->address);
}

/* What a block has that counting alone does not do justice.  Returns whether it may run. */
static bool admit(struct machine *m, const struct block *block)
{
    const bool may_trap = !m->is_careful && block->flags & m->cared & BLOCK_DIVIDE;
    const enum division division = may_trap ? division_watch(m, block) : WATCHED;
    if (!m->is_careful && (division != WATCHED || needs_care(m, block))) {
        m->is_careful = division != TRANSLATE_AGAIN;
        hold(m);
        return false;
    }
    if (block->flags & BLOCK_SEV)
        m->event = true;
    if (block->flags & BLOCK_MASKS)
        masks_change(m, block);
    else if (block->address == m->anchor.pc)
        anchor_met(m);
    if (block->flags & BLOCK_WRITES) {
        m->written = block->flags & BLOCK_WRITES;
        m->basepri = reg_get(m, UC_ARM_REG_BASEPRI);
        meter_aim(m);
    }
    return true;
}

/* Need it not be looked at the next time?  The MPU alone is no reason where no border is near. */
static bool is_plain(const struct machine *m, const struct block *block)
{
    const uint32_t flags = block->flags & m->cared;
    if (block->address == m->anchor.pc)
        return false;
    return !flags || (flags == BLOCK_ANY && !mpu_is_fine(m, block->address) && !mpu_is_fine(m, block->address + block->size - 1));
}

static __attribute__((noinline)) void look_closer(struct machine *m, uint32_t address, uint32_t size)
{
    if (m->is_probing) {
        if (m->is_probed)
            hold(m);
        m->is_probed = true;
        return;
    }
    if (m->written)
        narrow(m);
    if (m->attention || block_end(m) >= m->end) {
        hold(m);
        return;
    }
    const struct block *block = block_at(m, address, size);
    const bool is_plain_now = is_plain(m, block);
    if (!is_plain_now && !admit(m, block))
        return;
    m->meter.left -= block->count;
    m->meter.current = block_place(address, size);
    if (is_plain_now) {
        m->meter.plain[m->meter.current].address = address;
        m->meter.plain[m->meter.current].cycles = block->count;
    }
}

/* Before each block. */
static void on_block(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
    struct machine *m = user;
    const uint32_t place = block_place((uint32_t)address, size);
    const int64_t left = m->meter.left - m->meter.plain[place].cycles;
    (void)engine;
    if (__builtin_expect(m->meter.plain[place].address != (uint32_t)address || left < 0, 0)) {
        look_closer(m, (uint32_t)address, size);
        return;
    }
    m->meter.left = left;
    m->meter.current = place;
}

/* A block was translated: what was known of it may be out of date. */
static void on_translated(uc_engine *engine, uc_tb *block, uc_tb *previous, void *user)
{
    struct machine *m = user;
    const uint32_t place = block_place((uint32_t)block->pc, block->size);
    (void)engine, (void)previous;
    m->meter.plain[place].address = ODD;
    m->blocks[place].is_known = false;
}

bool meter_begin(struct machine *m)
{
    m->meter.current = NO_BLOCK;
    meter_forget(m);
    return hook_all(m, UC_HOOK_BLOCK, HOOK(on_block)) && hook_all(m, UC_HOOK_EDGE_GENERATED, HOOK(on_translated));
}

void meter_start(struct machine *m, uint64_t end)
{
    m->end = end;
    m->is_held = m->is_between = false;
    m->meter.current = NO_BLOCK;
    m->place.current = NO_BLOCK;
    care(m);
    meter_aim(m);
    m->is_running = true;
}

/* unicorn came back: of the last block only what was run counts. */
void meter_settle(struct machine *m)
{
    const struct block *block = block_now(m);
    const uint32_t pc = reg_get(m, UC_ARM_REG_PC);
    if (m->written)
        narrow(m);
    m->cycles = block_end(m);
    m->is_running = false;
    if (block->count) {
        m->block_address = block->address;
        m->block_size = block->size;
    }
    if (block->count && !m->is_between && pc - block->address <= block->size)
        m->cycles -= block->count - count_between(m, block->address, pc);
}
