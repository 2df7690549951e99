/* Blink: GPT0 interrupts twice a second, and its handler turns the LED over. The core sleeps in between. */
#include <stdint.h>

#include "cortex.h"
#include "gpio.h"
#include "gpt.h"
#include "uart.h"

enum { LED = 8 };               /* red of LED 1 on the RDB; lit when low */
enum { HALF_A_SECOND = 16384 }; /* periods of 32.768 kHz */

static volatile uint32_t is_lit;

void irq_gpt01(void) {
    if (gpt_take() & 1u) {
        is_lit = !is_lit;
        gpio_write(LED, !is_lit);
    }
}

int main(void) {
    uart_open(DEBUG_UART);
    gpio_write(LED, 1);
    gpio_output(LED);
    irq_enable(IRQ_gpt01, 2);
    gpt_repeat(0, HALF_A_SECOND);
    uart_print(DEBUG_UART, "blinking\n");
    for (;;) {
        wait_for_interrupt();
    }
}
