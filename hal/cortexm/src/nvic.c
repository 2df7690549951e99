/*
 * Which exception is next: pending, enabled, and above what runs (DDI0403E, B1.5.4 and B3.4).
 */
#include "internal.h"

#include <string.h>

bool is_set(const uint32_t *set, uint32_t number)
{
    return set[number / 32] >> number % 32 & 1;
}

void set_bit(uint32_t *set, uint32_t number, bool value)
{
    const uint32_t bit = 1u << number % 32;
    set[number / 32] = value ? set[number / 32] | bit : set[number / 32] & ~bit;
}

void nvic_reset(struct machine *m)
{
    memset(m->enabled, 0, sizeof m->enabled);
    memset(m->pending, 0, sizeof m->pending);
    memset(m->active, 0, sizeof m->active);
    memset(m->priority, 0, sizeof m->priority);
    m->enabled[0] = ALWAYS_ENABLED;
}

int exception_priority(const struct machine *m, uint32_t number)
{
    if (number <= HARD_FAULT)
        return (int)number - 4; /* reset -3, NMI -2, HardFault -1 */
    return m->priority[number];
}

/* The part of a priority that decides over pre-emption. */
static int group(const struct machine *m, int priority)
{
    return priority < 0 ? priority : priority & (int)(0xffffffffu << (m->prigroup + 1));
}

static int active_priority(const struct machine *m)
{
    int best = NOBODY;
    for (uint32_t word = 0; word < WORDS; word++)
        for (uint32_t rest = m->active[word]; rest; rest &= rest - 1) {
            const int priority = group(m, exception_priority(m, 32 * word + (uint32_t)__builtin_ctz(rest)));
            best = priority < best ? priority : best;
        }
    return best;
}

uint32_t priority_mask(const struct machine *m)
{
    return 0xffu << (8 - m->options.priority_bits) & 0xff;
}

static uint32_t basepri(struct machine *m)
{
    return reg_get(m, UC_ARM_REG_BASEPRI) & priority_mask(m);
}

static int priority_with(struct machine *m, bool ignoring_primask)
{
    int best = active_priority(m);
    const int base = (int)basepri(m);
    if (base && group(m, base) < best)
        best = group(m, base);
    if (!ignoring_primask && (reg_get(m, UC_ARM_REG_PRIMASK) & 1) && best > 0)
        best = 0;
    if ((reg_get(m, UC_ARM_REG_FAULTMASK) & 1) && best > -1)
        best = -1;
    return best;
}

int execution_priority(struct machine *m)
{
    return priority_with(m, false);
}

uint32_t highest_pending(const struct machine *m)
{
    uint32_t best = 0;
    int lowest = NOBODY;
    for (uint32_t word = 0; word < WORDS; word++)
        for (uint32_t rest = m->pending[word] & m->enabled[word]; rest; rest &= rest - 1) {
            const uint32_t number = 32 * word + (uint32_t)__builtin_ctz(rest);
            if (exception_priority(m, number) < lowest)
                lowest = exception_priority(m, number), best = number;
        }
    return best;
}

uint32_t best_pending(struct machine *m, bool ignoring_primask)
{
    const uint32_t best = highest_pending(m);
    return best && group(m, exception_priority(m, best)) < priority_with(m, ignoring_primask) ? best : 0;
}

void pend(struct machine *m, uint32_t number)
{
    set_bit(m->pending, number, true);
    warp_write(m);
    look_soon(m);
    if (m->scr & 16) /* SEVONPEND */
        m->event = true;
}

void machine_set_irq(struct machine *m, uint32_t number, int level)
{
    if (number >= m->options.irqs)
        return;
    set_bit(m->line, EXTERNAL + number, level != 0);
    if (level && !is_set(m->active, EXTERNAL + number))
        pend(m, EXTERNAL + number);
}

void machine_pulse_irq(struct machine *m, uint32_t number)
{
    if (number < m->options.irqs)
        pend(m, EXTERNAL + number);
}
