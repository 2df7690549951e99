/*
 * The private peripheral bus: SCB, NVIC, MPU registers, DWT (DDI0403E, B3 and C1.8).
 *
 * Registers are words; the priority and configurable-fault registers may be written in bytes and halves.
 */
#include "internal.h"

#include <string.h>

#define SCS 0xe000e000u
#define DWT 0xe0001000u
#define CPUID 0x410fc241u /* Cortex-M4 r0p1 */

void system_reset(struct machine *m)
{
    nvic_reset(m);
    systick_reset(m);
    m->prigroup = m->scr = m->shcsr = m->cfsr = m->hfsr = m->dfsr = m->mmfar = m->bfar = 0;
    m->ccr = 1u << 9;
    m->cpacr = m->options.cpacr;
    m->fpccr = 3u << 30;
    m->fpdscr = m->demcr = m->dwt_control = 0;
    m->mpu_control = m->mpu_number = 0;
    m->is_mpu_changed = true;
    memset(m->mpu_base, 0, sizeof m->mpu_base);
    memset(m->mpu_attributes, 0, sizeof m->mpu_attributes);
    m->is_locked_up = m->is_sleeping = m->is_reset_wanted = m->event = false;
}

/* --- NVIC ---------------------------------------------------------------------------------------- */

/* 32 external interrupts from number 32 * index, out of a set that begins with the 16 system exceptions. */
static uint32_t get_irqs(const uint32_t *set, uint32_t index)
{
    const uint32_t low = set[index] >> EXTERNAL;
    return index + 1 < WORDS ? low | set[index + 1] << (32 - EXTERNAL) : low;
}

/* An exception may have become possible, unless interrupts were enabled or disabled of which none waits. */
static void change_irqs(struct machine *m, uint32_t *set, uint32_t index, uint32_t which, bool value)
{
    for (; which; which &= which - 1) {
        const uint32_t irq = 32 * index + (uint32_t)__builtin_ctz(which);
        if (irq < m->options.irqs)
            set_bit(set, EXTERNAL + irq, value);
    }
    if (set != m->enabled || highest_pending(m))
        look_soon(m);
}

/* A pending state that is cleared while its line is high comes back at once. */
static void clear_pending(struct machine *m, uint32_t index, uint32_t which)
{
    change_irqs(m, m->pending, index, which, false);
    for (uint32_t word = 0; word < WORDS; word++)
        m->pending[word] |= m->line[word] & ~m->active[word];
}

static uint32_t nvic_read(struct machine *m, uint32_t offset)
{
    const uint32_t index = offset / 4 & 7;
    switch (offset & 0xf80) {
    case 0x100:
    case 0x180:
        return get_irqs(m->enabled, index);
    case 0x200:
    case 0x280:
        return get_irqs(m->pending, index);
    case 0x300:
        return get_irqs(m->active, index);
    default:
        return 0;
    }
}

static void nvic_write(struct machine *m, uint32_t offset, uint32_t value)
{
    const uint32_t index = offset / 4 & 7;
    switch (offset & 0xf80) {
    case 0x100:
        change_irqs(m, m->enabled, index, value, true);
        break;
    case 0x180:
        change_irqs(m, m->enabled, index, value, false);
        break;
    case 0x200:
        change_irqs(m, m->pending, index, value, true);
        break;
    case 0x280:
        clear_pending(m, index, value);
        break;
    default:
        break;
    }
}

static bool is_priority(uint32_t offset)
{
    return (offset >= 0x400 && offset < 0x4f0) || (offset >= 0xd18 && offset < 0xd24);
}

/* The exception whose priority byte stands at `offset`, or 0. */
static uint32_t exception_at(const struct machine *m, uint32_t offset)
{
    if (is_priority(offset) && offset >= 0xd18) {
        const uint32_t number = offset - 0xd18 + MEM_MANAGE;
        return 0xd870u >> number & 1 ? number : 0; /* 4 to 6, 11, 12, 14, 15 */
    }
    if (offset >= 0x400 && offset < 0x400 + m->options.irqs)
        return offset - 0x400 + EXTERNAL;
    return 0;
}

static uint32_t read_priorities(struct machine *m, uint32_t offset, uint32_t size)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)m->priority[exception_at(m, offset + i)] << 8 * i;
    return value;
}

static void write_priorities(struct machine *m, uint32_t offset, uint32_t size, uint32_t value)
{
    for (uint32_t i = 0; i < size; i++) {
        const uint32_t number = exception_at(m, offset + i);
        if (number)
            m->priority[number] = (uint8_t)(value >> 8 * i & priority_mask(m));
    }
    look_soon(m);
}

/* --- SCB ----------------------------------------------------------------------------------------- */

static uint32_t icsr(struct machine *m)
{
    const uint32_t number = exception_number(m);
    uint32_t value = number, others = 0, lowest = 0;
    int best = NOBODY;

    for (uint32_t i = NMI; i < EXTERNAL + m->options.irqs; i++) {
        if (is_set(m->pending, i) && is_set(m->enabled, i) && exception_priority(m, i) < best)
            best = exception_priority(m, i), lowest = i;
        others += is_set(m->active, i) && i != number;
    }
    value |= lowest << 12 | (others ? 0 : 1u << 11);
    for (uint32_t i = EXTERNAL; i < EXTERNAL + m->options.irqs; i++)
        if (is_set(m->pending, i))
            value |= 1u << 22;
    return value | (is_set(m->pending, SYS_TICK) ? 1u << 26 : 0) | (is_set(m->pending, PEND_SV) ? 1u << 28 : 0) |
           (is_set(m->pending, NMI) ? 1u << 31 : 0);
}

static void write_icsr(struct machine *m, uint32_t value)
{
    if (value & 1u << 31)
        pend(m, NMI);
    if (value & 1u << 28)
        pend(m, PEND_SV);
    else if (value & 1u << 27)
        set_bit(m->pending, PEND_SV, false);
    if (value & 1u << 26)
        pend(m, SYS_TICK);
    else if (value & 1u << 25)
        set_bit(m->pending, SYS_TICK, false);
}

static void write_aircr(struct machine *m, uint32_t value)
{
    if (value >> 16 != 0x05fa)
        return;
    m->prigroup = value >> 8 & 7;
    look_soon(m);
    if (value & 4)
        m->is_reset_wanted = true;
}

/* Where SHCSR keeps active and pending states (B3.2.13); a pending state of 0 is ICSR's to tell. */
static const struct {
    uint8_t active, pending, number;
} HANDLERS[] = {{0, 13, MEM_MANAGE},   {1, 14, BUS_FAULT}, {3, 12, USAGE_FAULT}, {7, 15, SV_CALL},
                {8, 0, DEBUG_MONITOR}, {10, 0, PEND_SV},   {11, 0, SYS_TICK}};
#define HANDLER_COUNT (sizeof HANDLERS / sizeof *HANDLERS)

static uint32_t read_shcsr(struct machine *m)
{
    uint32_t value = m->shcsr;
    for (uint32_t i = 0; i < HANDLER_COUNT; i++) {
        value |= (uint32_t)is_set(m->active, HANDLERS[i].number) << HANDLERS[i].active;
        if (HANDLERS[i].pending)
            value |= (uint32_t)is_set(m->pending, HANDLERS[i].number) << HANDLERS[i].pending;
    }
    return value;
}

static void write_shcsr(struct machine *m, uint32_t value)
{
    m->shcsr = value & 7u << 16;
    for (uint32_t i = 0; i < 3; i++)
        set_bit(m->enabled, HANDLERS[i].number, value >> (16 + i) & 1);
    for (uint32_t i = 0; i < HANDLER_COUNT; i++) {
        set_bit(m->active, HANDLERS[i].number, value >> HANDLERS[i].active & 1);
        if (HANDLERS[i].pending)
            set_bit(m->pending, HANDLERS[i].number, value >> HANDLERS[i].pending & 1);
    }
    look_soon(m);
}

static void write_demcr(struct machine *m, uint32_t value)
{
    m->demcr = value & 0x010d07f1;
    set_bit(m->enabled, DEBUG_MONITOR, value & MON_EN);
    set_bit(m->pending, DEBUG_MONITOR, value & MON_PEND);
    look_soon(m);
}

/* What this processor is, from 0xed40 on: its technical reference manual, table 4-1. */
static uint32_t id_read(uint32_t offset)
{
    static const uint32_t FEATURES[] = {0x30, 0x200, 0x100000, 0, 0x100030, 0, 0x1000000, 0, 0x1101110, 0x2112000, 0x21232231, 0x1111131, 0x1310132};
    const uint32_t index = (offset - 0xd40) / 4;
    return index < sizeof FEATURES / sizeof *FEATURES ? FEATURES[index] : 0;
}

static uint32_t scb_read(struct machine *m, uint32_t offset)
{
    switch (offset) {
    case 0x004:
        return (m->options.irqs - 1) / 32;
    case 0xd00:
        return CPUID;
    case 0xd04:
        return icsr(m);
    case 0xd08:
        return m->vtor;
    case 0xd0c:
        return 0xfa050000 | m->prigroup << 8;
    case 0xd10:
        return m->scr;
    case 0xd14:
        return m->ccr;
    case 0xd24:
        return read_shcsr(m);
    case 0xd28:
        return m->cfsr;
    case 0xd2c:
        return m->hfsr;
    case 0xd30:
        return m->dfsr;
    case 0xd34:
        return m->mmfar;
    case 0xd38:
        return m->bfar;
    case 0xd88:
        return m->cpacr;
    case 0xdfc:
        return m->demcr | (is_set(m->pending, DEBUG_MONITOR) ? MON_PEND : 0);
    case 0xf34:
        return m->fpccr;
    case 0xf3c:
        return m->fpdscr;
    case 0xf40:
        return 0x10110021;
    case 0xf44:
        return 0x11000011;
    default:
        return 0;
    }
}

static void scb_write(struct machine *m, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case 0xd04:
        write_icsr(m, value);
        break;
    case 0xd08:
        m->vtor = value & 0xffffff80;
        break;
    case 0xd0c:
        write_aircr(m, value);
        break;
    case 0xd10:
        m->scr = value & 0x16;
        break;
    case 0xd14:
        m->ccr = value & 0x31b;
        look_soon(m);
        break;
    case 0xd24:
        write_shcsr(m, value);
        break;
    case 0xd28:
        m->cfsr &= ~value;
        break;
    case 0xd2c:
        m->hfsr &= ~value;
        break;
    case 0xd30:
        m->dfsr &= ~value;
        break;
    case 0xd34:
        m->mmfar = value;
        break;
    case 0xd38:
        m->bfar = value;
        break;
    case 0xd88:
        m->cpacr = value & 0xfu << 20;
        look_soon(m); /* blocks may need care now */
        break;
    case 0xdfc:
        write_demcr(m, value);
        break;
    case 0xf00:
        machine_pulse_irq(m, value & 0x1ff);
        break;
    case 0xf34:
        m->fpccr = value & 0xc0000000;
        look_soon(m);
        break;
    case 0xf3c:
        m->fpdscr = value & 0x07c00000;
        look_soon(m);
        break;
    default:
        break;
    }
}

/* --- DWT ----------------------------------------------------------------------------------------- */

static uint32_t dwt_read(struct machine *m, uint32_t offset)
{
    if (offset == 0)
        return 0x40000000 | m->dwt_control;
    return offset == 4 && (m->dwt_control & 1) ? (uint32_t)(machine_cycles(m) - m->dwt_origin) : 0;
}

static void dwt_write(struct machine *m, uint32_t offset, uint32_t value)
{
    if (offset == 0) {
        if (!(m->dwt_control & 1))
            m->dwt_origin = machine_cycles(m);
        m->dwt_control = value & 1;
    } else if (offset == 4)
        m->dwt_origin = machine_cycles(m) - value;
}

uint32_t system_read(struct machine *m, uint32_t address, uint32_t size)
{
    if (address - DWT < 0x1000)
        return dwt_read(m, address - DWT);
    const uint32_t offset = address - SCS;
    if (is_priority(offset))
        return read_priorities(m, offset, size);
    if (offset >= 0x10 && offset < 0x20)
        return systick_read(m, offset);
    if (offset >= 0x100 && offset < 0x400)
        return nvic_read(m, offset);
    if (offset >= 0xd90 && offset < 0xdbc)
        return mpu_read(m, offset);
    if (offset >= 0xd40 && offset < 0xd80)
        return id_read(offset);
    return scb_read(m, offset & ~3u) >> 8 * (offset & 3);
}

void system_write(struct machine *m, uint32_t address, uint32_t size, uint32_t value)
{
    if (address - DWT < 0x1000) {
        dwt_write(m, address - DWT, value);
        return;
    }
    const uint32_t offset = address - SCS;
    if (is_priority(offset))
        write_priorities(m, offset, size, value);
    else if (offset >= 0x10 && offset < 0x20)
        systick_write(m, offset, value);
    else if (offset >= 0x100 && offset < 0x400)
        nvic_write(m, offset, value);
    else if (offset >= 0xd90 && offset < 0xdbc)
        mpu_write(m, offset, value);
    else
        scb_write(m, offset & ~3u, value << 8 * (offset & 3));
}
