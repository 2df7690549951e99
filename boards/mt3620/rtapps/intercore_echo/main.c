/* What an app of the main core sends comes back to it. The core sleeps until the doorbell rings. */
#include <stdint.h>

#include "cortex.h"
#include "mailbox.h"
#include "rings.h"
#include "uart.h"

static struct message message;
static volatile uint32_t is_rung;

void irq_a7_software(void) {
    MBOX_SOFTWARE_STATUS = 0xFF;
    is_rung = 1;
}

static void sleep_until_rung(void) {
    disable_interrupts();
    while (!is_rung) {
        wait_for_interrupt();
        enable_interrupts();
        disable_interrupts();
    }
    is_rung = 0;
    enable_interrupts();
}

/* Send all that waits back. Returns 0 if the rings cannot be trusted any more. */
static int echo_all(void) {
    int found;
    while ((found = rings_receive(&message)) > 0) {
        uart_decimal(DEBUG_UART, message.size);
        uart_print(DEBUG_UART, rings_send(&message) ? " bytes\n" : " bytes, no room for them\n");
    }
    return found == 0;
}

int main(void) {
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, "waiting for the main core\n");
    rings_open();
    uart_print(DEBUG_UART, "connected\n");
    while (echo_all()) {
        sleep_until_rung();
    }
    uart_print(DEBUG_UART, "the ring is damaged\n");
    return 1;
}
