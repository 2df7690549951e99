/*
 * What a machine is made of.
 */
#ifndef ARMILLARY_MACHINE_TYPES_H
#define ARMILLARY_MACHINE_TYPES_H

#include "machine.h"
#include "unicorn_api.h"

#include <stdbool.h>
#include <stddef.h>

/* Exception numbers (DDI0403E, table B1-4). */
enum { RESET = 1, NMI = 2, HARD_FAULT = 3, MEM_MANAGE = 4, BUS_FAULT = 5, USAGE_FAULT = 6, SV_CALL = 11, DEBUG_MONITOR = 12, PEND_SV = 14, SYS_TICK = 15, EXTERNAL = 16 };

/* Fault status bits (B3.2.15, B3.2.16). */
#define IACCVIOL (1u << 0)
#define DACCVIOL (1u << 1)
#define MUNSTKERR (1u << 3)
#define MSTKERR (1u << 4)
#define MMARVALID (1u << 7)
#define IBUSERR (1u << 8)
#define PRECISERR (1u << 9)
#define UNSTKERR (1u << 11)
#define STKERR (1u << 12)
#define BFARVALID (1u << 15)
#define UNDEFINSTR (1u << 16)
#define INVSTATE (1u << 17)
#define INVPC (1u << 18)
#define NOCP (1u << 19)
#define UNALIGNED (1u << 24)
#define DIVBYZERO (1u << 25)
#define VECTTBL (1u << 1)
#define FORCED (1u << 30)
#define DEBUGEVT (1u << 31)
#define MON_EN (1u << 16) /* of DEMCR */
#define MON_PEND (1u << 17)

#define VECTORS 256
#define WORDS (VECTORS / 32)
#define MEMORIES 16
#define DEVICES 64
#define REGISTERS 56  /* of the processor: machine_get() */
#define BLOCKS 4096   /* known at once, a power of two */
#define NO_BLOCK BLOCKS

struct memory {
    uint32_t address, size, perms;
    uint8_t *bytes;
    uint8_t *is_open; /* for each CHUNK: unicorn may run code there; NULL: everywhere */
};

#define CHUNK 4096u

#define LINE 32          /* bytes of outside memory that are known to hold code or not to */
#define LINES (0x10000 / LINE)

/* Memory that others than this processor write as it runs: DMA. */
struct outside {
    uint32_t address, size; /* size 0: there is none */
    uint8_t has_code[LINES];
    bool is_stale; /* code was overwritten */
};

struct device {
    struct machine *machine;
    uint32_t address, size, number;
};


/* What is known of a block of code. */
struct block {
    uint32_t address, size, count; /* count: instructions */
    uint16_t flags;
    bool is_known;
};

/* How far the program is, as on_block() keeps it: all that it touches (meter.c). */
struct meter {
    int64_t left;     /* cycles from the end of the current block to `horizon` */
    uint32_t current; /* the block's place in `blocks`, or NO_BLOCK */
    struct {
        uint32_t address, cycles; /* a block that needs no looking at; else ODD */
    } plain[BLOCKS];
};

#define ODD 1u /* an address at which no block begins */

#define BLOCK_SEV 1u         /* has a SEV */
#define BLOCK_MASKS 2u       /* has a CPS or MSR: an exception may have become possible */
#define BLOCK_COPROCESSOR 4u /* has a coprocessor (floating-point) instruction */
#define BLOCK_DIVIDE 8u      /* has a SDIV or UDIV */
#define BLOCK_BASEPRI 16u    /* ends with a write of BASEPRI */
#define BLOCK_RAISES 32u     /* ends with a write of BASEPRI_MAX */
#define BLOCK_UNPRIVILEGED 64u /* has a LDRT or STRT: accesses as if without privilege */
#define BLOCK_IT 128u        /* has an IT block: breakpoints inside are unicorn's to ignore */
#define BLOCK_STACKS 256u    /* ends with a write of MSP or PSP */
#define BLOCK_ANY 512u       /* every block has it */
#define BLOCK_WRITES (BLOCK_BASEPRI | BLOCK_RAISES | BLOCK_STACKS)

struct systick {
    uint32_t control, reload;
    uint64_t due;   /* cycle at which it next reaches zero, while it runs */
    uint32_t value; /* while it stands still */
};

#define POLLS 8 /* registers that one polling loop reads, or writes again */
#define NO_DEVICE DEVICES /* of a loop that asks none: its block that changes the masks */
#define CLOCK (DEVICES + 1) /* or its instruction that reads a register that follows from the time */

struct poll {
    uint64_t until; /* it reads the same, in ticks */
    uint32_t pc, device, offset, value;
};

/* A polling loop in the making (warp.c). */
struct warp {
    bool is_on;
    bool is_timed; /* the round that is looked at has read a clock */
    uint32_t phase, hits, patience, count;
    uint32_t others; /* rounds of loops that ask no device since the table's first was met */
    uint32_t idle_pc, idle_patience; /* the last of them that could be skipped, or ODD; hits that others need */
    uint32_t clock_patience;
    uint32_t place, blocks; /* where such a loop is looked at; blocks since it should have been */
    struct poll polls[POLLS];
    uint32_t registers[REGISTERS], enabled[WORDS];
    uint64_t cycles;
    uint64_t orbit, gained; /* cycles of a round of the wait it is in, or 0; and what skipping there has spared */
    uint8_t *copy; /* of writable memory */
};

#define ANCHOR_REGISTERS 17 /* r0 to r15 and xPSR */

/* A block of what may be a loop that asks no device (anchor.c). */
struct anchor {
    uint32_t pc, phase; /* pc: of the block, or ODD */
    uint32_t wait, backoff; /* deadlines to the next try, and after the next failure */
    bool has_skipped; /* since the last deadline */
    uint32_t pause, misses; /* deadlines in which near ones are not tried, and the next such pause */
    uint32_t registers[ANCHOR_REGISTERS]; /* when it was met last */
};

#define COUNTERS 16   /* that devices publish */
#define SYSTICK COUNTERS /* and one more, which is described when somebody waits on it */

struct counter {
    bool is_used;
    uint32_t device, offset;
    struct machine_counter how;
};

/* A loop that may be waiting on a counter (countdown.c). */
struct countdown {
    const struct counter *counter;
    uint32_t pc, hits;
    uint64_t cycle, distance;
    bool is_wanted;
};

#define TRAIL_SOURCES 40
#define TRAIL_CONDITIONS 16
#define TRAIL_WORDS 16
#define TRAIL_STEPS 400
#define TRAIL_ROUNDS 3 /* until all is known that comes from a clock */

#define NONE 0    /* a value that does not come from a clock */
#define STALE 63  /* a value of the round before: no round may look at it */
#define BAD 63    /* flags that come from a clock in a way that is not known */
#define NOWHERE 16 /* no register */

/* A value that comes from a clock: what was read at `cycle`, or what is less that, and a constant. */
struct trail_source {
    struct machine_counter how;
    uint64_t cycle;
    uint32_t raw, addend;
    bool is_negative;
};

struct trail_comparison {
    uint8_t source; /* its number, from 1 on */
    bool is_flipped; /* the constant comes first */
    uint32_t other;
};

struct trail_condition {
    uint8_t comparison, code; /* from 0 on; the condition's (A7.3) */
    bool holds;
};

/* A word of memory that holds such a value. */
struct trail_word {
    uint32_t address;
    uint8_t source;
    bool is_expected; /* it did so, or may have, when the round began */
};

/* A round that is followed instruction by instruction (trail.c). */
struct trail {
    bool is_on;
    uint32_t steps, sources, comparisons, conditions, words, loading;
    struct trail_source source[TRAIL_SOURCES];
    struct trail_comparison comparison[TRAIL_CONDITIONS];
    struct trail_condition condition[TRAIL_CONDITIONS];
    struct trail_word word[TRAIL_WORDS];
    uint8_t registers[16], signs, carries; /* where each comes from; N and Z; C and V */
    uint16_t expected; /* registers that came from a clock, or may have, when the round began */
    uint32_t rounds; /* followed so far */
};

#define DIVISIONS 256 /* with a hook of their own (division.c) */

/* A breakpoint (size 2, MACHINE_WATCH_EXECUTE) or a watchpoint. */
struct watch {
    uint32_t address, size, kind;
    uc_hook hook;
};

#define WATCHES 32

struct access {
    uint64_t time; /* ticks */
    uint32_t pc, address, value;
    uint16_t size, is_write;
    uint32_t repeats; /* times that the same was read again at once */
};

/* Which instruction asks a device (place.c). */
struct place {
    uint64_t end;    /* of the block, in cycles: tells one run of a block from the next */
    uint32_t current; /* and which block */
    uint32_t seek;    /* how far into the block its accesses are known */
    uint32_t pc, count; /* the instruction, and how many of its block are before it */
};

#define ACCESSES 64 /* remembered for a post-mortem, a power of two */

struct machine {
    uc_engine *engine;
    struct machine_options options;
    struct machine_devices devices;
    struct memory memories[MEMORIES];
    struct device mapped[DEVICES];
    uint32_t memory_count, device_count;
    struct outside outside;
    bool is_running;
    bool is_stop_wanted;
    bool is_held;      /* a hook stopped before an instruction */
    bool is_between;   /* and that was the first of a block */
    bool is_careful;   /* the next instructions are to be looked at one by one */
    bool is_stepping;  /* machine_step() */
    bool is_context_open; /* floats.c */
    bool is_refused;   /* the device refused the access */
    struct place place;
    bool is_asking;
    bool is_debugged;  /* BKPT is for the debugger */
    uint32_t returned; /* the xPSR of the frame that is being returned to */
    uint32_t trap;     /* number of a hook's interrupt, plus one; 0 none */
    uint32_t fault_status, fault_address;
    bool is_closed;    /* at fault_address is code in a chunk that is not open */
    uc_err failure;

    /* the debugger's */
    struct watch watches[WATCHES];
    uint32_t breakpoints, watch_hit; /* number of the watch that stopped it, plus one */
    uint32_t passing;                /* the breakpoint it stands on and may pass, plus one */
    struct access accesses[ACCESSES];
    uint32_t access_count;

    struct machine_fault last_fault; /* number 0: none since reset */
    struct tracing *tracing; /* NULL unless somebody wants to know (trace.c) */

    struct warp warp;
    struct anchor anchor;
    struct trail trail;
    struct countdown countdown;
    struct counter counters[COUNTERS + 1];
    uint32_t counter_count;

    /* the MPU as it stands in unicorn's translation */
    bool is_translated, is_mpu_changed, has_fine_pages;
    bool is_probing, is_probed, is_address_of_page;
    uint8_t refused[8]; /* what a refused write overwrote */
    uint32_t refused_size;
    uint32_t mpu_key;
    uc_hook fine_hooks[8], probe_hook, unaligned_hook;
    uint32_t fine_count; /* of those hooks */
    bool has_unaligned_hook;
    uint32_t divisions[DIVISIONS], division_count;

    /* --- from here to `horizon`: what machine_save() keeps, with some of the above (state.c) --- */
    uint64_t cycles;           /* while nothing runs: see machine_cycles() */
    uint64_t base_cycles;      /* and ticks when the clock was last set */
    uint64_t base_ticks;
    uint64_t deadline;         /* in cycles: stop there */
    uint64_t limit;            /* in ticks */
    uint32_t ticks_per_cycle;
    uint32_t block_address, block_size; /* the block that ran last */
    bool attention;            /* look at exceptions before the next block */
    bool is_sleeping, is_for_event, event, is_locked_up, is_reset_wanted;
    uint32_t enabled[WORDS], pending[WORDS], active[WORDS], line[WORDS];
    uint8_t priority[VECTORS];
    uint32_t vtor, prigroup, scr, ccr, shcsr, cfsr, hfsr, dfsr, mmfar, bfar, cpacr, fpccr, fpdscr, demcr, dwt_control;
    uint64_t dwt_origin;
    struct systick systick;
    uint32_t mpu_control, mpu_number, mpu_base[8], mpu_attributes[8];
    /* --- */

    /* meter.c */
    uint64_t end;     /* the cycle up to which it is to run */
    uint64_t horizon; /* the cycle at which blocks are looked at again */
    uint32_t cared;   /* flags of blocks that must be looked at each time */
    uint32_t written;  /* one of BLOCK_WRITES: what the block that has just run wrote */
    uint32_t basepri;  /* before that */
    struct meter meter;
    struct block blocks[BLOCKS + 1];
};

#endif
