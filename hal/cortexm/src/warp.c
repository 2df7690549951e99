/*
 * Polling loops: a program that waits for a device reads the same registers over and over.
 *
 * When it does so for a while, the machine looks whether anything else changes: if registers and memory
 * are the same when the loop comes round, the next rounds can only be the same too, until a device's
 * answer changes or something is due.  They are then counted instead of run: time and cycles are exactly
 * what they would have been.
 *
 * A kernel that has nothing to do may ask no device at all: it looks at its lists, again and again, and lets
 * interrupts in between.  Such a loop is known by the block that changes the masks.
 *
 * All that a round may depend on besides: what came from outside (DMA), an exception, a sleep, a write to a
 * register that may change something.  Each begins anew.  And the time: a round that reads a clock is followed instruction by instruction
 * (trail.c), and how often it comes out the same is worked out.  A program may keep interrupts out while it
 * looks, by ICER and ISER: they are compared as memory is.
 */
#include "internal.h"

#include <stdlib.h>

#define ROUNDS 16        /* reads that repeat before it is worth looking */
#define AGAIN 2          /* once it has been: the same loop, most likely, goes on after a change */
#define PATIENCE 4096    /* and at most, where looking found nothing */
#define LOST 64          /* reads without the first of the table: it was not of this loop */
#define IDLE_ROUNDS 1024 /* of a loop that asks no device: most are at work, and looking costs more than a round does */
#define IDLE_PATIENCE 65536

#define CLOCK_ROUNDS 64  /* of a loop that reads clocks alone: following a round takes longer than running many */
#define FEW 512          /* rounds that are hardly worth it */

#define STORE 0x80000000u /* in the offset of a poll: it is written */

enum { WATCHING, WANTED, FIRST_LOOK, RUNNING, SECOND_LOOK, FOLLOWING };

/* The table holds the last accesses; a write that matters, or an access that is not in it, begins anew. */
static void begin(struct warp *warp)
{
    warp->count = warp->hits = warp->others = warp->place = warp->blocks = 0;
    warp->phase = WATCHING;
}

/* Something happened: the wait may be over. */
static void leave(struct machine *m)
{
    if (m->warp.orbit)
        anchor_left(m, m->warp.gained);
    m->warp.orbit = 0;
}

void warp_write(struct machine *m)
{
    leave(m);
    begin(&m->warp);
}

void warp_enable(struct machine *m)
{
    if (m->warp.phase == FOLLOWING)
        begin(&m->warp);
}

void machine_doubt(struct machine *m)
{
    m->warp.orbit = 0;
}

void warp_forget(struct machine *m)
{
    m->warp.orbit = 0;
    begin(&m->warp);
    free(m->warp.copy);
    m->warp.copy = NULL;
}

static struct poll *find(struct warp *warp, uint32_t pc, uint32_t device, uint32_t offset)
{
    for (uint32_t i = 0; i < warp->count; i++) {
        struct poll *poll = &warp->polls[i];
        if (poll->pc == pc && poll->device == device && poll->offset == offset)
            return poll;
    }
    return NULL;
}

static void add(struct warp *warp, uint32_t pc, uint32_t device, uint32_t offset, uint32_t value)
{
    if (warp->count == POLLS)
        begin(warp);
    warp->polls[warp->count++] = (struct poll){0, pc, device, offset, value};
    warp->hits = 0;
    warp->phase = WATCHING;
}

static bool is_idle(const struct warp *warp)
{
    return warp->count && warp->polls[0].device >= NO_DEVICE;
}

/* How often must it come round before it is worth looking?  The idle loop of a kernel is always the same. */
static uint32_t patience_of(const struct warp *warp)
{
    if (!is_idle(warp))
        return warp->patience;
    if (warp->polls[0].device == CLOCK)
        return warp->clock_patience;
    return warp->polls[0].pc == warp->idle_pc ? AGAIN : warp->idle_patience;
}

/* The loop has come round: it is looked at from its first read to its first read. */
static void repeated_first(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (warp->phase == WATCHING)
        warp->phase = ++warp->hits >= patience_of(warp) ? WANTED : WATCHING;
    else if (warp->phase == WANTED || warp->phase == RUNNING)
        warp->phase++;
    if (warp->phase == FIRST_LOOK || warp->phase == SECOND_LOOK)
        look_soon(m); /* look at the next block's start */
}

/* A table that begins with what was read before this loop would never be looked at: it begins with the loop. */
static void repeated_other(struct warp *warp, const struct poll *poll)
{
    const struct poll known = *poll;
    if (++warp->hits >= warp->patience && warp->phase == WATCHING)
        warp->phase = WANTED;
    else if (warp->hits >= warp->patience + LOST) {
        begin(warp);
        add(warp, known.pc, known.device, known.offset, known.value);
    }
}

/* A loop is met that asks no device, perhaps again. */
static void meet(struct machine *m, uint32_t pc, uint32_t what)
{
    struct warp *warp = &m->warp;
    if (!warp->is_on || warp->phase == FOLLOWING || warp->orbit)
        return;
    if (is_idle(warp) && warp->polls[0].pc == pc) {
        warp->others = 0;
        repeated_first(m);
    } else if (!warp->count || ++warp->others >= LOST || (is_idle(warp) && pc == warp->idle_pc)) { /* the table begins with another loop */
        begin(warp);
        add(warp, pc, what, 0, 0);
    }
}

void warp_masks(struct machine *m, uint32_t pc)
{
    meet(m, pc, NO_DEVICE);
}

void warp_clock(struct machine *m, const struct machine_counter *how, uint64_t cycle, uint32_t value)
{
    m->warp.is_timed = true;
    if (m->warp.phase == FOLLOWING)
        trail_clock(m, how, cycle, value);
    else if (how)
        meet(m, m->place.pc, CLOCK);
}

void warp_read(struct machine *m, uint32_t pc, uint32_t device, uint32_t offset, uint32_t value)
{
    struct warp *warp = &m->warp;
    if (!warp->is_on)
        return;
    leave(m);
    if (is_idle(warp))
        begin(warp);
    warp->others = 0;
    struct poll *poll = find(warp, pc, device, offset);
    if (!poll || poll->value != value) {
        if (poll) /* it changed: the loop may be another */
            begin(warp);
        add(warp, pc, device, offset, value);
        return;
    }
    if (warp->phase >= RUNNING) /* asked now: by the time of the look, at the next block, it may have changed */
        poll->until = m->devices.quiet(m->devices.owner, device, offset);
    if (poll == &warp->polls[0])
        repeated_first(m);
    else
        repeated_other(warp, poll);
}

/* What looking at a loop has shown decides how soon the next is looked at. */
static void learn(struct warp *warp, bool is_pure)
{
    if (!is_idle(warp))
        warp->patience = is_pure ? AGAIN : warp->patience < PATIENCE ? 2 * warp->patience : PATIENCE;
    else if (warp->polls[0].device == CLOCK)
        warp->clock_patience = is_pure ? CLOCK_ROUNDS : warp->clock_patience < IDLE_PATIENCE ? 2 * warp->clock_patience : IDLE_PATIENCE;
    else if (is_pure)
        warp->idle_pc = warp->polls[0].pc;
    else if (warp->idle_pc == warp->polls[0].pc)
        warp->idle_pc = ODD;
    else
        warp->idle_patience = warp->idle_patience < IDLE_PATIENCE ? 2 * warp->idle_patience : IDLE_PATIENCE;
}

/* The program writes what it wrote the last time round: a device may say that this changes nothing. */
static bool is_settled(struct machine *m, struct poll *poll, uint32_t size)
{
    if (m->warp.phase < WANTED)
        return true; /* it is asked when it matters */
    poll->until = m->devices.settled(m->devices.owner, poll->device, poll->offset & ~STORE, size, poll->value);
    return poll->until;
}

void warp_store(struct machine *m, const struct device *device, uint32_t offset, uint32_t size, uint32_t value)
{
    struct warp *warp = &m->warp;
    if (!warp->is_on)
        return;
    leave(m);
    if (is_idle(warp) || warp->phase == FOLLOWING)
        begin(warp);
    warp->others = 0;
    struct poll *poll = find(warp, m->place.pc, device->number, offset | STORE);
    if (!poll || poll->value != value) {
        if (poll)
            begin(warp);
        add(warp, m->place.pc, device->number, offset | STORE, value);
    } else if (!is_settled(m, poll, size)) {
        learn(warp, false);
        begin(warp);
    } else if (poll == &warp->polls[0])
        repeated_first(m);
    else
        repeated_other(warp, poll);
}

/* Until when every register that was read in the round reads what it read last, in ticks; 0 if a device does not know. */
static uint64_t quiet_until(const struct warp *warp)
{
    uint64_t earliest = UINT64_MAX;
    for (uint32_t i = 0; i < warp->count; i++)
        earliest = warp->polls[i].until < earliest ? warp->polls[i].until : earliest;
    return earliest;
}

/* Count the rounds that fit before anything changes. */
static void skip(struct machine *m, uint64_t period)
{
    const uint64_t quiet = cycle_of(m, quiet_until(&m->warp)), end = quiet < m->deadline ? quiet : m->deadline;
    const uint64_t rounds = period && end > m->cycles ? (end - m->cycles) / period : 0;
    m->cycles += rounds * period;
    m->warp.gained += rounds * period;
}

/*
 * A wait that asks no device goes on till something happens, however often the machine stops in between: when it is
 * run again it is somewhere in the same round, and whole rounds from there lead to there.
 */
void warp_stay(struct machine *m)
{
    if (!m->warp.orbit)
        return;
    const uint64_t before = m->cycles;
    begin(&m->warp); /* no device is asked */
    skip(m, m->warp.orbit);
    if (m->cycles != before)
        anchor_skipped(m);
}

/* --- a round that reads clocks --------------------------------------------------------------------- */

static void expect_answers(struct warp *warp)
{
    for (uint32_t i = 0; i < warp->count; i++) /* what this round does not read may change */
        warp->polls[i].until = UINT64_MAX;
}

/* Follow the next round, if it will not be disturbed. */
static bool begin_following(struct machine *m)
{
    const uint64_t period = m->cycles - m->warp.cycles;
    const bool is_alone = !m->is_stepping && !m->breakpoints && !m->is_translated && m->deadline > m->cycles + 4 * period;
    if (!is_alone || !likeness_keep(m))
        return false;
    expect_answers(&m->warp);
    m->warp.phase = FOLLOWING;
    return true;
}

/* The round is over: count those that are the same, but for the last. */
static void end_following(struct machine *m)
{
    const uint64_t period = m->cycles - m->warp.cycles, quiet = cycle_of(m, quiet_until(&m->warp)), end = quiet < m->deadline ? quiet : m->deadline;
    const uint64_t most = end > m->cycles ? (end - m->cycles) / period : 0;
    const bool is_same = likeness_is_known(m);
    if (is_same && !trail_is_settled(m) && trail_again(m) && begin_following(m))
        return;
    const uint64_t rounds = is_same && trail_is_settled(m) ? trail_rounds(m, period, most) : 0;
    learn(&m->warp, rounds >= FEW || rounds == most);
    if (rounds > 1)
        m->cycles += (rounds - 1) * period;
    begin(&m->warp);
}

bool warp_follows(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (warp->phase != FOLLOWING)
        return false;
    if (!trail_follow(m)) {
        learn(warp, false);
        begin(warp);
    }
    return warp->phase == FOLLOWING;
}

void warp_resume(struct machine *m)
{
    if (m->warp.phase == FOLLOWING)
        begin(&m->warp);
}

/*
 * A loop that reads a clock is looked at where the block begins that reads it: behind it, what was read is still
 * to be used.  Returns whether it is there; else the next block is another try.
 */
static bool is_in_place(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (warp->polls[0].device != CLOCK || (warp->phase != FIRST_LOOK && warp->phase != SECOND_LOOK))
        return true;
    if (!warp->place)
        warp->place = m->block_address;
    if (reg_get(m, UC_ARM_REG_PC) == warp->place) {
        warp->blocks = 0;
        return true;
    }
    if (++warp->blocks >= LOST)
        begin(warp);
    return false;
}

bool warp_steps(const struct machine *m)
{
    return m->warp.blocks;
}

void warp_look(struct machine *m)
{
    struct warp *warp = &m->warp;
    if (!is_in_place(m))
        return;
    if (warp->phase == FIRST_LOOK) {
        warp->phase = likeness_keep(m) ? RUNNING : WATCHING;
        expect_answers(warp);
    } else if (warp->phase == SECOND_LOOK) {
        const bool is_pure = likeness_holds(m);
        trail_begin(m);
        if (warp->is_timed && likeness_expect(m) && begin_following(m))
            return;
        learn(warp, is_pure);
        if (is_pure) {
            const uint64_t period = m->cycles - warp->cycles;
            warp->gained = 0;
            warp->orbit = is_idle(warp) ? period : 0;
            if (is_idle(warp))
                anchor_skipped(m);
            skip(m, period);
        }
        begin(warp);
    } else if (warp->phase == FOLLOWING && m->trail.steps && reg_get(m, UC_ARM_REG_PC) == warp->registers[15])
        end_following(m);
}

bool warp_has_copy(const struct machine *m)
{
    return m->warp.phase == RUNNING || m->warp.phase == SECOND_LOOK;
}

void machine_warp(struct machine *m, int is_on)
{
    m->warp.is_on = is_on;
    m->warp.patience = ROUNDS;
    m->warp.idle_patience = IDLE_ROUNDS;
    m->warp.clock_patience = CLOCK_ROUNDS;
    m->warp.idle_pc = ODD;
    m->warp.orbit = 0;
    anchor_drop(m);
    begin(&m->warp);
}
