/* The smallest program: say hello on the core's debug UART, then sleep. */
#include "uart.h"

int main(void) {
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, "hello from a real-time core\n");
    return 0; /* what comes after main sleeps */
}
