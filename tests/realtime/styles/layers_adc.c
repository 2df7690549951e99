/* Layers, ADC: fields changed one at a time, a trigger level of as many results as channels; one scan at each start, by the FIFO's
 * interrupt or its time-out; then a ring. Averages of 32. */
#include "adc.h"
#include "layers.h"

enum { RING = 29, RING_WORDS = 64 };
SYSRAM_DATA static volatile uint32_t ring[RING_WORDS];
static volatile uint32_t got, latest[8], cause, rings;
#define IIR REGISTER(ADC_BASE + 0x208u)
#define DMA_ENABLE REGISTER(ADC_BASE + 0x24Cu)
#define TIME_OUT REGISTER(ADC_BASE + 0x254u)
#define POINTERS REGISTER(ADC_BASE + 0x2D4u)

static void keep(uint32_t word) {
    latest[word & 7u] = word >> 4 & 0xFFFu;
    got++;
}

void irq_adc(void) {
    uint32_t read = POINTERS & 31u, write = POINTERS >> 5 & 31u;
    cause = IIR & 15u;
    for (uint32_t count = write >= read ? write - read : write + 32 - read; count; count--) {
        keep(ADC_DATA);
    }
}

void irq_dma(void) {
    if (DMA_STATUS(RING) & DMA_DONE) {
        uint32_t bytes = 4 * DMA_FILLED(RING), place = DMA_SOFTWARE(RING) & 0xFFFFu;
        for (uint32_t at = 0; at < bytes; at += 4) {
            keep(ring[(place + at) % (4 * RING_WORDS) / 4]);
        }
        dma_move(RING, 4 * RING_WORDS, bytes);
        DMA_ACK(RING) = DMA_DONE;
        rings++;
    }
}

static void open_adc(uint32_t map, uint32_t is_periodic, uint32_t period) {
    REGISTER(0x30030208u) |= 1u << 31;
    CHANGE(ADC_CTL0, 0xFFFFu << 16, 0xFFu << 16);
    CHANGE(ADC_CTL3, 3u, 1u);
    CHANGE(ADC_CTL3, 3u << 2, 1u << 2);
    CHANGE(ADC_CTL3, 0, 1u << 4);
    CHANGE(ADC_CTL3, 0, 1u << 6);
    CHANGE(ADC_CTL3, 3u << 8, 2u << 8);
    CHANGE(ADC_CTL0, ADC_PERIODIC, is_periodic << 8);
    CHANGE(ADC_CTL0, 7u << 1, 5u << 1);
    CHANGE(ADC_CTL0, 0xFFFFu << 16, map << 16);
    ADC_PERIOD = period;
    CHANGE(REGISTER(ADC_BASE + 0x108u), 1u << 20, 0);
    CHANGE(REGISTER(ADC_BASE + 0x108u), 1u << 21, 0);
}

static void one_shots(void) {
    CHANGE(DMA_ENABLE, 1, 0);
    CHANGE(ADC_IER, 0, 1);
    open_adc(1u << 1 | 1u << 4 | 1u << 7, 0, 0);
    for (uint32_t round = 1; round < 4; round++) {
        CHANGE(ADC_LEVEL, 31u << 2, 3u << 2);
        CHANGE(ADC_CTL0, 0, ADC_ENABLE);
        WAIT_FOR(got == 3 * round);
    }
    tell("cause", cause);
}

static void late(void) {
    got = 0;
    CHANGE(ADC_IER, 1, 4);
    CHANGE(ADC_LEVEL, 31u << 2, 20u << 2);
    TIME_OUT = 2000;
    CHANGE(ADC_CTL0, 0, ADC_ENABLE);
    WAIT_FOR(got);
    tell("late", cause);
    CHANGE(ADC_IER, 5, 0);
}

static void reset(void) {
    CHANGE(ADC_CTL0, ADC_ENABLE, 0);
    ADC_GLOBAL &= ~1u;
    ADC_GLOBAL |= 1u;
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    install(IRQ_adc, 5, LEVEL);
    one_shots();
    late();
    reset();
    got = 0;
    dma_allocate(RING);
    dma_ring(RING, (uint32_t)(uintptr_t)ring, (uint32_t)(uintptr_t)&ADC_DATA, RING_WORDS, 2, CON_WORD | DMA_TO_MEMORY | DMA_DONE);
    CHANGE(DMA_ENABLE, 0, 1);
    CHANGE(ADC_IER, 5, 0);
    open_adc(1u << 1 | 1u << 4, 1, 4000);
    dma_clear_request(RING);
    DMA_START(RING) = DMA_RUN;
    CHANGE(ADC_CTL0, 0, ADC_ENABLE);
    WAIT_FOR(got >= 100);
    tell("rings", rings);
    tell("one", latest[1]);
    tell("four", latest[4]);
    tell("seven", latest[7]);
    reset();
    DMA_START(RING) = 0;
    say("done");
    return 0;
}
