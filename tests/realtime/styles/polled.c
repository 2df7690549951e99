/* The plain style: every write in full, everything polled, a one-shot of GPT0 at 993 Hz armed again by its handler,
 * BASEPRI written as 1 around changes, interrupts cleared by writing the status back. */
#include "cortex.h"
#include "gpt.h"
#include "uart.h"

static volatile uint32_t ticks;

static void arm(uint32_t milliseconds) {
    uint32_t was;
    GPT_CTRL(0) &= ~1u;
    __asm__ volatile("mrs %0, basepri\n\tmsr basepri, %1" : "=&r"(was) : "r"(1) : "memory");
    GPT_IER |= 1;
    __asm__ volatile("msr basepri, %0" ::"r"(was) : "memory");
    GPT_ICNT(0) = milliseconds;
    GPT_CTRL(0) = 0x9;
}

void irq_gpt01(void) {
    uint32_t active = GPT_ISR;
    GPT_ISR = active;
    ticks++;
    arm(100);
}

int main(void) {
    uint32_t seen = 0;
    uart_open(DEBUG_UART);
    __asm__ volatile("msr basepri, %0" ::"r"(1)); /* of the eight bits the chip has the upper three: this masks nothing */
    irq_enable(IRQ_gpt01, 2);
    arm(100);
    GPT3_INIT = 0;
    GPT3_CTRL = 0x00190001;
    while (GPT3_CNT < 1000000) {
    }
    GPT3_CTRL = 0;
    seen = ticks;
    uart_print(DEBUG_UART, "one second, ticks: ");
    uart_decimal(DEBUG_UART, seen);
    uart_print(DEBUG_UART, "\n");
    return 0;
}
