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

#define VECTORS 256
#define WORDS (VECTORS / 32)
#define MEMORIES 16
#define DEVICES 64
#define BLOCKS 4096 /* in the count cache, a power of two */

struct memory {
    uint32_t address, size, perms;
    uint8_t *bytes;
};

struct device {
    struct machine *machine;
    uint32_t address, size, number;
};


/* What is known of a block of code. */
struct block {
    uint32_t address, size;
    const uint8_t *code; /* where it lies; NULL: nothing is known here */
    uint8_t start[4];    /* its first bytes, lest other code came here meanwhile */
    uint16_t count;   /* instructions */
    uint16_t flags;
};

#define BLOCK_SEV 1u         /* has a SEV */
#define BLOCK_MASKS 2u       /* has a CPS or MSR: an exception may have become possible */
#define BLOCK_COPROCESSOR 4u /* has a coprocessor (floating-point) instruction */
#define BLOCK_DIVIDE 8u      /* has a SDIV or UDIV */

struct systick {
    uint32_t control, reload;
    uint64_t due;   /* cycle at which it next reaches zero, while it runs */
    uint32_t value; /* while it stands still */
};

#define POLLS 4 /* registers that one polling loop reads */

struct poll {
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

#define ACCESSES 64 /* remembered for a post-mortem, a power of two */

struct machine {
    uc_engine *engine;
    struct machine_options options;
    struct machine_devices devices;
    struct memory memories[MEMORIES];
    struct device mapped[DEVICES];
    uint32_t memory_count, device_count;
    bool is_running;
    bool is_stop_wanted;
    bool is_held;      /* a hook stopped before an instruction */
    bool is_careful;   /* the next instructions are to be looked at one by one */
    bool is_stepping;  /* machine_step() */
    bool is_refused;   /* the device refused the access */
    uint32_t seek;     /* how far into the block its accesses are known */
    uint32_t place, place_count; /* the instruction that asks a device, and those before it in its block */
    bool is_asking;
    bool is_debugged;  /* BKPT is for the debugger */
    uint32_t returned; /* the xPSR of the frame that is being returned to */
    uint32_t trap;     /* number of a hook's interrupt, plus one; 0 none */
    uint32_t fault_status, fault_address;
    uc_err failure;

    /* the debugger's */
    struct watch watches[WATCHES];
    uint32_t watch_count, watch_hit; /* number of the watch that stopped it, plus one */
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
    bool is_probing, is_address_of_page;
    uint8_t refused[8]; /* what a refused write overwrote */
    uint32_t refused_size;
    uint32_t mpu_key;
    uc_hook fine_hook, unaligned_hook;
    bool has_unaligned_hook;

    /* --- from here to `blocks`: what machine_save() keeps, with some of the above (state.c) --- */
    uint64_t cycles;           /* at the start of the current block */
    uint64_t base_cycles;      /* and ticks when the clock was last set */
    uint64_t base_ticks;
    uint64_t deadline;         /* in cycles: stop there */
    uint64_t limit;            /* in ticks */
    uint32_t ticks_per_cycle;
    uint32_t cost;             /* cycles of the current block */
    uint32_t block_address, block_size;
    bool attention;            /* look at exceptions before the next block */
    bool is_sleeping, is_for_event, event, is_locked_up, is_reset_wanted;
    uint32_t enabled[WORDS], pending[WORDS], active[WORDS], line[WORDS];
    uint8_t priority[VECTORS];
    uint32_t vtor, prigroup, scr, ccr, shcsr, cfsr, hfsr, dfsr, mmfar, bfar, cpacr, fpccr, fpdscr, demcr, dwt_control;
    uint64_t dwt_origin;
    struct systick systick;
    uint32_t mpu_control, mpu_number, mpu_base[8], mpu_attributes[8];
    /* --- */

    struct block blocks[BLOCKS];
};

/* registers.c */
uint32_t reg_get(struct machine *m, int reg);
void reg_set(struct machine *m, int reg, uint32_t value);
uint32_t exception_number(struct machine *m);
void set_xpsr(struct machine *m, uint32_t value);
void forget_it_block(struct machine *m);

/* memory.c */
uint8_t *memory_at(struct machine *m, uint32_t address, uint32_t size, uint32_t perms);
void memory_copy(struct machine *m, uint8_t *to, uint32_t address, uint32_t size); /* nothing where there is no memory */
bool memory_read_word(struct machine *m, uint32_t address, uint32_t *value);
bool memory_write_word(struct machine *m, uint32_t address, uint32_t value);

/* blocks.c */
/* The block, if it is known and is still the same; else NULL. */
static inline const struct block *block_known(const struct machine *m, uint32_t address, uint32_t size)
{
    const struct block *block = &m->blocks[(address >> 1) & (BLOCKS - 1)];
    const bool is_same = block->address == address && block->size == size && block->code && size >= sizeof block->start;
    return is_same && !memcmp(block->start, block->code, sizeof block->start) ? block : NULL;
}

const struct block *block_at(struct machine *m, uint32_t address, uint32_t size);
uint32_t count_between(struct machine *m, uint32_t from, uint32_t to);

uint32_t half_at(const uint8_t *code);
bool is_wide(uint32_t half);
uint32_t flags_of(uint32_t first, uint32_t second);

/* place.c */
uint32_t place_of_access(struct machine *m, uint32_t address, bool is_write);

/* careful.c */
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
bool mpu_stops_block(struct machine *m, uint32_t address);

/* machine.c */
/* A hook's address as the object pointer that uc_hook_add() takes; POSIX says that it fits. */
#define HOOK(function) (*(void **)&(union { void *object; __typeof__(&function) code; }){.code = function})

bool add_hook(struct machine *m, uc_hook *handle, int type, void *function, void *user, uint64_t begin, uint64_t end);
void refuse(struct machine *m, uint32_t status, uint32_t address);

uint64_t ticks_at(const struct machine *m, uint64_t cycles);
uint64_t cycle_of(const struct machine *m, uint64_t time);

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
#define NOBODY 256 /* a priority below every exception's */
void nvic_reset(struct machine *m);
bool is_set(const uint32_t *set, uint32_t number);
void set_bit(uint32_t *set, uint32_t number, bool value);
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
