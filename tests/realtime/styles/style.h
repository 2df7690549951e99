/* What programs in vendors' styles share: changing fields of registers, and saying what came of it on the debug UART. */
#ifndef STYLE_H
#define STYLE_H

#include <stdint.h>

#include "cortex.h"
#include "dma.h"
#include "uart.h"

/* Read, clear, set, write: what drivers of bit fields compile to. */
#define CHANGE(reg, clear, set) ((reg) = ((reg) & ~(uint32_t)(clear)) | (uint32_t)(set))
#define SYSRAM_DATA __attribute__((section(".sysram"), aligned(4)))
#define DMA_GLOBAL(offset) REGISTER(DMA_BASE + 0x4000u + (offset))
#define DMA_CHANNELS 30u

/* Whether `channel` runs (0) or interrupts (1). */
static inline uint32_t dma_state(uint32_t channel, uint32_t which) {
    return DMA_GLOBAL(4u * (channel / 16u)) >> (2u * (channel % 16u) + which) & 1u;
}

/* "what number\n" */
static inline void tell(const char *what, uint32_t number) {
    uart_print(DEBUG_UART, what);
    uart_put(DEBUG_UART, ' ');
    uart_decimal(DEBUG_UART, number);
    uart_print(DEBUG_UART, "\n");
}

static inline void say(const char *what) {
    uart_print(DEBUG_UART, what);
    uart_print(DEBUG_UART, "\n");
}

static inline void fill(volatile uint8_t *bytes, uint32_t count, uint32_t first) {
    for (uint32_t at = 0; at < count; at++) {
        bytes[at] = (uint8_t)(first + at);
    }
}

/* How many of them are first, first + 1, ... from the start on. */
static inline uint32_t counting(const volatile uint8_t *bytes, uint32_t count, uint32_t first) {
    uint32_t at = 0;
    while (at < count && bytes[at] == (uint8_t)(first + at)) {
        at++;
    }
    return at;
}

#define WAIT_FOR(condition) while (!(condition)) { wait_for_interrupt(); }

#endif
