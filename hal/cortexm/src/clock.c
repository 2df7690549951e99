/*
 * Virtual time in ticks, from cycles counted.
 */
#include "internal.h"

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

/* The cycle at which somebody must look. */
void set_deadline(struct machine *m)
{
    const uint64_t tick = systick_next(m), end = cycle_of(m, m->limit);
    m->deadline = tick < end ? tick : end;
    if (m->deadline < m->end || !m->is_careful)
        m->end = m->deadline;
    meter_aim(m);
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

void machine_advance(struct machine *m, uint64_t time)
{
    const uint64_t cycle = cycle_of(m, time);
    if (cycle > m->cycles)
        m->cycles = cycle;
}
