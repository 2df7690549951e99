/*
 * SysTick (DDI0403E, B3.3): counts cycles down to zero, exact to the instruction.
 *
 * While it runs, only the cycle at which it next reaches zero is kept; its value follows.
 */
#include "internal.h"

#define ENABLE 1u
#define TICKINT 2u
#define CLKSOURCE 4u
#define COUNTFLAG (1u << 16)

static bool runs(const struct systick *systick)
{
    return systick->control & ENABLE;
}

static uint32_t value(const struct machine *m, uint64_t now)
{
    const struct systick *systick = &m->systick;
    if (!runs(systick))
        return systick->value;
    return systick->due - now > systick->reload ? 0 : (uint32_t)(systick->due - now);
}

/* Begin to count at `now` from `from`: from zero it is loaded in the next cycle. */
static void start(struct machine *m, uint64_t now, uint32_t from)
{
    m->systick.due = from ? now + from : now + 1 + m->systick.reload;
}

void systick_reset(struct machine *m)
{
    m->systick = (struct systick){0};
}

uint64_t systick_next(const struct machine *m)
{
    return runs(&m->systick) && m->systick.reload ? m->systick.due : UINT64_MAX;
}

/* As a counter, from `cycle` to where it is due.  Returns whether it is one. */
bool systick_counts(const struct machine *m, uint64_t cycle, struct machine_counter *how)
{
    const struct systick *systick = &m->systick;
    if (!runs(systick) || cycle < m->base_cycles || systick->due < cycle || systick->due - cycle > systick->reload)
        return false;
    *how = (struct machine_counter){.start = ticks_at(m, cycle), .numerator = 1, .denominator = m->ticks_per_cycle,
                                    .base = (uint32_t)(systick->due - cycle), .mask = 0xffffff, .is_down = 1};
    return true;
}

void systick_run(struct machine *m)
{
    struct systick *systick = &m->systick;
    const uint64_t period = (uint64_t)systick->reload + 1;
    if (!runs(systick) || !systick->reload || m->cycles < systick->due)
        return;
    systick->due += ((m->cycles - systick->due) / period + 1) * period;
    systick->control |= COUNTFLAG;
    if (systick->control & TICKINT)
        pend(m, SYS_TICK);
}

uint32_t systick_read(struct machine *m, uint32_t offset)
{
    struct systick *systick = &m->systick;
    const uint64_t now = machine_cycles(m);
    uint32_t control;

    switch (offset) {
    case 0x10:
        control = systick->control;
        if (now >= systick_next(m)) /* due within this block */
            control |= COUNTFLAG;
        systick->control &= ~COUNTFLAG;
        return control;
    case 0x14:
        return systick->reload;
    case 0x18:
        return now > systick_next(m) ? systick->reload - (uint32_t)(now - systick->due - 1) : value(m, now);
    default:
        return 0; /* CALIB: no reference clock is known */
    }
}

void systick_write(struct machine *m, uint32_t offset, uint32_t written)
{
    struct systick *systick = &m->systick;
    const uint64_t now = machine_cycles(m);

    if (offset == 0x14)
        systick->reload = written & 0xffffff;
    else if (offset == 0x18) {
        systick->value = 0;
        systick->control &= ~COUNTFLAG;
        start(m, now, 0);
    } else if (offset == 0x10) {
        const uint32_t was = value(m, now), ran = runs(systick);
        systick->control = (systick->control & COUNTFLAG) | (written & 7);
        if (!ran && runs(systick))
            start(m, now, was);
        if (ran && !runs(systick))
            systick->value = was;
    }
    look_soon(m); /* the deadline may be another */
}
