/*
 * The recorder: one run for steps and checkpoints, one for the accesses to memory.
 *
 * The second run must take the very steps of the first, and end like it.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

struct access {
    uint32_t step;
    uint16_t byte;
    uint8_t size, is_write;
};

/* A recording in progress. */
struct recorder {
    struct record *record;
    struct machine *machine;
    uint32_t now, next;
    struct access *accesses;
    size_t count, room;
    int strayed; /* the second run left the way of the first */
};

uint32_t it_of(uint32_t xpsr)
{
    return (xpsr >> 25 & 3) | (xpsr >> 10 & 0x3f) << 2;
}

uint32_t it_put(uint32_t xpsr, uint32_t it)
{
    return (xpsr & ~0x0600fc00u) | (it & 3) << 25 | (it >> 2) << 10;
}

uint32_t it_advance(uint32_t it)
{
    const uint32_t next = (it & 0xe0) | (it << 1 & 0x1f);
    return next & 15 ? next : 0;
}

void it_follow(struct machine *machine, uint32_t pc)
{
    uint32_t count, length;
    if (it_is_inside(machine, pc))
        return;
    length = it_length(machine, pc, &count);
    machine->it_begin = length ? pc : 0, machine->it_end = length ? pc + 2 + length : 0;
}

int it_is_inside(const struct machine *machine, uint32_t pc)
{
    return pc > machine->it_begin && pc < machine->it_end;
}

void state_here(const struct machine *machine, uint32_t pc, struct state *state)
{
    uint32_t it = machine->code[machine->it_begin];
    machine_save(machine, state);
    state->registers[PC] = pc;
    if (!it_is_inside(machine, pc))
        return;
    for (uint32_t at = machine->it_begin + 2; at < pc; at += instruction_size(machine, at))
        it = it_advance(it);
    state->registers[XPSR] = it_put(state->registers[XPSR], it);
}

/* Room for one element more.  Without memory there is no test. */
static void *grown(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room ? 2 * *room : 64;
    if (!(list = realloc(list, *room * size)))
        abort();
    return list;
}

static void on_step(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct recorder *recorder = context;
    struct record *record = recorder->record;
    const uint32_t pc = (uint32_t)address;
    (void)uc, (void)size;

    it_follow(recorder->machine, pc);
    record->trace = grown(record->trace, recorder->now, &record->trace_room, sizeof *record->trace);
    record->trace[recorder->now] = pc;
    if (recorder->now >= recorder->next && !it_is_inside(recorder->machine, pc)) {
        record->checkpoints =
            grown(record->checkpoints, record->kept, &record->kept_room, sizeof *record->checkpoints);
        record->checkpoints[record->kept].step = recorder->now;
        state_here(recorder->machine, pc, &record->checkpoints[record->kept++].state);
        recorder->next = recorder->now + SPACING;
    }
    recorder->now++;
}

static void on_count(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct recorder *recorder = context;
    (void)size;
    if (recorder->now >= recorder->record->steps || recorder->record->trace[recorder->now++] != address)
        recorder->strayed = 1, uc_emu_stop(uc);
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *context)
{
    struct recorder *recorder = context;
    const uint64_t byte = address - MEMORY_BASE;
    (void)value;
    it_forget(uc);
    if (address < MEMORY_BASE || byte >= MEMORY_SIZE)
        return; /* constants among the code */
    recorder->accesses = grown(recorder->accesses, recorder->count, &recorder->room, sizeof *recorder->accesses);
    recorder->accesses[recorder->count++] =
        (struct access){recorder->now - 1, (uint16_t)byte, (uint8_t)size, type == UC_MEM_WRITE};
}

static int run(struct recorder *recorder, const uint8_t *code, size_t length, const struct state *state, int for_data)
{
    uc_hook hook, data;
    recorder->machine = machine_bare(code, length);
    recorder->now = recorder->next = 0;
    uc_hook_add(recorder->machine->uc, &hook, UC_HOOK_CODE, for_data ? (void *)on_count : (void *)on_step, recorder, 0,
                CODE_SIZE);
    if (for_data)
        uc_hook_add(recorder->machine->uc, &data, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access, recorder,
                    1, 0);
    recorder->machine->limit = UINT64_MAX;
    machine_load(recorder->machine, state);
    const int how = machine_run(recorder->machine, state->registers[PC]);
    const int is_same = !for_data || (recorder->now == recorder->record->steps && !recorder->strayed &&
                                      recorder->machine->result == recorder->record->result);
    recorder->record->steps = recorder->now, recorder->record->result = recorder->machine->result;
    machine_free(recorder->machine);
    return how == RETURNED && is_same;
}

/* Sort by byte, keeping the order in time: count, then place. */
static void sort(struct record *record, const struct access *accesses, size_t count)
{
    uint32_t *next = calloc(MEMORY_SIZE + 1, sizeof *next);
    for (size_t i = 0; i < count; i++)
        for (uint32_t byte = accesses[i].byte; byte < (uint32_t)accesses[i].byte + accesses[i].size; byte++)
            record->first[byte + 1]++;
    for (size_t byte = 0; byte < MEMORY_SIZE; byte++)
        record->first[byte + 1] += record->first[byte], next[byte + 1] = record->first[byte + 1];
    record->accesses = malloc((record->first[MEMORY_SIZE] + 1) * sizeof *record->accesses);
    for (size_t i = 0; i < count; i++)
        for (uint32_t byte = accesses[i].byte; byte < (uint32_t)accesses[i].byte + accesses[i].size; byte++)
            record->accesses[next[byte]++] = accesses[i].step << 1 | accesses[i].is_write;
    free(next);
}

static void find_once(struct record *record)
{
    uint8_t *seen = calloc(1, CODE_SIZE / 2);
    for (size_t i = 0; i < CODE_SIZE / 2; i++)
        record->once[i] = NEVER;
    for (uint32_t step = 0; step < record->steps; step++) {
        const uint32_t at = record->trace[step] / 2;
        record->once[at] = seen[at] ? NEVER : step;
        seen[at] = 1;
    }
    free(seen);
}

struct record *record_new(const uint8_t *code, size_t length, const struct state *state)
{
    struct recorder recorder = {calloc(1, sizeof(struct record)), NULL, 0, 0, NULL, 0, 0, 0};
    struct record *record = recorder.record;
    if (!run(&recorder, code, length, state, 0) || !run(&recorder, code, length, state, 1))
        return NULL;
    sort(record, recorder.accesses, recorder.count);
    find_once(record);
    free(recorder.accesses);
    return record;
}

void record_free(struct record *record)
{
    free(record->trace), free(record->checkpoints), free(record->accesses), free(record);
}

size_t record_before(const struct record *record, uint32_t step)
{
    size_t at = step / SPACING < record->kept ? step / SPACING : record->kept - 1;
    while (at > 0 && record->checkpoints[at].step > step)
        at--;
    return at;
}

uint32_t record_access(const struct record *record, uint32_t byte, uint32_t step)
{
    uint32_t low = record->first[byte], high = record->first[byte + 1];
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (record->accesses[middle] >> 1 < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low < record->first[byte + 1] ? record->accesses[low] : NEVER;
}
