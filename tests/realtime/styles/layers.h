/* The layered style's foundations: a tick of 200000 cycles at 197.6 MHz that delays are counted by, interrupts installed with
 * their sense, pins given a mode before use, channels of DMA set up whole by one function. */
#ifndef LAYERS_H
#define LAYERS_H

#include "clock.h"
#include "isu.h"
#include "style.h"

enum { EDGE = 0, LEVEL = 1, EDGE_TO_LEVEL = 2 };
enum { CON_BYTE = 0, CON_WORD = 2, CON_SOURCE = 1 << 2, CON_TARGET = 1 << 3, CON_HALF = 1 << 13, CON_TIME_OUT = 1 << 14 };
enum { ACK_TIME_OUT = 1 << 16 };

static inline void layers_open(void) {
    clock_use_pll();
    SYSTICK_LOAD = 200000 - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = 7;
}

/* Wait by the value of SysTick, across its reload if need be. */
static inline void delay_us(uint32_t microseconds) {
    uint32_t ticks = microseconds * 198, now = SYSTICK_VALUE;
    if (now > ticks) {
        while (SYSTICK_VALUE > now - ticks) {
        }
        return;
    }
    ticks = SYSTICK_LOAD + now - ticks;
    while (SYSTICK_VALUE > 100) {
    }
    while (SYSTICK_VALUE > ticks) {
    }
}

static inline void install(uint32_t irq, uint32_t priority, uint32_t sense) {
    volatile uint32_t *word = &REGISTER(IRQ_CONFIG_BASE + 0x200u + 4u * (irq / 32u));
    NVIC_DISABLE(irq) = 1u << irq % 32u;
    REGISTER(0xE000E280u + 4u * (irq / 32u)) = 1u << irq % 32u;
    barrier();
    if (sense == EDGE) {
        *word &= ~(1u << irq % 32u);
    } else {
        *word |= 1u << irq % 32u;
    }
    if (sense == EDGE_TO_LEVEL) {
        REGISTER(0x31060240u) |= 1u << (49u - 32u);
    }
    irq_enable(irq, priority);
}

static inline void pin_mode(uint32_t pin, uint32_t mode) {
    volatile uint32_t *word = &REGISTER(0x30010020u + 4u * (pin / 8u));
    *word = (*word & ~(15u << 4u * (pin % 8u))) | mode << 4u * (pin % 8u);
}

static inline void unit_reset(uint32_t unit, uint32_t clocks) {
    uint32_t was = REGISTER(ISU_BASE(unit));
    REGISTER(ISU_BASE(unit)) = was & ~1u;
    REGISTER(ISU_BASE(unit)) = was | 1u;
    REGISTER(ISU_BASE(unit)) |= clocks;
}

static inline void dma_allocate(uint32_t channel) {
    DMA_GLOBAL(0x24u) |= 1u << channel;
    install(IRQ_dma, 5, LEVEL);
}

static inline void dma_release(uint32_t channel) {
    DMA_START(channel) = 0;
    DMA_GLOBAL(0x28u) |= 1u << channel;
}

/* A half-size channel, of `count` items. Returns 0 if it runs. */
static inline uint32_t dma_half(uint32_t channel, uint32_t memory, uint32_t port, uint32_t count, uint32_t con) {
    if (dma_state(channel, 0)) {
        return 0;
    }
    DMA_START(channel) = 0;
    DMA_CON(channel) = con | DMA_REQUESTS | DMA_DONE | (con & DMA_TO_MEMORY ? CON_TARGET : CON_SOURCE);
    DMA_MEMORY(channel) = memory;
    DMA_PERIPHERAL(channel) = port;
    DMA_COUNT(channel) = (DMA_COUNT(channel) & ~0xFFFFu) | count;
    DMA(channel, 0x28u) = 0;
    DMA_COUNT(channel) &= ~(1u << 16);
    return 1;
}

/* A virtual FIFO of `size` items that interrupts at `threshold`. */
static inline void dma_ring(uint32_t channel, uint32_t memory, uint32_t port, uint32_t size, uint32_t threshold, uint32_t con) {
    DMA_START(channel) = 0;
    DMA_CON(channel) = con | DMA_REQUESTS;
    DMA_MEMORY(channel) = memory;
    DMA_PERIPHERAL(channel) = port;
    DMA_COUNT(channel) = (DMA_COUNT(channel) & ~0xFFFFu) | threshold;
    DMA(channel, 0x28u) = 0;
    DMA_SIZE(channel) = size;
    DMA(channel, 0x40u) = 0;
    DMA_SOFTWARE(channel) = (DMA_SOFTWARE(channel) & ~0x1FFFFu) | 0;
}

/* Move the program's place in a ring of `bytes` on. */
static inline void dma_move(uint32_t channel, uint32_t bytes, uint32_t by) {
    uint32_t place = DMA_SOFTWARE(channel) & 0xFFFFu, wrap = DMA_SOFTWARE(channel) & DMA_WRAP;
    if (place + by >= bytes) {
        place = place + by - bytes;
        wrap ^= DMA_WRAP;
    } else {
        place += by;
    }
    DMA_SOFTWARE(channel) = place | wrap;
}

static inline void dma_clear_request(uint32_t channel) {
    DMA_GLOBAL(0x58u) = 0;
    DMA_GLOBAL(0x58u) = 1u << channel;
    DMA_GLOBAL(0x58u) = 0;
}

static volatile uint32_t milliseconds;
void systick(void);
void systick(void) {
    milliseconds++;
}

#endif
