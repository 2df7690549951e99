/*
 * A Cortex-M4F machine over unicorn: processor, NVIC, SysTick, SCB; memory and devices are its owner's.
 *
 * Virtual time is counted in ticks of the owner's choosing; one instruction takes one cycle, a cycle
 * `ticks_per_cycle` ticks.  Exceptions are taken between blocks of straight code.
 */
#ifndef ARMILLARY_MACHINE_H
#define ARMILLARY_MACHINE_H

#include <stdint.h>

struct machine;

struct machine_options {
    uint32_t irqs;            /* external interrupts, 1..240 */
    uint32_t priority_bits;   /* 3..8 */
    uint32_t ticks_per_cycle; /* at least 1 */
    uint32_t mpu_regions;     /* 0 or 8 */
    uint32_t cpacr;           /* at reset: 0xf << 20 where something before the program turns floating point on */
    uint32_t bit_band;        /* 1: memory and devices below 0x20100000 and 0x40100000 have a word for each bit */
};

/* Why machine_run() came back. */
#define MACHINE_TIME 1       /* the time is reached */
#define MACHINE_SLEEPING 2   /* the processor waits for an interrupt; time is `until` */
#define MACHINE_LOCKUP 3     /* a fault in a fault handler (ARM DDI0403E, B1.5.15) */
#define MACHINE_BREAKPOINT 4 /* a breakpoint of the debugger, or BKPT */
#define MACHINE_RESET 5      /* the program asked for a reset (AIRCR.SYSRESETREQ) */
#define MACHINE_ERROR 6      /* unicorn failed: machine_error() */
#define MACHINE_STOPPED 7    /* machine_stop() was called */

/* What the owner answers for its devices.  `device` is the number given to machine_map_device(). */
struct machine_devices {
    uint32_t (*read)(void *owner, uint32_t device, uint32_t offset, uint32_t size);
    void (*write)(void *owner, uint32_t device, uint32_t offset, uint32_t size, uint32_t value);
    /* Until when that register reads the same if nobody writes: a time, or 0 if that is not known. */
    uint64_t (*quiet)(void *owner, uint32_t device, uint32_t offset);
    /* Until when that write would change nothing: a time, or 0 if it does or that is not known. */
    uint64_t (*settled)(void *owner, uint32_t device, uint32_t offset, uint32_t size, uint32_t value);
    void *owner;
};

/* Returns NULL without memory or if unicorn does not start. */
struct machine *machine_new(const struct machine_options *options, const struct machine_devices *devices);
void machine_free(struct machine *machine);

/* Memory at address[0..size), both multiples of 1024; stays the caller's.  perms: 1 read, 2 write, 4 execute.  Returns 0, or -1. */
int machine_map_memory(struct machine *machine, uint32_t address, uint32_t size, uint32_t perms, uint8_t *memory);

/* A device at address[0..size), both multiples of 1024.  Returns 0, or -1. */
int machine_map_device(struct machine *machine, uint32_t address, uint32_t size, uint32_t device);

/* Reset: MSP and PC from the two words at `vectors`, which becomes VTOR. */
void machine_reset(struct machine *machine, uint32_t vectors);

/* Run until virtual time `until`, overshooting by less than one block. */
uint32_t machine_run(struct machine *machine, uint64_t until);

/* Inside a device's read or write: the access is refused, the program takes a BusFault. */
void machine_refuse(struct machine *machine);

/* Whether a debugger is attached: then BKPT ends machine_run(), else it is an exception.  0 from the start. */
void machine_debug(struct machine *machine, int is_on);

/* Come back from machine_run() before the next block. */
void machine_stop(struct machine *machine);

/* Run no further than `time`, from inside a device as well: something is scheduled for then. */
void machine_limit(struct machine *machine, uint64_t time);

/* Count the rounds of a pure polling loop instead of running them: 1 (from the start) or 0. */
void machine_warp(struct machine *machine, int is_on);

/* A register whose value is base + counts (or - counts) under the mask, counts being whole ones since `start`. */
struct machine_counter {
    uint64_t start;                  /* ticks */
    uint64_t numerator, denominator; /* counts a tick: below 2^16 and 2^47 */
    uint32_t base, mask, is_down;
};

/* Answer reads of the word at `offset` without asking the device.  Returns 0, or -1 if there are too many (16). */
int machine_publish(struct machine *machine, uint32_t device, uint32_t offset, const struct machine_counter *counter);
void machine_withdraw(struct machine *machine, uint32_t device, uint32_t offset);

/* One instruction, or until an exception is taken; then MACHINE_STOPPED. */
uint32_t machine_step(struct machine *machine, uint64_t until);

#define MACHINE_WATCH_EXECUTE 1
#define MACHINE_WATCH_READ 2
#define MACHINE_WATCH_WRITE 4

/*
 * Stop machine_run() before an instruction at address[0..size) is run, or memory there is read or written.
 * Returns the number of the watch, or -1.
 */
int machine_watch(struct machine *machine, uint32_t kind, uint32_t address, uint32_t size);
void machine_unwatch(struct machine *machine, int number);

/* The watch that stopped the last run, or -1; where it was touched goes to *address. */
int machine_watch_hit(const struct machine *machine, uint32_t *address);

/* An access to a device, as it was remembered, and how often the same was read again at once. */
struct machine_access {
    uint64_t time; /* ticks */
    uint32_t pc, address, value, size, is_write, repeats;
};

/* The latest accesses to devices, oldest first.  out: at[0..result), result <= most and <= 64. */
uint32_t machine_accesses(const struct machine *machine, struct machine_access *at, uint32_t most);

/* The bytes that machine_save() writes. */
uint32_t machine_state_size(void);

/* How many of them, from the first on, are what a program could find out: the same however a run is cut into runs. */
uint32_t machine_visible_size(void);

/* Everything but memory and what was mapped, published and watched.  Not while it runs.  out: state[0..machine_state_size()). */
void machine_save(struct machine *machine, uint8_t *state);

/*
 * Writable memory, in the order of mapping, as it was when the machine began to look at a polling loop's next
 * round: part of the state if it is not NULL.  out: *size bytes, the machine's.
 */
const uint8_t *machine_loop(const struct machine *machine, uint32_t *size);

/* The offset of what cannot be in state[0..machine_state_size()): 0 if it is another version's; -1 if all can. */
int machine_check(const uint8_t *state);

/*
 * Go on from a saved state, memory and counters being as they were.  in: loop[0..size) as machine_loop() gave it, size
 * 0 if that was NULL.  Returns 0, or -1 with nothing changed if machine_check() or the size says no.
 */
int machine_restore(struct machine *machine, const uint8_t *state, const uint8_t *loop, uint32_t size);

/* A fault that was taken: which exception, its status bits, where the frame is, and r4 to r11 then. */
struct machine_fault {
    uint64_t time; /* ticks */
    uint32_t number, status, frame, exc_return, registers[8];
};

/* The latest fault since reset.  Returns its exception number, 0 if there was none. */
uint32_t machine_last_fault(const struct machine *machine, struct machine_fault *last);

/* A function was entered: by which block (its address and end), with what in LR, SP, IPSR and CONTROL. */
struct machine_call {
    uint64_t time; /* ticks */
    uint32_t address, previous, previous_end, lr, sp, exception, control;
};

typedef void machine_tell(void *owner, const struct machine_call *calls, uint32_t count);

/*
 * Tell of every entry of a function, some at a time.  entries: their addresses, ascending; stays the caller's
 * and unchanged as long as the machine.  Returns 0, or -1 if somebody is told already or memory is short.
 */
int machine_trace(struct machine *machine, const uint32_t *entries, uint32_t count, machine_tell *tell, void *owner);

/* Tell now what was not told yet. */
void machine_trace_flush(struct machine *machine);

/* A function at address[0..size), and how often it was entered. */
struct machine_function {
    uint32_t address, size, entries;
};

/*
 * Count how often each instruction at address[0..size) is run, in counts[0..size/2), a count for each halfword
 * of code, and in functions[0..count), which ascend, how often each is entered; both stay the caller's.  Rounds of a polling loop that were not run do not count.
 * Returns 0, or -1 if there are too many ranges (4) or memory is short.
 */
int machine_cover(struct machine *machine, uint32_t address, uint32_t size, uint32_t *counts, struct machine_function *functions,
                  uint32_t count);

/* A word of the system control space (0xe0000000 and on), as the program sees it. */
uint32_t machine_system_read(struct machine *machine, uint32_t address);
void machine_system_write(struct machine *machine, uint32_t address, uint32_t value);

/* Code at address[0..size) was changed from outside, while nothing ran. */
void machine_code_changed(struct machine *machine, uint32_t address, uint32_t size);

/*
 * Memory at address[0..size), 64 KiB at most, is written by others as well: machine_written() tells what they wrote, at
 * any time, so that code there is run as it is.  Returns 0, or -1 if it is too large or there is none.
 */
int machine_share(struct machine *machine, uint32_t address, uint32_t size);
void machine_written(struct machine *machine, uint32_t address, uint32_t size);

/* Memory or devices may have changed since the last run, and nobody told. */
void machine_doubt(struct machine *machine);

uint64_t machine_now(const struct machine *machine);
uint64_t machine_cycles(const struct machine *machine);
void machine_set_clock(struct machine *machine, uint32_t ticks_per_cycle);
void machine_advance(struct machine *machine, uint64_t time);

/* A level-sensitive line: while it is high, the interrupt pends again when its handler returns. */
void machine_set_irq(struct machine *machine, uint32_t number, int level);

/* An edge: the interrupt pends once. */
void machine_pulse_irq(struct machine *machine, uint32_t number);

/* Core registers by number: 0..15, then xPSR 16, MSP 17, PSP 18, PRIMASK 19, BASEPRI 20, FAULTMASK 21, CONTROL 22, FPSCR 23, S0..S31 24..55. */
uint32_t machine_get(struct machine *machine, uint32_t number);
void machine_set(struct machine *machine, uint32_t number, uint32_t value);

/* What unicorn said when machine_run() returned MACHINE_ERROR. */
const char *machine_error(const struct machine *machine);

#endif
