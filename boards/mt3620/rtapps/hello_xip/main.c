/* Hello, executed in place: the code stays in flash, data and stack are in TCM. */
#include <stdint.h>

#include "mt3620.h"
#include "uart.h"

static uint32_t counter = 41; /* .data, put into TCM by the loader */
static uint32_t zero;         /* .bss */

static const char *place(uintptr_t address) {
    return address >= FLASH && address < SYSRAM ? "flash" : "TCM";
}

static void tell(const char *what, uintptr_t address) {
    uart_print(DEBUG_UART, what);
    uart_print(DEBUG_UART, place(address));
    uart_print(DEBUG_UART, "\n");
}

int main(void) {
    static const char constant[] = "constants in ";
    uart_open(DEBUG_UART);
    tell("code in ", (uintptr_t)&main);
    tell(constant, (uintptr_t)constant);
    tell("data in ", (uintptr_t)&counter);
    counter += zero + 1;
    uart_decimal(DEBUG_UART, counter);
    uart_print(DEBUG_UART, "\n");
    return 0;
}
