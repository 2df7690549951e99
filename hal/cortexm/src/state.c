/*
 * Saving and restoring all but memory: fields in a fixed order, little-endian, whatever the host is.
 *
 * A restored machine goes on bit for bit, down to the accesses of a polling loop that is about to be skipped.
 * What a debugger set and what devices published is their owners' to set again.
 */
#include "internal.h"

#define VERSION 0x4d340008u /* "M4", version 8: changes with what is saved */
#define ANY UINT64_MAX
#define MOST_CYCLES (1ull << 62) /* sums of two do not wrap */
#define MOST_BLOCK 0x10000u      /* bytes of a block */
#define NO_COUNTER (SYSTICK + 1)

/* `count` values of `size` bytes, `stride` bytes apart, each from `least` to `most`. */
struct field {
    size_t offset;
    uint32_t size, count;
    size_t stride;
    uint64_t least, most;
};

#define SIZE(member) (uint32_t)sizeof(((struct machine *)0)->member)
#define ONE(member, least, most) {offsetof(struct machine, member), SIZE(member), 1, SIZE(member), least, most}
#define MANY(member, most) {offsetof(struct machine, member), SIZE(member[0]), SIZE(member) / SIZE(member[0]), SIZE(member[0]), 0, most}
#define EACH(array, member, most) {offsetof(struct machine, array[0].member), SIZE(array[0].member), SIZE(array) / SIZE(array[0]), SIZE(array[0]), 0, most}
#define FLAG(member) ONE(member, 0, 1)
#define WORD(member) ONE(member, 0, UINT32_MAX)

static const struct field FIELDS[] = {
    /* time */
    ONE(cycles, 0, MOST_CYCLES), ONE(base_cycles, 0, MOST_CYCLES), ONE(base_ticks, 0, MOST_CYCLES), ONE(ticks_per_cycle, 1, UINT32_MAX),
    /* what it waits for, and its exceptions */
    FLAG(is_sleeping), FLAG(is_for_event), FLAG(event), FLAG(is_locked_up), FLAG(is_reset_wanted),
    MANY(enabled, UINT32_MAX), MANY(pending, UINT32_MAX), MANY(active, UINT32_MAX), MANY(line, UINT32_MAX), MANY(priority, UINT8_MAX),
    /* system control, SysTick, DWT, MPU */
    WORD(vtor), ONE(prigroup, 0, 7), WORD(scr), WORD(ccr), WORD(shcsr), WORD(cfsr), WORD(hfsr), WORD(dfsr), WORD(mmfar), WORD(bfar),
    WORD(cpacr), WORD(fpccr), WORD(fpdscr), WORD(demcr), WORD(dwt_control), ONE(dwt_origin, 0, ANY),
    WORD(systick.control), ONE(systick.reload, 0, 0xffffff), ONE(systick.due, 0, ANY), WORD(systick.value),
    WORD(mpu_control), ONE(mpu_number, 0, 7), MANY(mpu_base, UINT32_MAX), MANY(mpu_attributes, UINT32_MAX),
    /* from here on: nothing that a program could find out. For a post-mortem, */
    WORD(block_address), ONE(block_size, 0, MOST_BLOCK),
    EACH(accesses, time, ANY), EACH(accesses, pc, UINT32_MAX), EACH(accesses, address, UINT32_MAX), EACH(accesses, value, UINT32_MAX),
    EACH(accesses, size, 4), EACH(accesses, is_write, 1), EACH(accesses, repeats, UINT32_MAX), WORD(access_count),
    ONE(last_fault.time, 0, ANY), ONE(last_fault.number, 0, 255), WORD(last_fault.status), WORD(last_fault.frame),
    WORD(last_fault.exc_return), MANY(last_fault.registers, UINT32_MAX),
    /* and of loops that poll or wait on a counter */
    ONE(warp.phase, 0, 5), WORD(warp.hits), WORD(warp.patience), ONE(warp.count, 0, POLLS), EACH(warp.polls, pc, UINT32_MAX),
    EACH(warp.polls, device, CLOCK), EACH(warp.polls, offset, UINT32_MAX), EACH(warp.polls, value, UINT32_MAX),
    EACH(warp.polls, until, ANY), FLAG(warp.is_timed), WORD(warp.others), WORD(warp.idle_pc), WORD(warp.idle_patience),
    WORD(warp.clock_patience), WORD(warp.place), WORD(warp.blocks),
    MANY(warp.registers, UINT32_MAX), MANY(warp.enabled, UINT32_MAX), ONE(warp.cycles, 0, MOST_CYCLES),
    ONE(warp.orbit, 0, MOST_CYCLES), ONE(warp.gained, 0, MOST_CYCLES),
    WORD(anchor.pc), ONE(anchor.phase, 0, 9), WORD(anchor.wait), WORD(anchor.backoff), FLAG(anchor.has_skipped), WORD(anchor.pause),
    WORD(anchor.misses), MANY(anchor.registers, UINT32_MAX),
    WORD(countdown.pc), WORD(countdown.hits), ONE(countdown.cycle, 0, MOST_CYCLES), ONE(countdown.distance, 0, MOST_CYCLES),
    FLAG(countdown.is_wanted),
};

#define COUNT (sizeof FIELDS / sizeof FIELDS[0])

static uint8_t *put(uint8_t *at, uint64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static uint64_t take(const uint8_t *at, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static uint64_t load(const void *from, uint32_t size)
{
    uint8_t byte;
    uint16_t half;
    uint32_t word;
    uint64_t both;
    switch (size) {
    case 1:
        return memcpy(&byte, from, 1), byte;
    case 2:
        return memcpy(&half, from, 2), half;
    case 4:
        return memcpy(&word, from, 4), word;
    default:
        return memcpy(&both, from, 8), both;
    }
}

static void store(void *to, uint64_t value, uint32_t size)
{
    const uint8_t byte = (uint8_t)value;
    const uint16_t half = (uint16_t)value;
    const uint32_t word = (uint32_t)value;
    memcpy(to, size == 1 ? (const void *)&byte : size == 2 ? (const void *)&half : size == 4 ? (const void *)&word : (const void *)&value, size);
}

/* The version, the registers, the fields, and which counter a loop waits on. */
uint32_t machine_state_size(void)
{
    uint32_t size = 4 + 4 * REGISTERS + 4;
    for (size_t i = 0; i < COUNT; i++)
        size += FIELDS[i].size * FIELDS[i].count;
    return size;
}

void machine_save(struct machine *m, uint8_t *state)
{
    const struct counter *counter = m->countdown.counter;
    state = put(state, VERSION, 4);
    for (uint32_t i = 0; i < REGISTERS; i++)
        state = put(state, machine_get(m, i), 4);
    for (const struct field *field = FIELDS; field < FIELDS + COUNT; field++)
        for (uint32_t i = 0; i < field->count; i++)
            state = put(state, load((uint8_t *)m + field->offset + i * field->stride, field->size), field->size);
    put(state, counter ? (uint64_t)(counter - m->counters) : NO_COUNTER, 4);
}

/* In handler mode first, which may set everything; then the mode, whose stack pointer is SP; then the flags. */
static void set_registers(struct machine *m, const uint8_t *state)
{
    uint32_t registers[REGISTERS];
    for (uint32_t i = 0; i < REGISTERS; i++)
        registers[i] = (uint32_t)take(state + 4 * i, 4);
    become_privileged(m);
    for (uint32_t i = 0; i < REGISTERS; i++)
        if (i != 13 && i != 15 && i != 16 && i != 22)
            machine_set(m, i, registers[i]);
    set_xpsr(m, 1u << 24 | (registers[16] & 0x1ff));
    machine_set(m, 22, registers[22]);
    set_xpsr(m, registers[16]);
    reg_set(m, UC_ARM_REG_PC, (registers[15] & ~1u) | (registers[16] >> 24 & 1)); /* its lowest bit becomes the T bit */
}

/* The first four fields: may it be the time that follows from them? */
static bool is_time(const uint8_t *at)
{
    const uint64_t cycles = take(at, 8), base_cycles = take(at + 8, 8), base_ticks = take(at + 16, 8), ticks_per_cycle = take(at + 24, 4);
    return base_cycles <= cycles && cycles - base_cycles <= (MOST_CYCLES - base_ticks) / ticks_per_cycle;
}

/* Where a field stands in a state. */
static size_t place_of(size_t offset)
{
    size_t at = 4 + 4 * REGISTERS;
    for (const struct field *field = FIELDS; field->offset != offset; field++)
        at += field->size * field->count;
    return at;
}

#define PLACE(member) place_of(offsetof(struct machine, member))

/* Are those system exceptions enabled that the control registers say, and none active or pending that does not exist? */
static bool is_consistent(const uint8_t *state)
{
    const uint64_t shcsr = take(state + PLACE(shcsr), 4), demcr = take(state + PLACE(demcr), 4);
    const uint64_t faults = (shcsr >> 16 & 7) << MEM_MANAGE, monitor = demcr & MON_EN ? 1u << DEBUG_MONITOR : 0;
    const uint64_t strange = take(state + PLACE(pending), 4) | take(state + PLACE(active), 4);
    return (take(state + PLACE(enabled), 4) & 0xffff) == (ALWAYS_ENABLED | faults | monitor) && !(shcsr & ~(7u << 16)) &&
           !(strange & ~(0xffff0000u | ALWAYS_ENABLED | 7u << MEM_MANAGE | 1u << DEBUG_MONITOR));
}

uint32_t machine_visible_size(void)
{
    return (uint32_t)PLACE(block_address);
}

int machine_check(const uint8_t *state)
{
    const uint8_t *at = state + 4 + 4 * REGISTERS;
    if (take(state, 4) != VERSION)
        return 0;
    for (const struct field *field = FIELDS; field < FIELDS + COUNT; field++)
        for (uint32_t i = 0; i < field->count; i++, at += field->size)
            if (take(at, field->size) < field->least || take(at, field->size) > field->most)
                return (int)(at - state);
    if (!is_time(state + 4 + 4 * REGISTERS))
        return 4 + 4 * REGISTERS;
    if (!is_consistent(state))
        return (int)PLACE(enabled);
    return take(at, 4) > NO_COUNTER ? (int)(at - state) : -1;
}

/* There is no such exception here. */
static void forget_exception(struct machine *m, uint32_t number)
{
    set_bit(m->enabled, number, false);
    set_bit(m->pending, number, false);
    set_bit(m->active, number, false);
    set_bit(m->line, number, false);
}

int machine_restore(struct machine *m, const uint8_t *state, const uint8_t *loop, uint32_t size)
{
    const uint8_t *at = state + 4 + 4 * REGISTERS;
    if (machine_check(state) >= 0 || !likeness_take(m, loop, size))
        return -1;
    for (const struct field *field = FIELDS; field < FIELDS + COUNT; field++)
        for (uint32_t i = 0; i < field->count; i++, at += field->size)
            store((uint8_t *)m + field->offset + i * field->stride, take(at, field->size), field->size);
    const uint64_t counter = take(at, 4), orbit = m->warp.orbit;
    const bool is_there = counter == SYSTICK || (counter < COUNTERS && m->counters[counter].is_used);
    m->countdown.counter = is_there ? &m->counters[counter] : NULL;
    m->countdown.is_wanted = m->countdown.is_wanted && m->countdown.counter;
    if (!size && warp_has_copy(m))
        warp_write(m); /* begins anew */
    for (uint32_t number = EXTERNAL + m->options.irqs; number < VECTORS; number++)
        forget_exception(m, number);
    set_registers(m, state + 4);
    machine_code_changed(m, 0, 0);
    look_soon(m);
    m->is_mpu_changed = true;
    m->warp.orbit = orbit;
    return 0;
}

void machine_code_changed(struct machine *m, uint32_t address, uint32_t size)
{
    (void)address, (void)size;
    machine_doubt(m);
    meter_forget(m);
    unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TB_FLUSH, 0));
}
