/* Bit fields, I2S: as a slave of a codec, 16 bits, two channels. The ring to send is empty when its channel is started, and is
 * filled whenever it interrupts; the ring to receive is emptied at three quarters. */
#include "style.h"

enum { OUT = 25, IN = 26, BYTES = 2048, WORDS = BYTES / 4 };
#define I2S(offset) REGISTER(0x380D0000u + (offset))
SYSRAM_DATA static volatile uint8_t out[BYTES];
SYSRAM_DATA static volatile uint32_t in[WORDS];
static volatile uint32_t written, asked, received, wrong, expected;

static void fill_out(uint32_t place, uint32_t bytes) {
    for (uint32_t at = 0; at < bytes; at += 4) {
        *(volatile uint32_t *)(volatile void *)&out[place + at] = written++;
    }
}

static void update_out(void) {
    uint32_t left = (DMA_SIZE(OUT) - DMA_FILLED(OUT)) << (DMA_CON(OUT) & 3u), place = DMA_SOFTWARE(OUT) & 0xFFFFu;
    asked++;
    if (place + left >= BYTES) {
        fill_out(place, BYTES - place);
        DMA_SOFTWARE(OUT) = (DMA_SOFTWARE(OUT) ^ DMA_WRAP) & 0xFFFF0000u;
        left -= BYTES - place;
        place = 0;
    }
    if (left) {
        fill_out(place, left);
        DMA_SOFTWARE(OUT) += left;
    }
    CHANGE(DMA_ACK(OUT), 0, DMA_DONE);
}

static void update_in(void) {
    uint32_t count = DMA_FILLED(IN), place = DMA_SOFTWARE(IN);
    for (; count; count--) {
        wrong += in[(place & 0xFFFFu) / 4] != expected++;
        place = (place & 0xFFFFu) + 4 < BYTES ? place + 4 : (place & DMA_WRAP) ^ DMA_WRAP;
        received++;
    }
    DMA_SOFTWARE(IN) = place;
    CHANGE(DMA_ACK(IN), 0, DMA_DONE);
}

void irq_dma(void) {
    for (uint32_t channel = OUT; channel <= IN; channel++) {
        if (dma_state(channel, 1)) {
            if (channel == OUT) {
                update_out();
            } else {
                update_in();
            }
        }
    }
}

static void channel(uint32_t number, uint32_t ring, uint32_t threshold, uint32_t way) {
    DMA_ENABLE_SET = 1u << number;
    CHANGE(DMA_START(number), DMA_RUN, 0);
    CHANGE(DMA_CON(number), 3, 2u | DMA_REQUESTS | DMA_DONE | way);
    DMA_PERIPHERAL(number) = 0x380F0000u;
    DMA_MEMORY(number) = ring;
    DMA_SOFTWARE(number) = 0;
    DMA_SIZE(number) = WORDS;
    DMA_COUNT(number) = threshold;
}

static void open_i2s(void) {
    CHANGE(I2S(0x0C), 0, 2);
    CHANGE(I2S(0x0C), 2, 0);
    CHANGE(I2S(0x00), 1u << 31 | 7u, 1u << 3 | 1u << 4 | 1u << 5 | 1u << 10 | 3u << 11 | 1u << 18 | 3u << 19);
}

static void output(uint32_t rate) {
    CHANGE(I2S(0x00), 0, 1u << 23 | 3u << 26);
    CHANGE(I2S(0x04), 0xF00, 1u | 1u << 2 | 1u << 3 | rate << 8 | 1u << 15);
    channel(OUT, (uint32_t)(uintptr_t)out, WORDS / 4, 0);
    CHANGE(I2S(0x30), 3, 1u | 1u << 4 | 1u << 15);
    CHANGE(I2S(0x00), 0, 1u | 2u);
    CHANGE(DMA_START(OUT), 0, DMA_RUN);
}

static void input(uint32_t rate) {
    CHANGE(I2S(0x00), 1u << 22, 3u << 24);
    CHANGE(I2S(0x08), 0x1F000F00u, 1u | 1u << 2 | 1u << 3 | rate << 8 | 1u << 15 | 8u << 24);
    channel(IN, (uint32_t)(uintptr_t)in, 3 * WORDS / 4, DMA_TO_MEMORY);
    CHANGE(I2S(0x30), 3u << 16, 1u << 16 | 1u << 20 | 1u << 31);
    CHANGE(I2S(0x00), 0, 1u | 4u);
    CHANGE(DMA_START(IN), 0, DMA_RUN);
}

int main(void) {
    uart_open(DEBUG_UART);
    irq_enable(IRQ_dma, 2);
    open_i2s();
    output(4);
    input(4);
    WAIT_FOR(received >= 3000);
    tell("asked", asked);
    tell("wrong", wrong);
    CHANGE(I2S(0x04), 1, 0);
    CHANGE(I2S(0x08), 1, 0);
    CHANGE(I2S(0x00), 7u, 0);
    DMA_GLOBAL(0x28u) = 1u << OUT;
    DMA_GLOBAL(0x28u) = 1u << IN;
    I2S(0x30) = 0;
    say("done");
    return 0;
}
