/* Layers, DMA: the full-size channel copies words, is asked how it is, paused, resumed, stopped and reset. */
#include "layers.h"

enum { COPY = 12, COUNT = 256 };
SYSRAM_DATA static volatile uint8_t from[4 * COUNT], to[4 * COUNT];
static volatile uint32_t done;

void irq_dma(void) {
    if (dma_state(COPY, 1) && (DMA_STATUS(COPY) & DMA_DONE)) {
        DMA_ACK(COPY) = DMA_DONE;
        done++;
    }
}

static uint32_t set_up(uint32_t items, uint32_t con) {
    if (dma_state(COPY, 0)) {
        return 0;
    }
    DMA_START(COPY) = 0;
    DMA_CON(COPY) = con | CON_SOURCE | CON_TARGET | DMA_DONE;
    DMA(COPY, 0x00u) = (uint32_t)(uintptr_t)from;
    DMA(COPY, 0x04u) = (uint32_t)(uintptr_t)to;
    DMA_COUNT(COPY) = (DMA_COUNT(COPY) & ~0xFFFFu) | items;
    DMA(COPY, 0x28u) = 0;
    return 1;
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    fill(from, sizeof from, 3);
    dma_allocate(COPY);
    tell("set up", set_up(COUNT, CON_WORD | 2u << 8));
    DMA_START(COPY) = DMA_RUN;
    tell("busy", dma_state(COPY, 0) && !set_up(1, 0));
    WAIT_FOR(done);
    tell("copied", counting(to, sizeof to, 3));
    fill(to, sizeof to, 0);
    (void)set_up(COUNT * 4, CON_BYTE);
    DMA_START(COPY) = DMA_RUN;
    DMA_GLOBAL(0x30u) |= 1u << COPY;
    delay_us(500);
    tell("paused", DMA_GLOBAL(0x34u) >> COPY & 1u && done == 1);
    if (DMA_GLOBAL(0x34u) >> COPY & 1u) {
        DMA_GLOBAL(0x30u) &= ~(1u << COPY);
    }
    WAIT_FOR(done == 2);
    tell("copied", counting(to, sizeof to, 3));
    (void)set_up(COUNT * 4, CON_BYTE);
    DMA_START(COPY) = DMA_RUN;
    DMA_GLOBAL(0x08u) &= ~(1u << COPY);
    DMA_GLOBAL(0x08u) |= 1u << COPY;
    delay_us(500);
    tell("reset", !dma_state(COPY, 0) && done == 2);
    dma_release(COPY);
    say("done");
    return 0;
}
