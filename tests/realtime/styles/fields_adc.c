/* Bit fields, ADC: one scan into a ring of one word for each read, then a periodic one into a ring that interrupts at three
 * quarters, both by DMA 29, with 50 us on GPT3 for the analog part. */
#include "adc.h"
#include "gpt.h"
#include "style.h"

enum { CHANNEL = 29, MOST = 32 };
SYSRAM_DATA static volatile uint32_t raw[MOST];
static volatile uint32_t taken, values[8], counts[8];
static uint32_t size;
#define POINTERS REGISTER(ADC_BASE + 0x2D4u)

void irq_dma(void) {
    if (!dma_state(CHANNEL, 1)) {
        return;
    }
    uint32_t count = DMA_FILLED(CHANNEL), place = (DMA_SOFTWARE(CHANNEL) & 0xFFFFu) >> 2, end = place + count;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t word = raw[(place + at) & (size - 1)];
        values[word & 7u] = word >> 4 & 0xFFFu;
        counts[word & 7u]++;
    }
    DMA_SOFTWARE(CHANNEL) = ((DMA_SOFTWARE(CHANNEL) ^ (end >= size ? DMA_WRAP : 0)) & 0xFFFF0000u) | (end & (size - 1)) << 2;
    CHANGE(DMA_ACK(CHANNEL), 0, DMA_DONE);
    taken += count;
}

static void settle(void) {
    GPT3_INIT = 0;
    GPT3_EXPIRE = 0xFFFFFFFFu;
    CHANGE(GPT3_CTRL, 0, 0x8000u);
    CHANGE(GPT3_CTRL, 0, 1);
    while (GPT3_CNT < 50) {
    }
    CHANGE(GPT3_CTRL, 1, 0);
}

static void read_channels(uint32_t map, uint32_t items, uint32_t hertz, uint32_t common_mode) {
    size = items;
    taken = 0;
    CHANGE(ADC_CTL3, 1u << 31 | 1u << 16 | 1u << 17, ADC_ANALOG_2V5 | common_mode << 31);
    CHANGE(ADC_CTL0, 0xFFFFFFFFu, 8u << 4 | 20u << 9);
    while ((POINTERS & 31u) != (POINTERS >> 5 & 31u)) {
        (void)ADC_DATA;
    }
    settle();
    DMA_ENABLE_SET = 1u << CHANNEL;
    CHANGE(DMA_START(CHANNEL), DMA_RUN, 0);
    DMA_MEMORY(CHANNEL) = (uint32_t)(uintptr_t)raw;
    DMA_SIZE(CHANNEL) = size;
    DMA_COUNT(CHANNEL) = size == 1 ? 1 : 3 * size / 4;
    DMA_PERIPHERAL(CHANNEL) = (uint32_t)(uintptr_t)&ADC_DATA;
    DMA_SOFTWARE(CHANNEL) = 0;
    CHANGE(DMA_ACK(CHANNEL), 0, DMA_DONE);
    CHANGE(REGISTER(ADC_BASE + 0x24Cu), 0, 1);
    CHANGE(DMA_CON(CHANNEL), 3u | 1u << 14, 2u | DMA_TO_MEMORY | DMA_REQUESTS | DMA_DONE);
    CHANGE(DMA_START(CHANNEL), 0, DMA_RUN);
    uint32_t control = ADC_CTL0;
    if (hertz) {
        ADC_PERIOD = ADC_CLOCK / hertz - 1;
        control |= ADC_PERIODIC;
    }
    ADC_CTL0 = (control & 0xFFFFu) | map << 16 | ADC_ENABLE;
}

int main(void) {
    uart_open(DEBUG_UART);
    ADC_GLOBAL = 0;
    ADC_GLOBAL = 1;
    DMA_GLOBAL(0x28u) = 1u << CHANNEL;
    irq_enable(IRQ_adc, 2);
    irq_enable(IRQ_dma, 2);
    for (uint32_t round = 0; round < 3; round++) {
        read_channels(1u << 2, 1, 0, 0);
        WAIT_FOR(taken == 1);
        DMA_ENABLE_SET = 0;
        CHANGE(DMA_START(CHANNEL), DMA_RUN, 0);
        tell("one", values[2]);
    }
    read_channels(1u << 2 | 1u << 5, 16, 2000, 1);
    WAIT_FOR(taken >= 96);
    CHANGE(ADC_CTL0, ADC_PERIODIC | ADC_ENABLE, 0);
    tell("two", values[2]);
    tell("five", values[5]);
    tell("same", counts[2] - 3 == counts[5]);
    say("done");
    return 0;
}
