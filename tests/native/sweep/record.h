/*
 * A call on the emulated processor, recorded: every step, checkpoints, and who reads and writes which byte.
 */
#ifndef ARMILLARY_TEST_RECORD_H
#define ARMILLARY_TEST_RECORD_H

#include "emulator/machine.h"

#define SPACING 1024u /* steps between checkpoints */
#define NEVER UINT32_MAX

struct checkpoint {
    uint32_t step;
    struct state state; /* before that step */
};

struct record {
    uint32_t steps, result;
    uint32_t *trace; /* the address of each step's instruction */
    size_t trace_room;
    struct checkpoint *checkpoints;
    size_t kept, kept_room;

    /* The step of an instruction that is executed once, else NEVER: there a stray run knows where it is. */
    uint32_t once[CODE_SIZE / 2];

    /* For each byte of memory its accesses in order: steps doubled, plus one for a write. */
    uint32_t first[MEMORY_SIZE + 1];
    uint32_t *accesses;
};

/* The call that begins with `state`.  Returns NULL if it does not return. */
struct record *record_new(const uint8_t *code, size_t length, const struct state *state);
void record_free(struct record *record);

/* The last checkpoint not after `step`. */
size_t record_before(const struct record *record, uint32_t step);

/* The first access to a byte at or after `step`: NEVER, or a step doubled, plus one for a write. */
uint32_t record_access(const struct record *record, uint32_t byte, uint32_t step);

/* Following the IT blocks of the run in a machine: to be called at each instruction. */
void it_follow(struct machine *machine, uint32_t pc);
int it_is_inside(const struct machine *machine, uint32_t pc);

/* The state now, before the instruction at pc, with the ITSTATE that Unicorn does not tell. */
void state_here(const struct machine *machine, uint32_t pc, struct state *state);

/* ITSTATE out of xpsr and into it (ARMv7-M, B1.4.2), and as it is one instruction later (A7.3.2). */
uint32_t it_of(uint32_t xpsr);
uint32_t it_put(uint32_t xpsr, uint32_t it);
uint32_t it_advance(uint32_t it);

#endif
