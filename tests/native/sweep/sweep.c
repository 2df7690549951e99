/*
 * The injector: record once, then for each fault load the state before it, change it, and go on.
 *
 * To be fast without guessing: checkpoints of the recorded call are compared with the faulty one.  Equal
 * registers and memory have an equal future, so the run may end there (SAME); and two faults that lead to one
 * state have one end, which is looked up by a 64-bit hash of the state.  No other pruning is done.
 */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#define SPACING 1024u /* steps between checkpoints */
#define NEAR 24u      /* steps after a fault at which most have vanished */
#define ENDS (1u << 16)
#define NEVER UINT32_MAX

struct checkpoint {
    uint32_t step;
    struct state state;
};

struct sweep {
    struct machine *machine;
    uint32_t wanted, result, steps, room;
    uint32_t *trace;
    struct checkpoint *checkpoints;
    size_t kept, kept_room;
    uint8_t groups[CODE_SIZE / 2];
    uint32_t counts[GROUPS][KINDS][OUTCOMES];
    struct found found[FOUND_MOST];
    uint32_t found_count;
    struct { uint64_t key; uint32_t outcome; } ends[ENDS];

    /* The run in progress. */
    int is_recording, is_same;
    uint32_t now, seek, meet, last;      /* step; where to save; where to compare; where it hangs */
    struct checkpoint *target;           /* what to compare with at `meet` */
    int meets;                           /* comparisons still to come after the near one */
    uint64_t key;                        /* of the state at the first checkpoint after the fault */
    int outcome_known;
    uint32_t outcome;
    struct state saved;
};

static struct checkpoint near_state; /* the recorded state NEAR steps after the one that is being swept */

static uint64_t hash_of(const struct state *state)
{
    const uint32_t *words = (const uint32_t *)(const void *)state;
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof *state / 4; i++)
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u, hash ^= hash >> 32;
    return hash | 1;
}

static int in_it(const struct machine *machine, uint32_t pc)
{
    return pc > machine->it_begin && pc < machine->it_end;
}

/* ITSTATE at `pc` (ARMv7-M, A7.3.2), which Unicorn does not tell. */
static uint32_t it_state(const struct machine *machine, uint32_t pc)
{
    uint32_t state = machine->code[machine->it_begin];
    for (uint32_t at = machine->it_begin + 2; at < pc; at += instruction_size(machine, at))
        state = (state & 0xe0) | (state << 1 & 0x1f);
    return state & 15 ? state : 0;
}

static uint32_t with_it(uint32_t xpsr, uint32_t it)
{
    return (xpsr & ~0x0600fc00u) | (it & 3) << 25 | (it >> 2) << 10;
}

static uint32_t it_of(uint32_t xpsr)
{
    return (xpsr >> 25 & 3) | (xpsr >> 10 & 0x3f) << 2;
}

static void save_here(struct sweep *sweep, uint32_t pc, struct state *state)
{
    struct machine *machine = sweep->machine;
    machine_save(machine, state);
    state->registers[PC] = pc;
    if (in_it(machine, pc))
        state->registers[XPSR] = with_it(state->registers[XPSR], it_state(machine, pc));
}

static void record(struct sweep *sweep, uint32_t pc)
{
    if (sweep->steps == sweep->room) {
        sweep->room = sweep->room ? 2 * sweep->room : 1u << 16;
        sweep->trace = realloc(sweep->trace, sweep->room * sizeof *sweep->trace);
    }
    sweep->trace[sweep->steps++] = pc;
    if (sweep->now < sweep->seek || in_it(sweep->machine, pc))
        return;
    if (sweep->kept == sweep->kept_room) {
        sweep->kept_room += 64;
        sweep->checkpoints = realloc(sweep->checkpoints, sweep->kept_room * sizeof *sweep->checkpoints);
    }
    sweep->checkpoints[sweep->kept].step = sweep->now;
    save_here(sweep, pc, &sweep->checkpoints[sweep->kept++].state);
    sweep->seek = sweep->now + SPACING;
}

static size_t checkpoint_before(const struct sweep *sweep, uint32_t step)
{
    size_t at = step / SPACING < sweep->kept ? step / SPACING : sweep->kept - 1;
    while (at > 0 && sweep->checkpoints[at].step > step)
        at--;
    return at;
}

/* Compare with the record; then look at the next checkpoint, if one is due. */
static void meet(struct sweep *sweep, uint32_t pc)
{
    struct state *state = &sweep->saved;
    save_here(sweep, pc, state);
    if (!in_it(sweep->machine, pc) && memcmp(state, &sweep->target->state, sizeof *state) == 0) {
        sweep->is_same = 1;
        uc_emu_stop(sweep->machine->uc);
        return;
    }
    if (sweep->target != &near_state && sweep->key == 0) {
        sweep->key = hash_of(state);
        const size_t at = sweep->key % ENDS;
        if (sweep->ends[at].key == sweep->key) {
            sweep->outcome_known = 1, sweep->outcome = sweep->ends[at].outcome;
            uc_emu_stop(sweep->machine->uc);
            return;
        }
    }
    const size_t next = checkpoint_before(sweep, sweep->now) + 1;
    sweep->meet = NEVER;
    if (sweep->meets-- > 0 && next < sweep->kept)
        sweep->target = &sweep->checkpoints[next], sweep->meet = sweep->target->step;
}

static void on_step(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct sweep *sweep = context;
    struct machine *machine = sweep->machine;
    const uint32_t pc = (uint32_t)address;
    uint32_t count = 0, length;
    (void)size;

    if (!in_it(machine, pc)) {
        length = it_length(machine, pc, &count);
        machine->it_begin = length ? pc : 0, machine->it_end = length ? pc + 2 + length : 0;
    }
    if (sweep->is_recording)
        record(sweep, pc);
    else if (sweep->now == sweep->seek) {
        save_here(sweep, pc, &sweep->saved);
        uc_emu_stop(uc);
    } else if (sweep->now == sweep->meet)
        meet(sweep, pc);
    else if (sweep->now > sweep->last)
        uc_emu_stop(uc);
    sweep->now++;
}

/* Run from a state that is at `step`. */
static int run_from(struct sweep *sweep, const struct state *state, uint32_t step)
{
    struct machine *machine = sweep->machine;
    machine->it_begin = machine->it_end = 0;
    sweep->now = step;
    machine_load(machine, state);
    return machine_run(machine, state->registers[PC]);
}

/* The recorded state at `step`. */
static void seek(struct sweep *sweep, uint32_t step, struct state *state)
{
    const struct checkpoint *from = &sweep->checkpoints[checkpoint_before(sweep, step)];
    sweep->seek = step, sweep->meet = NEVER;
    (void)run_from(sweep, &from->state, from->step);
    *state = sweep->saved;
    sweep->seek = NEVER;
}

static void skip(const struct sweep *sweep, struct state *state)
{
    uint32_t *xpsr = &state->registers[XPSR];
    const uint32_t it = it_of(*xpsr), next = (it & 0xe0) | (it << 1 & 0x1f);
    state->registers[PC] += instruction_size(sweep->machine, state->registers[PC]);
    *xpsr = with_it(*xpsr, next & 15 ? next : 0);
}

static uint32_t ending(const struct sweep *sweep, int how)
{
    if (how == CRASHED)
        return sweep->now > sweep->last ? HANG : CRASH;
    return sweep->machine->result == sweep->wanted ? RESULT : OTHER;
}

static void note(struct sweep *sweep, const struct fault *fault, uint32_t outcome)
{
    const uint32_t pc = sweep->trace[fault->step];
    sweep->counts[sweep->groups[pc / 2]][fault->kind][outcome]++;
    if (outcome == RESULT && sweep->found_count < FOUND_MOST)
        sweep->found[sweep->found_count++] = (struct found){*fault, pc};
}

/* One fault, put into `before`, the recorded state at its step. */
static void inject(struct sweep *sweep, const struct fault *fault, const struct state *before, uint32_t near)
{
    static struct state state;
    state = *before;
    if (fault->kind == SKIP)
        skip(sweep, &state);
    else if (fault->kind == FLIP)
        state.registers[fault->which] ^= 1u << fault->bit;
    else
        state.registers[XPSR] ^= 1u << fault->bit;
    sweep->is_same = sweep->outcome_known = 0, sweep->key = 0;
    sweep->meets = 2, sweep->meet = near, sweep->target = &near_state;
    const int how = run_from(sweep, &state, fault->step + (fault->kind == SKIP));
    const uint32_t outcome = sweep->is_same ? SAME : sweep->outcome_known ? sweep->outcome : ending(sweep, how);
    if (sweep->key)
        sweep->ends[sweep->key % ENDS].key = sweep->key, sweep->ends[sweep->key % ENDS].outcome = outcome;
    note(sweep, fault, outcome);
}

/* The record NEAR steps on, or NEVER if the call has ended or only a conditional block is there. */
static uint32_t find_near(struct sweep *sweep, uint32_t step)
{
    const uint32_t near = step + NEAR;
    if (near >= sweep->steps)
        return NEVER;
    seek(sweep, near, &near_state.state);
    near_state.step = near;
    return it_of(near_state.state.registers[XPSR]) ? NEVER : near;
}

static void every_fault_at(struct sweep *sweep, uint32_t step)
{
    static struct state before;
    const uint32_t near = find_near(sweep, step);
    seek(sweep, step, &before);
    inject(sweep, &(struct fault){step, SKIP, 0, 0, 0}, &before, near);
    for (uint8_t which = 0; which <= PC; which++)
        for (uint8_t bit = which == SP ? 2 : which == PC; bit < 32; bit++) /* sp is even words, pc halfwords */
            inject(sweep, &(struct fault){step, FLIP, which, bit, 0}, &before, near);
    for (uint8_t bit = 28; bit < 32; bit++)
        inject(sweep, &(struct fault){step, FLAG, 0, bit, 0}, &before, near);
}

void sweep_all(struct sweep *sweep, const uint32_t *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        every_fault_at(sweep, steps[i]);
}

void sweep_some(struct sweep *sweep, const struct fault *faults, size_t count)
{
    static struct state before;
    for (size_t i = 0; i < count; i++) {
        const uint32_t near = find_near(sweep, faults[i].step);
        seek(sweep, faults[i].step, &before);
        inject(sweep, &faults[i], &before, near);
    }
}

struct sweep *sweep_new(const uint8_t *code, size_t length, const uint8_t *memory, uint32_t function, uint32_t stack,
                        const uint32_t *arguments, size_t count, const uint8_t *groups, uint32_t wanted)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    uc_hook hook;
    if (!sweep || !(sweep->machine = machine_bare(code, length)))
        return NULL;
    if (uc_hook_add(sweep->machine->uc, &hook, UC_HOOK_CODE, (void *)on_step, sweep, 0, CODE_SIZE))
        return NULL;
    memcpy(machine_memory(sweep->machine), memory, MEMORY_SIZE);
    memcpy(sweep->groups, groups, sizeof sweep->groups);
    machine_prepare(sweep->machine, function, stack, arguments, count, &sweep->saved);
    sweep->machine->limit = UINT64_MAX;
    sweep->wanted = wanted, sweep->is_recording = 1, sweep->meet = NEVER;
    const int how = run_from(sweep, &sweep->saved, 0);
    sweep->is_recording = 0, sweep->result = sweep->machine->result;
    sweep->last = 2 * sweep->steps + 10000;
    return how == RETURNED ? sweep : NULL;
}

void sweep_free(struct sweep *sweep)
{
    machine_free(sweep->machine);
    free(sweep->trace), free(sweep->checkpoints), free(sweep);
}

uint32_t sweep_steps(const struct sweep *sweep)
{
    return sweep->steps;
}

const uint32_t *sweep_trace(const struct sweep *sweep)
{
    return sweep->trace;
}

uint32_t sweep_result(const struct sweep *sweep)
{
    return sweep->result;
}

const uint32_t *sweep_counts(const struct sweep *sweep)
{
    return &sweep->counts[0][0][0];
}

const struct found *sweep_found(const struct sweep *sweep, uint32_t *count)
{
    *count = sweep->found_count;
    return sweep->found;
}
