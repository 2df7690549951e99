/*
 * Registers that follow from the time alone: a device publishes them, and reading them does not ask it.
 */
#include "internal.h"

int machine_publish(struct machine *m, uint32_t device, uint32_t offset, const struct machine_counter *counter)
{
    for (uint32_t i = 0; i < COUNTERS; i++) {
        struct counter *place = &m->counters[i];
        const bool is_same = place->is_used && place->device == device && place->offset == offset;
        if (!place->is_used || is_same) {
            *place = (struct counter){true, device, offset, *counter};
            m->counter_count = i + 1 > m->counter_count ? i + 1 : m->counter_count;
            return 0;
        }
    }
    return -1;
}

void machine_withdraw(struct machine *m, uint32_t device, uint32_t offset)
{
    for (uint32_t i = 0; i < COUNTERS; i++)
        if (m->counters[i].is_used && m->counters[i].device == device && m->counters[i].offset == offset) {
            m->counters[i].is_used = false;
            if (m->countdown.counter == &m->counters[i]) /* nobody waits on it any more */
                m->countdown = (struct countdown){0};
        }
}

uint64_t counter_counts(const struct counter *counter, const struct machine *m, uint64_t cycle)
{
    const uint64_t now = ticks_at(m, cycle), since = now > counter->how.start ? now - counter->how.start : 0;
    return since * counter->how.numerator / counter->how.denominator;
}

uint32_t counter_value(const struct counter *counter, const struct machine *m, uint64_t cycle)
{
    const uint64_t counts = counter_counts(counter, m, cycle);
    return (uint32_t)(counter->how.is_down ? counter->how.base - counts : counter->how.base + counts) & counter->how.mask;
}

const struct counter *counter_find(const struct machine *m, uint32_t device, uint32_t offset)
{
    for (uint32_t i = 0; i < m->counter_count; i++) {
        const struct counter *counter = &m->counters[i];
        if (counter->is_used && counter->device == device && counter->offset == offset)
            return counter;
    }
    return NULL;
}
