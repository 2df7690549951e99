/* A small pre-emptive kernel in the manner of FreeRTOS: three tasks at 197.6 MHz, a tick of 1 ms from SysTick, the
 * switch in PendSV, the first start by SVC. Tasks use floating point, so their registers S16..S31 are switched as well
 * whenever a task has used the unit (EXC_RETURN bit 4; S0..S15 are stacked by the processor). */
#include <stdint.h>

#include "kernel.h"
#include "uart.h"

static struct task fast, slow, printer;
static struct semaphore ready;
static volatile uint32_t fast_runs, slow_runs;
static volatile float sum;

/* Every 10 ms, before all others. */
static void run_fast(void) {
    float term = 1.0f;
    for (;;) {
        term *= 0.5f;
        sum = sum + term;
        fast_runs++;
        task_sleep(10);
    }
}

/* Computes without a pause, and is interrupted by the others; its figures must not change by that. */
static void run_slow(void) {
    float x = 1.0f;
    for (;;) {
        for (int step = 0; step < 20000; step++) {
            x = 0.5f * (x + 2.0f / x); /* Newton: the square root of 2 */
        }
        if (x > 1.41421f && x < 1.41422f) {
            slow_runs++;
        }
        semaphore_give(&ready);
    }
}

static void run_printer(void) {
    for (unsigned line = 1;; line++) {
        task_sleep(100);
        semaphore_take(&ready);
        uart_decimal(DEBUG_UART, kernel_ticks() / 100 * 100);
        uart_print(DEBUG_UART, " ms: fast ");
        uart_decimal(DEBUG_UART, fast_runs);
        uart_print(DEBUG_UART, slow_runs ? ", slow alive" : ", slow silent");
        uart_print(DEBUG_UART, sum > 0.5f && sum <= 1.0f ? ", sum right\n" : ", sum wrong\n");
    }
}

int main(void) {
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, "three tasks\n");
    task_create(&fast, run_fast, 2);
    task_create(&printer, run_printer, 1);
    task_create(&slow, run_slow, 0);
    kernel_start();
}
