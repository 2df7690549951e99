/* What comes before main: the vector table, which is the program's entry, and the reset handler.
 *
 * Nothing is taken for granted that a loader may leave undone: the table is installed, the floating-point unit is
 * switched on, and .bss is cleared here. .data needs no copying: a segment is loaded where it is linked. */
#include <stddef.h>
#include <stdint.h>

#include "cortex.h"
#include "mt3620.h"

extern uint32_t stack_top, bss_start, bss_end; /* from the linker script */
int main(void);
void reset(void);
void unexpected(void);
void stopped(void);

#define STOPS __attribute__((weak, alias("stopped")))
#define TRAPS __attribute__((weak, alias("unexpected")))
STOPS void nmi(void);
STOPS void hard_fault(void);
STOPS void mem_manage(void);
STOPS void bus_fault(void);
STOPS void usage_fault(void);
TRAPS void svcall(void);
TRAPS void debug_monitor(void);
TRAPS void pendsv(void);
TRAPS void systick(void);
#define WEAK_HANDLER(name) TRAPS void irq_##name(void);
INTERRUPTS(WEAK_HANDLER)

struct vectors {
    uint32_t *stack;
    void (*exceptions[15])(void);
    void (*irqs[IRQ_COUNT])(void);
};

#define TABLE_ENTRY(name) irq_##name,
__attribute__((section(".vector_table"), used)) const struct vectors vector_table = {
    &stack_top,
    {reset, nmi, hard_fault, mem_manage, bus_fault, usage_fault, NULL, NULL, NULL, NULL, svcall, debug_monitor, NULL,
     pendsv, systick},
    {INTERRUPTS(TABLE_ENTRY)},
};

/* A fault that nobody handles: stand still, so that whoever looks finds everything as it was. */
void stopped(void) {
    for (;;) {
    }
}

/* An interrupt without a handler is a defect of the program: become a fault. */
void unexpected(void) {
    __asm__ volatile("udf #0");
}

__attribute__((noreturn)) void reset(void) {
    SCB_VTOR = (uint32_t)(uintptr_t)&vector_table;
    SCB_CPACR |= 0xFu << 20;
    barrier();
    for (uint32_t *word = &bss_start; word < &bss_end; word++) {
        *word = 0;
    }
    (void)main();
    for (;;) {
        wait_for_interrupt();
    }
}
