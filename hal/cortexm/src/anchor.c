/*
 * Loops in memory: a program that waits for an interrupt to change a variable, or a kernel's idle task, may ask no
 * device and change no mask.  Nothing tells such a loop from work.
 *
 * So the machine takes a block at which time was up as one of a loop, and looks when it comes round.  If the
 * registers are the same again the loop is handed on to warp.c, which looks at all the rest and skips its rounds.
 * A program at work has other registers, and is tried the less often the longer it is found so.
 */
#include "internal.h"

#include <string.h>

#define WORTH 32768     /* instructions to the deadline: looking takes as long as some thousands do */
#define NEAR 1024       /* or to a nearer one, if waits have outlasted such */
#define MOST_WAIT 255   /* deadlines from one try to the next */
#define TRIES 8         /* the first rounds after an interrupt may differ */

enum { NEVER_MET, HANDED_ON = TRIES + 1 }; /* in between: how often it was met */

static void give_up(struct machine *m)
{
    struct anchor *anchor = &m->anchor;
    anchor->pc = ODD;
    anchor->wait = anchor->backoff;
    anchor->backoff = anchor->backoff < MOST_WAIT ? 2 * anchor->backoff + 1 : MOST_WAIT;
}

void anchor_drop(struct machine *m)
{
    m->anchor = (struct anchor){.pc = ODD};
}

void anchor_cast(struct machine *m)
{
    struct anchor *anchor = &m->anchor;
    const bool has_skipped = anchor->has_skipped;
    anchor->has_skipped = false;
    if (anchor->pause)
        anchor->pause--;
    if (!m->warp.is_on || has_skipped || m->warp.orbit)
        return;
    if (anchor->pc != ODD)
        give_up(m);
    if (anchor->wait) {
        anchor->wait--;
        return;
    }
    anchor->pc = reg_get(m, UC_ARM_REG_PC);
    anchor->phase = NEVER_MET;
    meter_look_at(m, anchor->pc);
}

void anchor_met(struct machine *m)
{
    struct anchor *anchor = &m->anchor;
    uint32_t registers[ANCHOR_REGISTERS];
    if (m->warp.orbit || m->meter.left < (anchor->pause ? WORTH : NEAR))
        return;
    if (anchor->phase == HANDED_ON) {
        if (m->warp.idle_pc == anchor->pc)
            warp_masks(m, anchor->pc);
        else /* it is no loop of that kind after all */
            give_up(m);
        return;
    }
    for (uint32_t i = 0; i < ANCHOR_REGISTERS; i++)
        registers[i] = machine_get(m, i);
    if (anchor->phase && !memcmp(registers, anchor->registers, sizeof registers)) {
        anchor->phase = HANDED_ON;
        m->warp.idle_pc = anchor->pc;
    } else if (anchor->phase == TRIES)
        give_up(m);
    else {
        memcpy(anchor->registers, registers, sizeof registers);
        anchor->phase++;
    }
}

void anchor_skipped(struct machine *m)
{
    if (m->warp.idle_pc == m->anchor.pc) {
        m->anchor.has_skipped = true;
        m->anchor.backoff = 0;
    }
}

void anchor_left(struct machine *m, uint64_t gained)
{
    struct anchor *anchor = &m->anchor;
    const uint32_t next = anchor->misses < MOST_WAIT ? 2 * anchor->misses + 1 : MOST_WAIT;
    anchor->misses = gained < WORTH ? next : 0;
    anchor->pause = anchor->misses;
}
