/*
 * What the parts of the machine share.
 */
#ifndef ARMILLARY_MACHINE_INTERNAL_H
#define ARMILLARY_MACHINE_INTERNAL_H

#include "machine.h"
#include "unicorn_api.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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
#define BLOCKS 4096   /* known at once, a power of two */
#define NO_BLOCK BLOCKS

struct memory {
    uint32_t address, size, perms;
    uint8_t *bytes;
};

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

#define POLLS 4 /* registers that one polling loop reads */

struct poll {
    uint64_t until; /* it reads the same, in ticks */
    uint32_t pc, device, offset, value;
};

/* A polling loop in the making (warp.c). */
struct warp {
    bool is_on;
    uint32_t phase, hits, patience, count;
    struct poll polls[POLLS];
    uint32_t registers[17];
    uint64_t cycles;
    uint8_t *copy; /* of writable memory */
};

#define COUNTERS 16

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
    struct countdown countdown;
    struct counter counters[COUNTERS];
    uint32_t counter_count;

    /* the MPU as it stands in unicorn's translation */
    bool is_translated, is_mpu_changed, has_fine_pages, is_checking;
    bool is_probing, is_probed, is_address_of_page;
    uint8_t refused[8]; /* what a refused write overwrote */
    uint32_t refused_size;
    uint32_t mpu_key;
    uc_hook fine_hook, unaligned_hook;
    bool has_unaligned_hook;

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

/* registers.c */
uint32_t reg_get(struct machine *m, int reg);
void reg_set(struct machine *m, int reg, uint32_t value);
#define REGS 18 /* at most, at once */
void regs_get(struct machine *m, const int *regs, uint32_t *values, uint32_t count);
void regs_set(struct machine *m, const int *regs, const uint32_t *values, uint32_t count);
uint32_t exception_number(struct machine *m);
void set_xpsr(struct machine *m, uint32_t value);
void forget_it_block(struct machine *m);
void become_privileged(struct machine *m); /* in a handler, on the main stack */

/* memory.c */
uint8_t *memory_at(struct machine *m, uint32_t address, uint32_t size, uint32_t perms);
void memory_copy(struct machine *m, uint8_t *to, uint32_t address, uint32_t size); /* nothing where there is no memory */
bool memory_read_word(struct machine *m, uint32_t address, uint32_t *value);
void memory_write(struct machine *m, uint32_t address, const uint32_t *words, uint32_t size); /* likewise */
void outside_run(struct machine *m, uint32_t address, uint32_t size); /* a block of code there is about to run */
void outside_look(struct machine *m);

/* blocks.c */
/* Two blocks that begin at one address never share a place: none is longer than a page. */
static inline uint32_t block_place(uint32_t address, uint32_t size)
{
    return (address + 8 * size) >> 1 & (BLOCKS - 1);
}

/* The block that runs, or ran last. */
static inline const struct block *block_now(const struct machine *m)
{
    return &m->blocks[m->meter.current];
}

const struct block *block_at(struct machine *m, uint32_t address, uint32_t size);
void forget_translation(struct machine *m, uint32_t address, uint32_t size); /* unicorn's, of code that is there */
uint32_t count_between(struct machine *m, uint32_t from, uint32_t to);

uint32_t half_at(const uint8_t *code);
bool is_wide(uint32_t half);
uint32_t flags_of(uint32_t first, uint32_t second);

/* place.c */
void place_find(struct machine *m, uint32_t address, bool is_write);

/* meter.c */
bool meter_begin(struct machine *m); /* adds the hooks */
void meter_forget(struct machine *m); /* code has changed */
void meter_start(struct machine *m, uint64_t end); /* before unicorn runs up to the block in which `end` is, and */
void meter_settle(struct machine *m); /* after it */
void meter_aim(struct machine *m);    /* the deadline is another */
void look_soon(struct machine *m); /* before the next block */

/* floats.c */
bool floats_matter(const struct machine *m); /* blocks with floating point may need care, as the registers stand */
bool floats_denied(struct machine *m);
bool floats_begin_context(struct machine *m); /* the next one does, and not as unicorn would */
void floats_open(struct machine *m);          /* before that instruction, and */
void floats_close(struct machine *m);         /* after it */

/* it.c */
bool it_begin(struct machine *m, uint32_t *state); /* false if the next instruction was IT, or not to be run */
void it_alone(struct machine *m, uint32_t state);  /* the next instruction is in a block of its own */
void it_end(struct machine *m, uint32_t state, bool was_run);

/* careful.c */
uint32_t care_flags(const struct machine *m); /* of blocks that may need care, as the registers stand */
bool needs_care(struct machine *m, const struct block *block);
bool check_instruction(struct machine *m); /* false if it faulted instead */
void watch_alignment(struct machine *m);

/* mpu.c */
bool is_privileged(struct machine *m);
bool may_execute(uint32_t address); /* by the map without regions */
uint32_t mpu_perms(struct machine *m, uint32_t address, bool privileged);
bool mpu_allows(struct machine *m, uint32_t address, uint32_t size, uint32_t perms, bool privileged);
uint32_t mpu_read(struct machine *m, uint32_t offset);
void mpu_write(struct machine *m, uint32_t offset, uint32_t value);
void mpu_apply(struct machine *m);
bool mpu_fill(struct machine *m, uint32_t page, uc_mem_type type, uc_tlb_entry *entry);
void mpu_probe(struct machine *m);
void mpu_undo(struct machine *m);

/* machine.c */
/* A hook's address as the object pointer that uc_hook_add() takes; POSIX says that it fits. */
#define HOOK(function) (*(void **)&(union { void *object; __typeof__(&function) code; }){.code = function})

bool add_hook(struct machine *m, uc_hook *handle, int type, void *function, void *user, uint64_t begin, uint64_t end);
bool hook_all(struct machine *m, int type, void *function);

/* run.c */
uc_err run_alone(struct machine *m, uint32_t pc); /* one instruction; a hook must stop it behind a branch */

/* traps.c */
bool traps_begin(struct machine *m); /* adds the hooks */
uint32_t handle_stop(struct machine *m, uc_err error); /* unicorn stopped: returns why machine_run() ends, or 0 */
bool has_thumb(struct machine *m);
uint32_t half_before(struct machine *m, uint32_t pc);

/* devices.c */
bool system_map(struct machine *m);
uint32_t device_read(struct machine *m, const struct device *device, uint32_t offset, uint32_t size);
void device_write(struct machine *m, const struct device *device, uint32_t offset, uint32_t size, uint32_t value);
void refuse(struct machine *m, uint32_t status, uint32_t address);

/* bitband.c */
bool bitband_map(struct machine *m);

/* clock.c */
#define NEVER UINT64_MAX
uint64_t ticks_at(const struct machine *m, uint64_t cycles);
uint64_t cycle_of(const struct machine *m, uint64_t time);
void set_deadline(struct machine *m);

/* warp.c */
void warp_read(struct machine *m, uint32_t pc, uint32_t device, uint32_t offset, uint32_t value);
void warp_write(struct machine *m);
void warp_forget(struct machine *m); /* there is more memory than before */
void warp_look(struct machine *m); /* between blocks */
bool warp_has_copy(const struct machine *m); /* a round is under way that is to be compared with what was before it */
bool warp_keep(struct machine *m, const uint8_t *copy, uint32_t size); /* what was before it; false if it cannot be that */

/* counters.c */
const struct counter *counter_find(const struct machine *m, uint32_t device, uint32_t offset);
uint64_t counter_counts(const struct counter *counter, const struct machine *m, uint64_t cycle); /* since it was published */
uint32_t counter_value(const struct counter *counter, const struct machine *m, uint64_t cycle);

/* countdown.c */
void countdown_read(struct machine *m, uint32_t pc, const struct counter *counter);
void countdown_look(struct machine *m); /* between blocks */

/* nvic.c */
#define ALWAYS_ENABLED (1u << NMI | 1u << HARD_FAULT | 1u << SV_CALL | 1u << PEND_SV | 1u << SYS_TICK)
#define NOBODY 256 /* a priority below every exception's */
void nvic_reset(struct machine *m);
bool is_set(const uint32_t *set, uint32_t number);
void set_bit(uint32_t *set, uint32_t number, bool value);
uint32_t priority_mask(const struct machine *m); /* the bits of a priority that there are */
int execution_priority(struct machine *m);
int exception_priority(const struct machine *m, uint32_t number);
uint32_t highest_pending(const struct machine *m);                 /* whether or not it may be taken now; 0: none */
uint32_t best_pending(struct machine *m, bool ignoring_primask); /* if it may be taken now; else 0 */
void pend(struct machine *m, uint32_t number);

/* exception.c */
void exception_enter(struct machine *m, uint32_t return_address); /* the best pending one */
void exception_return(struct machine *m, uint32_t exc_return);
void fault(struct machine *m, uint32_t number, uint32_t status, uint32_t return_address); /* any that cannot wait */
void fault_without_thumb(struct machine *m, uint32_t return_address);

/* debug.c */
bool has_breakpoint(const struct machine *m, uint32_t address, uint32_t size);
bool stops_before(struct machine *m, uint32_t address); /* a breakpoint is there, and is told as hit */
void remember_fault(struct machine *m, uint32_t number, uint32_t status);

/* system.c */
uint32_t system_read(struct machine *m, uint32_t address, uint32_t size);
void system_write(struct machine *m, uint32_t address, uint32_t size, uint32_t value);
void system_reset(struct machine *m);

/* systick.c */
void systick_reset(struct machine *m);
uint32_t systick_read(struct machine *m, uint32_t offset);
void systick_write(struct machine *m, uint32_t offset, uint32_t value);
uint64_t systick_next(const struct machine *m); /* the cycle of the next interrupt, UINT64_MAX if none */
void systick_run(struct machine *m);            /* pend what has come due */

#endif
