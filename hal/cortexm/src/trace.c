/*
 * For traces and coverage: which functions are entered, how often each instruction was run.
 *
 * A hook of its own, there only while somebody wants to know; it comes after the one that counts time.
 */
#include "internal.h"

#include <stdlib.h>

#define CALLS 1024 /* told at once */
#define COVERS 4

struct trace {
    struct machine *machine;
    const uint32_t *entries; /* ascending */
    uint32_t count, previous, previous_end, kept;
    machine_tell *tell;
    void *owner;
    uc_hook hook;
    struct machine_call calls[CALLS];
};

struct cover {
    struct machine *machine;
    uint32_t address, size, previous, previous_end;
    uint32_t *counts;
    struct machine_function *functions; /* ascending */
    uint32_t function_count;
    uc_hook hook;
};

struct tracing {
    struct trace trace;
    struct cover covers[COVERS];
    uint32_t cover_count;
};

static struct tracing *tracing_of(struct machine *m)
{
    if (!m->tracing)
        m->tracing = calloc(1, sizeof *m->tracing);
    return m->tracing;
}

/* Of a block that is run: how much of it. */
static uint32_t size_run(const struct machine *m, uint32_t address, uint32_t size)
{
    const uint8_t *code = m->is_careful || m->is_stepping ? memory_at((struct machine *)(uintptr_t)m, address, 2, UC_PROT_READ) : NULL;
    return !code ? size : is_wide(half_at(code)) ? 4 : 2;
}

static bool is_entry(const struct trace *trace, uint32_t address)
{
    uint32_t low = 0, high = trace->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (trace->entries[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < trace->count && trace->entries[low] == address;
}

static void on_traced(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
    struct trace *trace = user;
    struct machine *m = trace->machine;
    (void)engine;
    if (m->is_held)
        return;
    if (is_entry(trace, (uint32_t)address)) {
        trace->calls[trace->kept++] = (struct machine_call){
            machine_now(m),   (uint32_t)address, trace->previous, trace->previous_end, reg_get(m, UC_ARM_REG_LR), reg_get(m, UC_ARM_REG_SP),
            exception_number(m), reg_get(m, UC_ARM_REG_CONTROL)};
        if (trace->kept == CALLS)
            machine_trace_flush(m);
    }
    trace->previous = (uint32_t)address;
    trace->previous_end = (uint32_t)address + size_run(m, (uint32_t)address, size);
}

int machine_trace(struct machine *m, const uint32_t *entries, uint32_t count, machine_tell *tell, void *owner)
{
    struct tracing *tracing = tracing_of(m);
    if (!tracing || tracing->trace.tell)
        return -1;
    tracing->trace.machine = m;
    tracing->trace.entries = entries;
    tracing->trace.count = count;
    tracing->trace.tell = tell;
    tracing->trace.owner = owner;
    if (!add_hook(m, &tracing->trace.hook, UC_HOOK_BLOCK, HOOK(on_traced), &tracing->trace, 1, 0))
        return -1;
    machine_code_changed(m, 0, 0);
    return 0;
}

void machine_trace_flush(struct machine *m)
{
    struct trace *trace = m->tracing ? &m->tracing->trace : NULL;
    if (!trace || !trace->kept)
        return;
    const uint32_t kept = trace->kept;
    trace->kept = 0;
    trace->tell(trace->owner, trace->calls, kept);
}

static struct machine_function *function_at(const struct cover *cover, uint32_t address)
{
    uint32_t low = 0, high = cover->function_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (cover->functions[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cover->function_count && cover->functions[low].address == address ? &cover->functions[low] : NULL;
}

/* A branch back to a function's first instruction enters nothing; a call leaves where it came from in LR. */
static void count_entry(const struct cover *cover, uint32_t address)
{
    struct machine_function *function = function_at(cover, address);
    if (!function)
        return;
    const bool is_inside = cover->previous - function->address < function->size;
    if (!is_inside || (reg_get(cover->machine, UC_ARM_REG_LR) & ~1u) == cover->previous_end)
        function->entries += function->entries != UINT32_MAX;
}

static void on_covered(uc_engine *engine, uint64_t address, uint32_t size, void *user)
{
    struct cover *cover = user;
    const uint32_t from = (uint32_t)address - cover->address;
    (void)engine;
    if (cover->machine->is_held)
        return;
    const uint32_t run = size_run(cover->machine, (uint32_t)address, size);
    if (from < cover->size) {
        for (uint32_t at = from / 2; at < (from + run) / 2 && at < cover->size / 2; at++)
            cover->counts[at] += cover->counts[at] != UINT32_MAX;
        count_entry(cover, (uint32_t)address);
    }
    cover->previous = (uint32_t)address;
    cover->previous_end = (uint32_t)address + run;
}

int machine_cover(struct machine *m, uint32_t address, uint32_t size, uint32_t *counts, struct machine_function *functions, uint32_t count)
{
    struct tracing *tracing = tracing_of(m);
    if (!tracing || tracing->cover_count == COVERS)
        return -1;
    struct cover *cover = &tracing->covers[tracing->cover_count];
    *cover = (struct cover){m, address, size, 0, 0, counts, functions, count, 0};
    if (!add_hook(m, &cover->hook, UC_HOOK_BLOCK, HOOK(on_covered), cover, 1, 0)) /* all blocks: who enters a function may be elsewhere */
        return -1;
    tracing->cover_count++;
    machine_code_changed(m, 0, 0);
    return 0;
}

uint32_t machine_system_read(struct machine *m, uint32_t address)
{
    return system_read(m, address, 4);
}

void machine_system_write(struct machine *m, uint32_t address, uint32_t value)
{
    machine_doubt(m);
    system_write(m, address, 4, value);
}
