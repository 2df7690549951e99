/* A kernel with the mechanisms that ports to this processor use: the first task begins by SVC, PendSV switches and
 * saves S16..S31 only for who used them (EXC_RETURN bit 4), critical sections nest and mask by BASEPRI, so that an
 * urgent interrupt comes through them; a queue of floats blocks both its ends, and is filled by an interrupt too;
 * while all sleep the tick is stopped. Two of the tasks watch every register that they have. */
#include <stdbool.h>
#include <stddef.h>

#include "gpt.h"
#include "style.h"

#define CPUID REGISTER(0xE000ED00u)
#define AIRCR REGISTER(0xE000ED0Cu)
#define FPCCR REGISTER(0xE000EF34u)
#define EACH_FLOAT "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

enum { STACK = 256, LENGTH = 4, TASKS = 6, PERIOD = 26000, FOREVER = 0x7FFFFFFF }; /* a tick is 1 ms of 26 MHz */
enum { LOWEST = 0xE0, SYSCALLS = 5, URGENT = 2, MASK = SYSCALLS << 5 };
enum { STOPPED = 4, WITH_INTERRUPT = 6, RUNNING = 7, COUNTED = 1 << 16 }; /* SysTick */

struct queue {
    float items[LENGTH];
    uint32_t first, count;
};

struct task {
    uint32_t *stack;
    uint32_t priority, wakes;
    const struct queue *waits;
    bool is_asleep, is_late;
    uint32_t memory[STACK] __attribute__((aligned(8)));
};

static struct task tasks[TASKS];
static uint32_t task_count, nesting;
static volatile uint32_t ticks, idle_rounds, skipped, switches, urgent, given, lost;
__attribute__((used)) struct task *current;
__attribute__((used)) volatile uint32_t float_rounds, plain_rounds, corruptions;
static struct queue floats;

static uint32_t mask(void) {
    uint32_t before;
    __asm__ volatile("mrs %0, basepri\n\tmsr basepri, %1\n\tisb\n\tdsb" : "=&r"(before) : "r"(MASK) : "memory");
    return before;
}

static void unmask(uint32_t before) {
    __asm__ volatile("msr basepri, %0" ::"r"(before) : "memory");
}

static void enter(void) {
    (void)mask();
    nesting++;
}

static void leave(void) {
    if (--nesting == 0) {
        unmask(0);
    }
}

static void yield(void) {
    SCB_ICSR = 1u << 28;
    barrier();
}

static void create(void (*entry)(void), uint32_t priority) {
    struct task *task = &tasks[task_count++];
    uint32_t *top = task->memory + STACK;
    *--top = 1u << 24;                     /* xPSR */
    *--top = (uint32_t)(uintptr_t)entry & ~1u; /* PC; LR, R12, R3..R0 follow */
    top -= 6;
    *--top = 0xFFFFFFFDu; /* EXC_RETURN: thread, process stack, no floating point yet */
    top -= 8;
    task->stack = top;
    task->priority = priority;
}

/* The next of the highest priority after `current`: equals take turns. */
__attribute__((used)) void choose(void) {
    const uint32_t own = (uint32_t)(current - tasks);
    struct task *best = NULL;
    for (uint32_t step = 1; step <= task_count; step++) {
        struct task *task = &tasks[(own + step) % task_count];
        if (!task->is_asleep && (!best || task->priority > best->priority)) {
            best = task;
        }
    }
    switches += best != current;
    current = best;
}

static void wake_sleepers(void) {
    for (uint32_t at = 0; at < task_count; at++) {
        if (tasks[at].is_asleep && (int32_t)(ticks - tasks[at].wakes) >= 0) {
            tasks[at].is_asleep = false;
            tasks[at].is_late = true;
        }
    }
}

static void wake_waiters(const struct queue *queue) {
    for (uint32_t at = 0; at < task_count; at++) {
        if (tasks[at].is_asleep && tasks[at].waits == queue) {
            tasks[at].is_asleep = tasks[at].is_late = false;
        }
    }
}

/* Sleep for `count` ticks, or until somebody changes the queue; called in a critical section, and takes hold at its end. */
static void block(const struct queue *queue, uint32_t count) {
    current->waits = queue;
    current->wakes = ticks + count;
    current->is_asleep = true;
    yield();
}

static void sleep(uint32_t count) {
    enter();
    block(NULL, count);
    leave();
}

static bool put(struct queue *queue, float item) {
    if (queue->count == LENGTH) {
        return false;
    }
    queue->items[(queue->first + queue->count++) % LENGTH] = item;
    wake_waiters(queue);
    return true;
}

static void send(struct queue *queue, float item) {
    enter();
    while (!put(queue, item)) {
        block(queue, FOREVER);
        leave();
        enter();
    }
    enter(); /* nested, as drivers do that are called from here */
    leave();
    yield();
    leave();
}

/* An item, or -1 if none came within `patience` ticks. */
static float receive(struct queue *queue, uint32_t patience) {
    float item = -1.0f;
    enter();
    while (!queue->count) {
        block(queue, patience);
        leave();
        enter();
        if (current->is_late) {
            break;
        }
    }
    if (queue->count) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % LENGTH;
        queue->count--;
        wake_waiters(queue);
    }
    leave();
    return item;
}

void systick(void) {
    const uint32_t before = mask();
    ticks++;
    wake_sleepers();
    SCB_ICSR = 1u << 28;
    unmask(before);
}

/* GPT0 may call the kernel. */
void irq_gpt01(void) {
    (void)gpt_take();
    const uint32_t before = mask();
    if (put(&floats, 0.25f)) {
        given++;
    } else {
        lost++;
    }
    SCB_ICSR = 1u << 28;
    unmask(before);
}

/* Above all critical sections: it must not touch the kernel. */
void irq_gpt3(void) {
    urgent++;
    GPT3_CTRL = GPT3_MICROSECONDS;
    GPT3_CTRL = GPT3_MICROSECONDS | GPT_ENABLE;
}

__attribute__((naked)) void svcall(void) {
    __asm__ volatile("ldr r3, =current\n\tldr r1, [r3]\n\tldr r0, [r1]\n\tldmia r0!, {r4-r11, lr}\n\tmsr psp, r0\n\tisb\n\t"
                     "mov r0, #0\n\tmsr basepri, r0\n\tbx lr\n\t.ltorg");
}

__attribute__((naked)) void pendsv(void) {
    __asm__ volatile("mrs r0, psp\n\tisb\n\tldr r3, =current\n\tldr r2, [r3]\n\t"
                     "tst lr, #16\n\tit eq\n\tvstmdbeq r0!, {s16-s31}\n\tstmdb r0!, {r4-r11, lr}\n\tstr r0, [r2]\n\t"
                     "push {r3, lr}\n\tmov r0, %0\n\tmsr basepri, r0\n\tdsb\n\tisb\n\tbl choose\n\tmov r0, #0\n\tmsr basepri, r0\n\tpop {r3, lr}\n\t"
                     "ldr r1, [r3]\n\tldr r0, [r1]\n\tldmia r0!, {r4-r11, lr}\n\ttst lr, #16\n\tit eq\n\tvldmiaeq r0!, {s16-s31}\n\t"
                     "msr psp, r0\n\tisb\n\tbx lr\n\t.ltorg" ::"i"(MASK));
}

/* While nobody has anything to do: one long tick instead of many, corrected by what SysTick says when something came. */
static void doze(uint32_t count) {
    SYSTICK_CTRL = STOPPED;
    const uint32_t long_tick = SYSTICK_VALUE + (count - 1) * PERIOD;
    SYSTICK_LOAD = long_tick;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = RUNNING;
    wait_for_interrupt();
    enable_interrupts();
    disable_interrupts();
    const uint32_t control = SYSTICK_CTRL;
    SYSTICK_CTRL = WITH_INTERRUPT;
    const uint32_t left = SYSTICK_VALUE;
    uint32_t passed = count - 1, rest = PERIOD - 1;
    if (!(control & COUNTED)) {
        passed = count - 1 - left / PERIOD;
        rest = left % PERIOD;
    }
    SYSTICK_LOAD = rest ? rest : 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = RUNNING;
    SYSTICK_LOAD = PERIOD - 1;
    ticks += passed;
    skipped += passed;
    wake_sleepers();
    SCB_ICSR = 1u << 28;
}

static void idle(void) {
    for (;;) {
        uint32_t soonest = FOREVER;
        bool is_alone = true;
        disable_interrupts();
        for (uint32_t at = 0; at < task_count; at++) {
            const uint32_t left = tasks[at].wakes - ticks;
            soonest = tasks[at].is_asleep && left < soonest ? left : soonest;
            is_alone = is_alone && (tasks[at].is_asleep || &tasks[at] == current);
        }
        if (is_alone && soonest > 2) {
            doze(soonest < 500 ? soonest : 500);
        } else {
            wait_for_interrupt();
        }
        idle_rounds++;
        enable_interrupts();
    }
}

/* Every register holds a number of its own, and is looked at again and again, while others run in between. */
__attribute__((naked)) static void watch_floats(void) {
    __asm__ volatile(".irp n," EACH_FLOAT "\n\tmov r0, #(\\n + 100)\n\tvmov s\\n, r0\n\t.endr\n\t"
                     ".irp n,2,3,4,5,6,7,8,9,10,11,12\n\tmov r\\n, #(\\n + 50)\n\t.endr\n\tmov r0, #0xC00000\n\tvmsr fpscr, r0\n"
                     "1:\n\t.irp n," EACH_FLOAT "\n\tvmov r0, s\\n\n\tcmp r0, #(\\n + 100)\n\tbne 2f\n\t.endr\n\t"
                     ".irp n,2,3,4,5,6,7,8,9,10,11,12\n\tcmp r\\n, #(\\n + 50)\n\tbne 2f\n\t.endr\n\t"
                     "vmrs r0, fpscr\n\tcmp r0, #0xC00000\n\tbne 2f\n\t"
                     "ldr r1, =float_rounds\n\tldr r0, [r1]\n\tadds r0, #1\n\tstr r0, [r1]\n\ttst r0, #63\n\tbne 1b\n\t"
                     "ldr r1, =0xE000ED04\n\tmov r0, #0x10000000\n\tstr r0, [r1]\n\tb 1b\n"
                     "2:\n\tldr r1, =corruptions\n\tldr r0, [r1]\n\tadds r0, #1\n\tstr r0, [r1]\n3:\tb 3b\n\t.ltorg");
}

__attribute__((naked)) static void watch_plain(void) {
    __asm__ volatile(".irp n,2,3,4,5,6,7,8,9,10,11,12\n\tmov r\\n, #(\\n + 70)\n\t.endr\n"
                     "1:\n\t.irp n,2,3,4,5,6,7,8,9,10,11,12\n\tcmp r\\n, #(\\n + 70)\n\tbne 2f\n\t.endr\n\t"
                     "ldr r1, =plain_rounds\n\tldr r0, [r1]\n\tadds r0, #1\n\tstr r0, [r1]\n\tb 1b\n"
                     "2:\n\tldr r1, =corruptions\n\tldr r0, [r1]\n\tadds r0, #1\n\tstr r0, [r1]\n3:\tb 3b\n\t.ltorg");
}

static void produce(void) {
    float term = 0.5f;
    for (;;) {
        sleep(5);
        send(&floats, term);
        term = 1.0f - term * 1.0f;
    }
}

static void consume(void) {
    float sum = 0.0f;
    uint32_t items = 0, quarters = 0, lates = 0;
    while (ticks < 800) {
        const float item = receive(&floats, 100);
        sum += item;
        items++;
        quarters += item == 0.25f;
        lates += item < 0.0f;
    }
    tell("items", items - quarters);
    tell("from the interrupt", quarters);
    say(sum == 0.5f * (float)(items - quarters) + 0.25f * (float)quarters && given - quarters <= 1 ? "sum right" : "sum wrong");
    tell("lost or late", lost + lates);
    tell("corruptions", corruptions);
    say(float_rounds > 1000 && plain_rounds > 1000 ? "both watched" : "one starved");
    say(switches > 1000 ? "switched" : "not switched");
    enter();
    const uint32_t before = ticks, came = urgent;
    while (urgent < came + 3) {
    }
    say(ticks == before ? "urgent came through, the tick did not" : "the mask let the tick through");
    tasks[0].is_asleep = tasks[1].is_asleep = tasks[2].is_asleep = true; /* the watchers and the producer, for good */
    tasks[0].wakes = tasks[1].wakes = tasks[2].wakes = ticks + FOREVER;
    leave();
    GPT_CTRL(0) = 0;
    NVIC_DISABLE(IRQ_gpt3) = 1u << IRQ_gpt3;
    while (ticks < 1000) {
        sleep(1000 - ticks);
    }
    tell("ticks", ticks);
    say(idle_rounds < 10 && skipped > 150 ? "dozed" : "ticked on");
    sleep(FOREVER);
}

int main(void) {
    uart_open(DEBUG_UART);
    const uint32_t part = CPUID >> 4 & 0xFFFu, own = NVIC_PRIORITY(0);
    NVIC_PRIORITY(0) = 0xFF;
    say(part == 0xC24 && NVIC_PRIORITY(0) == LOWEST && !(AIRCR >> 8 & 7u) ? "Cortex-M4, 3 bits of priority" : "another processor");
    NVIC_PRIORITY(0) = (uint8_t)own;
    create(watch_floats, 1);
    create(watch_plain, 1);
    create(produce, 2);
    create(consume, 3);
    create(idle, 0);
    current = &tasks[3];
    SCB_SYSTEM_PRIORITY(PENDSV) = LOWEST;
    SCB_SYSTEM_PRIORITY(SYSTICK) = LOWEST;
    SYSTICK_CTRL = 0;
    SYSTICK_VALUE = 0;
    SYSTICK_LOAD = PERIOD - 1;
    SYSTICK_CTRL = RUNNING;
    gpt_repeat(0, 230); /* every 7 ms */
    irq_enable(IRQ_gpt01, SYSCALLS);
    GPT3_CTRL = GPT3_MICROSECONDS;
    GPT3_INIT = 0;
    GPT3_EXPIRE = 1000;
    GPT3_CTRL = GPT3_MICROSECONDS | GPT_ENABLE;
    irq_enable(IRQ_gpt3, URGENT);
    SCB_CPACR &= ~(0xFu << 20);
    barrier();
    SCB_CPACR |= 0xFu << 20;
    FPCCR |= 3u << 30; /* state is saved automatically, and lazily */
    __asm__ volatile("ldr r0, =0xE000ED08\n\tldr r0, [r0]\n\tldr r0, [r0]\n\tmsr msp, r0\n\tmov r0, #0\n\tmsr control, r0\n\t"
                     "cpsie i\n\tcpsie f\n\tdsb\n\tisb\n\tsvc 0\n\tnop\n\t.ltorg");
    for (;;) {
    }
}
