/*
 * Faults put into one call, one at a time: what becomes of each.
 *
 * A step is one instruction executed.  A fault at a step is
 *   SKIP: the instruction is not executed,
 *   FLIP: one bit of r0 to r12, sp, lr or pc is inverted before it,
 *   FLAG: one of the flags N, Z, C, V is.
 * The call without a fault is run first and recorded; every fault is then put into the state that the
 * record has for its step, and the call goes on from there on the real (emulated) processor.
 */
#ifndef ARMILLARY_TEST_SWEEP_H
#define ARMILLARY_TEST_SWEEP_H

#include "emulator/machine.h"

enum { SKIP, FLIP, FLAG, KINDS };

/*
 * SAME: registers and memory became those of the call without a fault, so its end is known.
 * The others say how the call ended: RESULT (r0 is what was wanted), OTHER (r0 is anything else), CRASH, HANG.
 */
enum { SAME, OTHER, CRASH, HANG, RESULT, OUTCOMES };

#define GROUPS 64 /* of instructions, as the caller divides them; 0: not to be counted */
#define FOUND_MOST 256

struct fault {
    uint32_t step;
    uint8_t kind, which, bit, padding;
};

struct found {
    struct fault fault;
    uint32_t pc;
};

struct sweep;

/*
 * Record the call.  in: memory[0..MEMORY_SIZE) as it is before; groups[CODE_SIZE / 2]; `wanted`, the r0 to look for.
 * Returns NULL if the call does not return.
 */
struct sweep *sweep_new(const uint8_t *code, size_t length, const uint8_t *memory, uint32_t function, uint32_t stack,
                        const uint32_t *arguments, size_t count, const uint8_t *groups, uint32_t wanted);
void sweep_free(struct sweep *sweep);

/* Of the call without a fault: how many steps, the address of each, r0 at its end. */
uint32_t sweep_steps(const struct sweep *sweep);
const uint32_t *sweep_trace(const struct sweep *sweep);
uint32_t sweep_result(const struct sweep *sweep);

/* Every fault at each of these steps. */
void sweep_all(struct sweep *sweep, const uint32_t *steps, size_t count);

/* These faults. */
void sweep_some(struct sweep *sweep, const struct fault *faults, size_t count);

/* The counts so far: [GROUPS][KINDS][OUTCOMES]. */
const uint32_t *sweep_counts(const struct sweep *sweep);

/* The first faults that gave the wanted result, and how many were kept. */
const struct found *sweep_found(const struct sweep *sweep, uint32_t *count);

#endif
