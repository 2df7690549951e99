/*
 * A Cortex-M4 with nothing around it: code, memory, and one function called at a time, watched.
 *
 * The processor is Unicorn's.  Code is 128 KiB at 0 that can be read and executed, memory 32 KiB at
 * 0x20000000 that can be read and written; every other access ends the call.  The function returns to
 * EXIT, where nothing else is.
 */
#ifndef ARMILLARY_TEST_MACHINE_H
#define ARMILLARY_TEST_MACHINE_H

#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#define CODE_SIZE 0x20000u
#define MEMORY_BASE 0x20000000u
#define MEMORY_SIZE 0x8000u
#define STACK_FLOOR (MEMORY_BASE + MEMORY_SIZE - 0x3000u) /* below it lie arguments, above it only the stack */
#define EXIT 0x08000000u
#define ARGUMENTS_IN_REGISTERS 4
#define ARGUMENTS_MOST 12

/* How a call ended. */
enum { RETURNED, CRASHED, HUNG };

/* r0 to r12, sp, lr, pc, xpsr. */
#define REGISTERS 17
#define SP 13
#define LR 14
#define PC 15
#define XPSR 16

struct state {
    uint32_t registers[REGISTERS];
    uint8_t memory[MEMORY_SIZE];
};

struct machine {
    uc_engine *uc;
    uc_context *fresh; /* the processor before anything ran: special registers included */
    uint8_t *code, *memory;
    uint64_t limit; /* instructions after which a call hangs */

    /* What was seen of the latest call. */
    uint64_t instructions; /* as the architecture counts them: one whose condition fails is one */
    uint64_t path, data;   /* hashes of the addresses of instructions, and of reads and writes with their sizes */
    uint32_t lowest;       /* the lowest address of the stack written to */
    uint32_t result;       /* r0 */
    uint32_t it_begin, it_end; /* the block of conditional instructions that the latest IT began */
};

/* A machine with this code at address 0; with_data: hash data addresses too, which is slower.  NULL if it cannot be. */
struct machine *machine_new(const uint8_t *code, size_t length, int with_data);

/* The same, watched by nobody yet. */
struct machine *machine_bare(const uint8_t *code, size_t length);
void machine_free(struct machine *machine);

/* The memory, to be read and written by the host between calls. */
uint8_t *machine_memory(struct machine *machine);

/* Call by the procedure call standard: four arguments in registers, the rest on the stack.  Returns how it ended. */
int machine_call(struct machine *machine, uint32_t function, uint32_t stack, const uint32_t *arguments, size_t count);

/* The registers and the stack as they are at the first instruction of a call. */
void machine_prepare(struct machine *machine, uint32_t function, uint32_t stack, const uint32_t *arguments,
                     size_t count, struct state *state);

/* Registers and memory out of the machine and into it. */
void machine_save(const struct machine *machine, struct state *state);
void machine_load(struct machine *machine, const struct state *state);

/* Go on from the state loaded last until EXIT, a crash, or machine_stop().  Returns RETURNED also when stopped. */
int machine_run(struct machine *machine, uint32_t pc);

/*
 * The length in bytes of the instructions after an IT instruction that depend on it (ARMv7-M, A7.3.1), or 0 if the
 * instruction at `pc` is no IT.  count: how many there are.
 */
uint32_t it_length(const struct machine *machine, uint32_t pc, uint32_t *count);

/*
 * To be called by every hook for memory: Unicorn (2.1.4) tells it the state of its IT block by writing it down, and leaves
 * it there.  The first instruction after this stretch of code would be taken for one of the block.
 */
void it_forget(uc_engine *uc);

/* Bytes of the instruction at `pc`: 2 or 4. */
uint32_t instruction_size(const struct machine *machine, uint32_t pc);

#endif
