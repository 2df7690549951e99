/* A watchdog of half a second: kicked three times, then forgotten. It resets the core, and the program says so. */
#include <stdint.h>

#include "cortex.h"
#include "gpt.h"
#include "uart.h"
#include "wdt.h"

enum { KICKS = 3, INTERVAL_MS = 400 };

static void say_why_started(uint32_t status) {
    if (status & WDT_TIMED_OUT) {
        uart_print(DEBUG_UART, "started again by the watchdog\n");
    } else if (status & WDT_BY_SOFTWARE) {
        uart_print(DEBUG_UART, "started again by software\n");
    } else {
        uart_print(DEBUG_UART, "started by power-on\n");
    }
}

int main(void) {
    uint32_t status = WDT_STATUS;
    uart_open(DEBUG_UART);
    say_why_started(status);
    if (status & WDT_TIMED_OUT) {
        return 0;
    }
    wdt_start(WDT_TICKS_A_SECOND / 2);
    for (unsigned kick = 1; kick <= KICKS; kick++) {
        wait_us(INTERVAL_MS * 1000u);
        wdt_kick();
        uart_print(DEBUG_UART, "kick ");
        uart_decimal(DEBUG_UART, kick);
        uart_print(DEBUG_UART, "\n");
    }
    disable_interrupts(); /* the defect that a watchdog is for: nothing wakes this core again */
    for (;;) {
        wait_for_interrupt();
    }
}
