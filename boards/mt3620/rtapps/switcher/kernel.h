/* A pre-emptive kernel: tasks of fixed priority that sleep, and binary semaphores. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>

enum { STACK_WORDS = 256 };

struct task {
    uint32_t *stack;            /* where its registers are saved; first, since the switch finds it there */
    struct task *next;          /* in the list of all, higher priority first */
    uint32_t priority;
    uint32_t wakes;             /* the tick at which it goes on, while `is_asleep` */
    uint32_t is_asleep;
    struct semaphore *waits;    /* for what, or NULL */
    _Alignas(8) uint32_t memory[STACK_WORDS];
};

struct semaphore {
    volatile uint32_t count;
};

/* Make `entry`, which never returns, a task. Before kernel_start. */
void task_create(struct task *task, void (*entry)(void), uint32_t priority);
/* Let others run for `ticks` (milliseconds); 0 goes on at once. */
void task_sleep(uint32_t ticks);
void semaphore_take(struct semaphore *semaphore);
/* Not from interrupts. */
void semaphore_give(struct semaphore *semaphore);
uint32_t kernel_ticks(void);
/* Start the task of the highest priority. There must always be one that is ready: give one that never waits. */
__attribute__((noreturn)) void kernel_start(void);

#endif
