/*
 * What the parts of the machine do for each other.
 */
#ifndef ARMILLARY_MACHINE_INTERNAL_H
#define ARMILLARY_MACHINE_INTERNAL_H

#include "types.h"

#include <string.h>

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
bool memory_add(struct machine *m, uint32_t address, uint32_t size, uint32_t perms, uint8_t *bytes);
bool memory_is_closed(struct machine *m, uint32_t address); /* code there is to be run for the first time */
void memory_open(struct machine *m, uint32_t address);
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
void meter_look_at(struct machine *m, uint32_t address); /* the blocks that begin there are to be looked at each time */
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
bool it_is_inside(struct machine *m);
bool it_begin(struct machine *m, uint32_t *state); /* false if the next instruction was IT, or not to be run */
void it_alone(struct machine *m, uint32_t state);  /* the next instruction is in a block of its own */
void it_end(struct machine *m, uint32_t state, bool was_run);

/* division.c */
enum division { WATCHED, TRANSLATE_AGAIN, UNWATCHED }; /* the last: it is to be looked at otherwise */
bool division_traps(const struct machine *m);
enum division division_watch(struct machine *m, const struct block *block);

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
bool mpu_is_fine(const struct machine *m, uint32_t address); /* permissions may differ within its page */
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
void warp_masks(struct machine *m, uint32_t pc); /* a block changes the masks, and nothing is pending */
/* A register was read that follows from the time, as *how says (NULL: in no simple way). */
void warp_clock(struct machine *m, const struct machine_counter *how, uint64_t cycle, uint32_t value);
bool warp_steps(const struct machine *m); /* stop behind the next block */
bool warp_follows(struct machine *m); /* before an instruction: it is to be run alone, for a round is followed */
void warp_write(struct machine *m);  /* something changed that the loop did not */
void warp_store(struct machine *m, const struct device *device, uint32_t offset, uint32_t size, uint32_t value); /* is about to be written */
void warp_enable(struct machine *m); /* interrupts were enabled or disabled: no matter, if they are as before when the round is over */
void warp_forget(struct machine *m); /* there is more memory than before */
void warp_look(struct machine *m); /* between blocks */
void warp_resume(struct machine *m); /* the machine was stopped in between: a round that was followed is not any more */
void warp_stay(struct machine *m); /* before more is run: nothing may have happened since a wait was skipped */
bool warp_has_copy(const struct machine *m); /* a round is under way that is to be compared with what was before it */

/* anchor.c */
void anchor_drop(struct machine *m);
void anchor_cast(struct machine *m);    /* time was up before the block at the program counter */
void anchor_met(struct machine *m);     /* before its block runs */
void anchor_skipped(struct machine *m); /* rounds of a loop that asks no device */
void anchor_left(struct machine *m, uint64_t gained); /* such a loop, after that many cycles */

/* likeness.c */
size_t likeness_size(const struct machine *m); /* bytes of memory that can be written */
bool likeness_keep(struct machine *m);     /* a copy; false if there is no memory for it */
bool likeness_take(struct machine *m, const uint8_t *copy, uint32_t size); /* one from before; false if it cannot be that */
bool likeness_holds(struct machine *m);    /* all is as it was, and no clock was read */
bool likeness_expect(struct machine *m);   /* what differs is told to the trail, as from a clock; false if that cannot be */
bool likeness_is_known(struct machine *m); /* what differs is known to the trail */

/* counters.c */
const struct counter *counter_find(const struct machine *m, uint32_t device, uint32_t offset);
uint64_t counter_counts(const struct counter *counter, const struct machine *m, uint64_t cycle); /* since it was published */
uint32_t counter_value(const struct counter *counter, const struct machine *m, uint64_t cycle);

/* countdown.c */
void countdown_read(struct machine *m, uint32_t pc, const struct counter *counter);
void countdown_look(struct machine *m); /* between blocks */

bool condition_is_order(uint32_t condition); /* of which is more, as numbers or by the sign of the difference */
bool condition_holds(uint32_t condition, uint32_t a, uint32_t b); /* after CMP a, b */

/* follow.c */
bool follow(struct machine *m); /* the instruction that is next, before it is run; false if it is not understood */

/* trail.c */
static inline uint8_t trail_of(const struct trail *t, uint32_t number) /* where the register's value comes from */
{
    return number < 16 ? t->registers[number] : NONE;
}

static inline void trail_put(struct trail *t, uint32_t number, uint8_t source)
{
    if (number < 16)
        t->registers[number] = source;
}

bool trail_move(struct machine *m, uint32_t address, uint32_t number, bool is_load, bool is_word); /* a register, from or to memory */
bool trail_move_all(struct machine *m, uint32_t list, uint32_t address, bool is_load); /* in ascending order from there on */
struct trail_word *trail_word_at(struct trail *t, uint32_t address); /* NULL: nothing is known of it */
bool trail_outcome(const struct trail *t, const struct trail_comparison *comparison, uint32_t code, uint32_t counts); /* that many later */
void trail_begin(struct machine *m);
bool trail_is_settled(const struct machine *m); /* the round began with all that may come from a clock known as such */
bool trail_again(struct machine *m); /* for another round, which does */
bool trail_expect(struct machine *m, uint32_t number); /* a register has another value than a round ago */
bool trail_expect_word(struct machine *m, uint32_t address);
bool trail_is_stale(const struct machine *m, uint32_t number); /* and that is allowed, for it comes from a clock */
bool trail_is_stale_word(struct machine *m, uint32_t address);
void trail_clock(struct machine *m, const struct machine_counter *how, uint64_t cycle, uint32_t value);
bool trail_follow(struct machine *m); /* the instruction that is next; false if the round is not understood */
uint64_t trail_rounds(struct machine *m, uint64_t period, uint64_t most); /* how many more of `most` are the same */

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
bool systick_counts(const struct machine *m, uint64_t cycle, struct machine_counter *how); /* until it is due */
void systick_run(struct machine *m);            /* pend what has come due */

#endif
