/*
 * What runs before main() on a bare Cortex-M4: vector table, memory, and the way out.
 */
#include "semihosting.h"

#include <stdint.h>
#include <string.h>

int main(void);

extern uint8_t stack_top[], data_image[], data_begin[], data_end[], bss_begin[], bss_end[];

void start(void);

/* Exit code of a program that met a fault: no code that main() returns. */
#define FAULTED 99

static void fault(void)
{
    host_exit(FAULTED);
}

/* ARMv7-M, B1.5.3: the initial stack pointer, reset, NMI and the four faults.  No other exception is enabled. */
__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))(uintptr_t)stack_top, start, fault, fault, fault, fault, fault,
};

/* The processor comes here from reset. */
void start(void)
{
    memcpy(data_begin, data_image, (size_t)(data_end - data_begin));
    memset(bss_begin, 0, (size_t)(bss_end - bss_begin));
    host_exit((uint32_t)main());
}
