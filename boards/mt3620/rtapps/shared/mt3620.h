/* The real-time cores of the MT3620: where things are, and the interrupts in their order.
 *
 * Addresses are those that a core sees; 0x2... is its own, 0x38... is shared with the other core and reached if
 * the application's manifest names it. */
#ifndef MT3620_H
#define MT3620_H

#include <stdint.h>

enum {
    TCM = 0x00100000,    /* 192 KiB, no wait states, private, not reached by DMA */
    FLASH = 0x10000000,  /* the application's own slice, executed in place */
    SYSRAM = 0x22000000, /* 64 KiB, reached by DMA */
};

#define IRQ_CONFIG_BASE 0x21000000u
#define RGU_BASE 0x21010000u
#define WDT_BASE 0x21020000u
#define GPT_BASE 0x21030000u
#define DEBUG_UART_BASE 0x21040000u
#define MBOX_A7_BASE 0x21050000u
#define MBOX_M4_BASE 0x21060000u
#define DMA_BASE 0x21080000u
#define ADC_BASE 0x38000000u
#define GPIO_BASE(group) (0x38010000u + 0x10000u * (group)) /* groups 0..5 of four pins: GPIO0..23 */
#define PWM_BASE(group) (GPIO_BASE(group) + 0x1000u)        /* groups 0..2: PWM0..11 */
#define ISU_BASE(number) (0x38070000u + 0x10000u * (number)) /* ISU0..5 */

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* Every interrupt, from 0 on. X(name) makes what is wanted of each. */
#define ISU_INTERRUPTS(X, n) X(isu##n##_i2c) X(isu##n##_spi) X(isu##n##_spi_slave) X(isu##n##_uart)
#define INTERRUPTS(X) \
    X(wic) X(gpt01) X(gpt3) X(wdt) X(debug_uart) X(infra_bus) \
    X(a7_taken) X(a7_room) X(a7_written) X(a7_waiting) X(a7_fifo) X(a7_software) \
    X(m4_taken) X(m4_room) X(m4_written) X(m4_waiting) X(m4_fifo) X(m4_software) \
    X(a7_wake) X(m4_wake) \
    X(eint0) X(eint1) X(eint2) X(eint3) X(eint4) X(eint5) X(eint6) X(eint7) X(eint8) X(eint9) X(eint10) X(eint11) \
    X(eint12) X(eint13) X(eint14) X(eint15) X(eint16) X(eint17) X(eint18) X(eint19) X(eint20) X(eint21) X(eint22) \
    X(eint23) \
    ISU_INTERRUPTS(X, 0) ISU_INTERRUPTS(X, 1) ISU_INTERRUPTS(X, 2) \
    ISU_INTERRUPTS(X, 3) ISU_INTERRUPTS(X, 4) ISU_INTERRUPTS(X, 5) \
    X(i2s0) X(i2s1) X(adc) \
    X(counter0) X(counter1) X(counter2) X(counter3) X(counter4) X(counter5) \
    X(dma) X(debug_power) X(debug_power_done) \
    X(unused80) X(unused81) X(unused82) X(unused83) X(unused84) X(unused85) X(unused86) X(unused87) X(unused88) \
    X(unused89) X(unused90) X(unused91) X(unused92) X(unused93) X(unused94) X(unused95) X(unused96) X(unused97) \
    X(unused98) X(unused99)

#define INTERRUPT_NUMBER(name) IRQ_##name,
enum { INTERRUPTS(INTERRUPT_NUMBER) IRQ_COUNT };
_Static_assert(IRQ_COUNT == 100, "the chip has 100 interrupts");
_Static_assert(IRQ_eint0 == 20 && IRQ_isu0_i2c == 44 && IRQ_isu5_uart == 67 && IRQ_dma == 77, "in their order");

/* Handlers: a program defines those it needs; any other stops the program with a fault. */
#define INTERRUPT_HANDLER(name) void irq_##name(void);
INTERRUPTS(INTERRUPT_HANDLER)

#endif
