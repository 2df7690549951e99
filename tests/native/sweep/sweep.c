/*
 * The injector: for each fault load the recorded state before it, change it, and go on.
 *
 * To be fast without guessing, the faulty run is compared with the record at checkpoints.
 *  - Equal registers and memory have an equal future: the run may end there.
 *  - If only some bytes of memory differ, the future is equal until the record reads one of them: the run may
 *    be taken up again at the last checkpoint before that, with the bytes that have not been written since.
 *  - Two faults that lead to one state have one end, which is looked up by a 64-bit hash of the state.
 * No other pruning is done.  A run that stays different goes on in a second machine that nobody watches, at
 * more than twice the speed.
 */
#include "sweep.h"

#include "record.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 24u /* steps after a fault at which most have vanished */
#define ENDS (1u << 18)
#define FAR 16u  /* checkpoints between comparisons, from which on there are no more */

/* What a comparison said. */
enum { GO_ON, ENDED, FORWARD, ALONE };

struct sweep {
    struct record *record;
    struct machine *machine, *unwatched;
    uint64_t blocks, blocks_most; /* of the unwatched one: how many it ran, and when it hangs */
    uint32_t wanted;
    uint8_t groups[CODE_SIZE / 2];
    uint32_t counts[GROUPS][KINDS][OUTCOMES];
    struct found found[FOUND_MOST];
    uint32_t found_count;
    struct { uint64_t key; uint32_t outcome; } ends[ENDS];

    /* The run in progress. */
    uint32_t now;               /* the step of the record that it seems to be at */
    uint32_t seek;              /* where to save the state and stop */
    uint32_t meet;              /* where to compare */
    const struct checkpoint *target; /* with what */
    size_t stride;              /* checkpoints to the next comparison */
    uint64_t executed, most;    /* steps in all, and when it hangs */
    int said;
    uint32_t outcome;           /* if it ENDED */
    uint64_t key;               /* of the first state that was compared with a checkpoint */
    struct state saved;
    struct checkpoint near;     /* the record NEAR steps after the step that is being swept */
};

static uint64_t hash_of(const struct state *state)
{
    const uint8_t *bytes = (const uint8_t *)state;
    uint64_t hash = 0, word;
    for (size_t i = 0; i + 8 <= sizeof *state; i += 8) {
        memcpy(&word, bytes + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u, hash ^= hash >> 32;
    }
    memcpy(&word, bytes + sizeof *state - 8, 8);
    return (hash ^ word) * 0x9e3779b97f4a7c15u | 1;
}

/* The end of a run that the record knows, or that another fault has had. */
static void end(struct sweep *sweep, uint32_t outcome)
{
    sweep->said = ENDED, sweep->outcome = outcome;
}

/* Where to take the run up again: as late as all that it reads before is as recorded. */
static void look_ahead(struct sweep *sweep)
{
    const struct record *record = sweep->record;
    const uint8_t *mine = sweep->saved.memory, *theirs = sweep->target->state.memory;
    uint32_t until = NEVER;
    for (uint32_t byte = 0; byte < MEMORY_SIZE; byte++)
        if (mine[byte] != theirs[byte]) {
            const uint32_t access = record_access(record, byte, sweep->now);
            if (!(access & 1) && access >> 1 < until)
                until = access >> 1;
        }
    if (until == NEVER)
        end(sweep, SAME); /* nothing that differs is ever read */
    else if (record->checkpoints[record_before(record, until)].step > sweep->now)
        sweep->said = FORWARD, sweep->target = &record->checkpoints[record_before(record, until)];
}

/* `saved`, which is at step `now`, as it will be at the target. */
static void forward(struct sweep *sweep, const struct state *then)
{
    const struct state *target = &sweep->target->state;
    for (uint32_t byte = 0; byte < MEMORY_SIZE; byte++)
        if (sweep->saved.memory[byte] == then->memory[byte] ||
            record_access(sweep->record, byte, sweep->now) < sweep->target->step << 1)
            sweep->saved.memory[byte] = target->memory[byte];
    memcpy(sweep->saved.registers, target->registers, sizeof target->registers);
}

static void look_up(struct sweep *sweep)
{
    const uint64_t key = hash_of(&sweep->saved);
    if (sweep->ends[key % ENDS].key == key)
        end(sweep, sweep->ends[key % ENDS].outcome);
    sweep->key = key;
}

static void plan_next(struct sweep *sweep)
{
    const struct record *record = sweep->record;
    const size_t next = record_before(record, sweep->now) + sweep->stride;
    sweep->target = &record->checkpoints[next < record->kept ? next : record->kept - 1];
    sweep->meet = sweep->target->step > sweep->now ? sweep->target->step : NEVER;
    sweep->stride += sweep->stride / 2 + 1;
}

static void compare(struct sweep *sweep, uint32_t pc)
{
    const struct state *target = &sweep->target->state;
    state_here(sweep->machine, pc, &sweep->saved);
    if (it_of(sweep->saved.registers[XPSR]) == 0 &&
        memcmp(sweep->saved.registers, target->registers, sizeof target->registers) == 0) {
        if (memcmp(sweep->saved.memory, target->memory, MEMORY_SIZE) == 0)
            end(sweep, SAME);
        else
            look_ahead(sweep);
    }
    if (sweep->said == GO_ON && sweep->target != &sweep->near && sweep->key == 0)
        look_up(sweep);
    if (sweep->said == GO_ON && sweep->stride > FAR)
        sweep->said = ALONE;
    if (sweep->said == GO_ON)
        plan_next(sweep);
    else
        uc_emu_stop(sweep->machine->uc);
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct sweep *sweep = context;
    (void)address, (void)size;
    if (++sweep->blocks > sweep->blocks_most)
        uc_emu_stop(uc);
}

/* `saved` to its end. */
static uint32_t run_alone(struct sweep *sweep)
{
    struct machine *machine = sweep->unwatched;
    sweep->blocks = 0;
    machine_load(machine, &sweep->saved);
    if (machine_run(machine, sweep->saved.registers[PC]) == CRASHED)
        return sweep->blocks > sweep->blocks_most ? HANG : CRASH;
    return machine->result == sweep->wanted ? RESULT : OTHER;
}

static void on_step(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct sweep *sweep = context;
    const uint32_t pc = (uint32_t)address, once = sweep->record->once[pc / 2 % (CODE_SIZE / 2)];
    (void)size;

    it_follow(sweep->machine, pc);
    if (sweep->said != GO_ON)
        return; /* the rest of a conditional block, before Unicorn stops */
    if (sweep->seek != NEVER) {
        if (sweep->now == sweep->seek) {
            state_here(sweep->machine, pc, &sweep->saved);
            sweep->said = ENDED;
            uc_emu_stop(uc);
        }
    } else {
        if (once != NEVER)
            sweep->now = once;
        if (sweep->now > sweep->meet)
            plan_next(sweep);
        if (sweep->now == sweep->meet)
            compare(sweep, pc);
        if (++sweep->executed > sweep->most)
            uc_emu_stop(uc);
    }
    sweep->now += sweep->said == GO_ON;
}

/* Run from a state that is at `step`. */
static int run_from(struct sweep *sweep, const struct state *state, uint32_t step)
{
    struct machine *machine = sweep->machine;
    const uint32_t it = it_of(state->registers[XPSR]);
    machine->it_begin = machine->it_end = 0;
    if (it) /* as long as the conditions go on, no comparison */
        machine->it_begin = 1, machine->it_end = state->registers[PC] + 2;
    sweep->now = step, sweep->said = GO_ON;
    machine_load(machine, state);
    return machine_run(machine, state->registers[PC]);
}

/* The recorded state at `step`. */
static void seek(struct sweep *sweep, uint32_t step, struct state *state)
{
    const struct checkpoint *from = &sweep->record->checkpoints[record_before(sweep->record, step)];
    sweep->seek = step, sweep->meet = NEVER;
    (void)run_from(sweep, &from->state, from->step);
    *state = sweep->saved;
    sweep->seek = NEVER;
}

static void skip(const struct sweep *sweep, struct state *state)
{
    uint32_t *xpsr = &state->registers[XPSR];
    state->registers[PC] += instruction_size(sweep->machine, state->registers[PC]);
    *xpsr = it_put(*xpsr, it_advance(it_of(*xpsr)));
}

static uint32_t ending(struct sweep *sweep, int how)
{
    if (sweep->said == ENDED)
        return sweep->outcome;
    if (sweep->said == ALONE)
        return run_alone(sweep);
    if (how == CRASHED)
        return sweep->executed > sweep->most ? HANG : CRASH;
    return sweep->machine->result == sweep->wanted ? RESULT : OTHER;
}

static void note(struct sweep *sweep, const struct fault *fault, uint32_t outcome)
{
    const uint32_t pc = sweep->record->trace[fault->step];
    sweep->counts[sweep->groups[pc / 2]][fault->kind][outcome]++;
    if (outcome == RESULT && sweep->found_count < FOUND_MOST)
        sweep->found[sweep->found_count++] = (struct found){*fault, pc};
}

static void change(const struct sweep *sweep, const struct fault *fault, struct state *state)
{
    if (fault->kind == SKIP)
        skip(sweep, state);
    else if (fault->kind == FLIP)
        state->registers[fault->which] ^= 1u << fault->bit;
    else
        state->registers[XPSR] ^= 1u << fault->bit;
}

/* One fault, put into `before`, the recorded state at its step; `near` is a step to compare at first, or NEVER. */
static void inject(struct sweep *sweep, const struct fault *fault, const struct state *before, uint32_t near)
{
    static struct state state;
    state = *before;
    change(sweep, fault, &state);
    sweep->key = 0, sweep->executed = 0, sweep->stride = 1;
    sweep->meet = near, sweep->target = &sweep->near;
    sweep->now = fault->step;
    if (near == NEVER)
        plan_next(sweep);
    int how = run_from(sweep, &state, fault->step + (fault->kind == SKIP));
    while (sweep->said == FORWARD) {
        const uint32_t step = sweep->target->step;
        const struct checkpoint *at = sweep->now == near ? &sweep->near : NULL;
        forward(sweep, at ? &at->state : &sweep->record->checkpoints[record_before(sweep->record, sweep->now)].state);
        state = sweep->saved;
        sweep->said = GO_ON, sweep->now = step, sweep->stride = 1;
        if (sweep->key == 0)
            look_up(sweep);
        if (sweep->said == ENDED)
            break;
        plan_next(sweep);
        how = run_from(sweep, &state, step);
    }
    const uint32_t outcome = ending(sweep, how);
    if (sweep->key)
        sweep->ends[sweep->key % ENDS].key = sweep->key, sweep->ends[sweep->key % ENDS].outcome = outcome;
    note(sweep, fault, outcome);
}

/* The record NEAR steps on; NEVER if the call has ended or only a conditional block is there. */
static uint32_t find_near(struct sweep *sweep, uint32_t step)
{
    const uint32_t near = step + NEAR;
    if (near >= sweep->record->steps)
        return NEVER;
    seek(sweep, near, &sweep->near.state);
    sweep->near.step = near;
    return it_of(sweep->near.state.registers[XPSR]) ? NEVER : near;
}

static void every_fault_at(struct sweep *sweep, uint32_t step)
{
    static struct state before;
    const uint32_t near = find_near(sweep, step);
    seek(sweep, step, &before);
    inject(sweep, &(struct fault){step, SKIP, 0, 0, 0}, &before, near);
    for (uint8_t which = 0; which <= PC; which++)
        for (uint8_t bit = which == SP ? 2 : which == PC; bit < 32; bit++) /* sp is of words, pc of halfwords */
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
    if (!sweep || !(sweep->machine = machine_bare(code, length)) || !(sweep->unwatched = machine_bare(code, length)))
        return NULL;
    memcpy(machine_memory(sweep->machine), memory, MEMORY_SIZE);
    machine_prepare(sweep->machine, function, stack, arguments, count, &sweep->saved);
    if (!(sweep->record = record_new(code, length, &sweep->saved)))
        return NULL;
    uc_hook_add(sweep->machine->uc, &hook, UC_HOOK_CODE, (void *)on_step, sweep, 0, CODE_SIZE);
    uc_hook_add(sweep->unwatched->uc, &hook, UC_HOOK_BLOCK, (void *)on_block, sweep, 0, CODE_SIZE);
    memcpy(sweep->groups, groups, sizeof sweep->groups);
    sweep->machine->limit = sweep->unwatched->limit = UINT64_MAX;
    sweep->wanted = wanted, sweep->seek = NEVER;
    sweep->most = 2 * (uint64_t)sweep->record->steps + 10000;
    sweep->blocks_most = sweep->record->steps / 2 + 10000;
    return sweep;
}

void sweep_free(struct sweep *sweep)
{
    machine_free(sweep->machine), machine_free(sweep->unwatched);
    record_free(sweep->record);
    free(sweep);
}

uint32_t sweep_steps(const struct sweep *sweep)
{
    return sweep->record->steps;
}

const uint32_t *sweep_trace(const struct sweep *sweep)
{
    return sweep->record->trace;
}

uint32_t sweep_result(const struct sweep *sweep)
{
    return sweep->record->result;
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
