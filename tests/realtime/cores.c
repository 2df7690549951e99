/* Pairs from core to core, as fast as they go, and what came told now and then: which depends on who ran when. */
#include "cortex.h"
#include "uart.h"

#define BOX(offset) REGISTER(MBOX_M4_BASE + (offset))

int main(void)
{
    uint32_t sum = 0, taken = 0;
    uart_open(DEBUG_UART);
    for (uint32_t count = 0;; count++) {
        BOX(0x44u) = count * 2654435761u;
        BOX(0x40u) = count;
        if (BOX(0x58u)) {
            sum = sum * 31u + BOX(0x54u) + BOX(0x50u) + count;
            taken++;
        }
        if (taken == 50) {
            taken = 0;
            uart_decimal(DEBUG_UART, sum);
            uart_print(DEBUG_UART, "\n");
        }
    }
}
