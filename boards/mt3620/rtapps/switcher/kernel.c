#include "kernel.h"

#include <stddef.h>

#include "clock.h"
#include "cortex.h"

enum { FRAME = 8, SAVED = 9 };                  /* words: stacked by the processor; R4..R11 and EXC_RETURN */
#define THREAD_ON_PSP 0xFFFFFFFDu /* EXC_RETURN: to thread mode, on the process stack, no floating-point frame */
enum { THUMB = 1 << 24, LOWEST = 0xE0, PEND = 1 << 28 };
enum { MASKED = 5 << 5 };                       /* BASEPRI while lists change: the tick and the switch wait */

static struct task *tasks;
static volatile uint32_t ticks;
struct task *current __attribute__((used)); /* named by the switch */

static void lock(void) {
    __asm__ volatile("msr basepri, %0\n\tisb" ::"r"(MASKED) : "memory");
}

static void unlock(void) {
    __asm__ volatile("msr basepri, %0\n\tisb" ::"r"(0) : "memory");
}

static void ask_for_switch(void) {
    SCB_ICSR = (uint32_t)PEND;
    barrier();
}

void task_create(struct task *task, void (*entry)(void), uint32_t priority) {
    uint32_t *top = task->memory + STACK_WORDS;
    top -= FRAME;
    top[6] = (uint32_t)(uintptr_t)entry & ~1u;
    top[7] = THUMB;
    top -= SAVED;
    top[8] = THREAD_ON_PSP;
    task->stack = top;
    task->priority = priority;
    struct task **place = &tasks;
    while (*place && (*place)->priority >= priority) {
        place = &(*place)->next;
    }
    task->next = *place;
    *place = task;
}

static int is_ready(const struct task *task) {
    return !task->is_asleep && (!task->waits || task->waits->count);
}

/* The ready task of the highest priority becomes `current`. */
__attribute__((used)) void choose(void) {
    struct task *task = tasks;
    while (!is_ready(task)) {
        task = task->next;
    }
    current = task;
}

void task_sleep(uint32_t count) {
    lock();
    current->wakes = ticks + count;
    current->is_asleep = count != 0;
    ask_for_switch();
    unlock();
}

void semaphore_take(struct semaphore *semaphore) {
    lock();
    while (!semaphore->count) {
        current->waits = semaphore;
        ask_for_switch();
        unlock();
        lock();
    }
    current->waits = NULL;
    semaphore->count--;
    unlock();
}

void semaphore_give(struct semaphore *semaphore) {
    lock();
    semaphore->count = 1;
    ask_for_switch();
    unlock();
}

uint32_t kernel_ticks(void) {
    return ticks;
}

void systick(void) {
    ticks++;
    for (struct task *task = tasks; task; task = task->next) {
        if (task->is_asleep && task->wakes == ticks) {
            task->is_asleep = 0;
        }
    }
    ask_for_switch();
}

/* Save what the processor did not, choose, and restore. */
__attribute__((naked)) void pendsv(void) {
    __asm__ volatile(
        "mrs r0, psp\n\t"
        "tst lr, #0x10\n\t"
        "it eq\n\t"
        "vstmdbeq r0!, {s16-s31}\n\t"
        "stmdb r0!, {r4-r11, lr}\n\t"
        "ldr r2, =current\n\t"
        "ldr r1, [r2]\n\t"
        "str r0, [r1]\n\t"
        "bl choose\n\t"
        "b restore\n\t"
        ".ltorg");
}

/* Go on with `current`; entered in an exception handler. */
__attribute__((naked, used)) void restore(void) {
    __asm__ volatile(
        "ldr r2, =current\n\t"
        "ldr r1, [r2]\n\t"
        "ldr r0, [r1]\n\t"
        "ldmia r0!, {r4-r11, lr}\n\t"
        "tst lr, #0x10\n\t"
        "it eq\n\t"
        "vldmiaeq r0!, {s16-s31}\n\t"
        "msr psp, r0\n\t"
        "bx lr\n\t"
        ".ltorg");
}

__attribute__((naked)) void svcall(void) {
    __asm__ volatile("b restore");
}

void kernel_start(void) {
    clock_use_pll();
    SCB_SYSTEM_PRIORITY(PENDSV) = LOWEST;
    SCB_SYSTEM_PRIORITY(SYSTICK) = LOWEST;
    SYSTICK_LOAD = PLL_HZ / 1000 - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = 7;
    choose();
    enable_interrupts();
    __asm__ volatile("svc 0");
    for (;;) {
    }
}
