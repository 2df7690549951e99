/* Layers, I2S: what goes out comes in; the ring to send is full before it starts and interrupts once at once, then whenever one item
 * is left; its place is moved on by a quarter in each interrupt, and the receiving ring's likewise. */
#include "layers.h"

enum { OUT = 25, IN = 26, WORDS = 1024, QUARTER = WORDS / 4 };
#define I2S(offset) REGISTER(0x380D0000u + (offset))
SYSRAM_DATA static volatile uint32_t out[WORDS], in[WORDS];
static volatile uint32_t sent, received;
static uint32_t next;

static void fill_quarter(uint32_t quarter) {
    for (uint32_t at = 0; at < QUARTER; at++) {
        out[quarter * QUARTER + at] = ++next;
    }
}

void irq_dma(void) {
    NVIC_DISABLE(IRQ_dma) = 1u << IRQ_dma % 32u;
    if (DMA_STATUS(OUT) & DMA_DONE) {
        dma_move(OUT, 4 * WORDS, 4 * QUARTER);
        sent++;
        DMA_ACK(OUT) = DMA_DONE;
    }
    if (DMA_STATUS(IN) & DMA_DONE) {
        dma_move(IN, 4 * WORDS, 4 * QUARTER);
        received++;
        DMA_ACK(IN) = DMA_DONE;
    }
    NVIC_ENABLE(IRQ_dma) = 1u << IRQ_dma % 32u;
}

static void open_sound(void) {
    I2S(0x00) = 1u << 10 | 3u << 11 | 1u << 31;
    I2S(0x04) = 1u << 3 | 0xAu << 8 | 1u << 15;
    I2S(0x08) = 1u << 3 | 0xAu << 8 | 1u << 15 | 8u << 24;
    dma_ring(OUT, (uint32_t)(uintptr_t)out, 0x380F0000u, WORDS, 1, CON_WORD | DMA_DONE);
    dma_clear_request(OUT);
    DMA_START(OUT) = DMA_RUN;
    dma_ring(IN, (uint32_t)(uintptr_t)in, 0x380F0000u, WORDS, QUARTER, CON_WORD | DMA_TO_MEMORY | DMA_DONE);
    dma_clear_request(IN);
    DMA_START(IN) = DMA_RUN;
    barrier();
    tell("asked before", sent);
}

int main(void) {
    uint32_t wrong = 0, expected = 0, checked = 0, refilled = 1;
    layers_open();
    uart_open(DEBUG_UART);
    dma_allocate(OUT);
    dma_allocate(IN);
    for (uint32_t quarter = 0; quarter < 4; quarter++) {
        fill_quarter(quarter);
    }
    open_sound();
    I2S(0x00) |= 1u;
    I2S(0x04) |= 1u;
    I2S(0x08) |= 1u;
    while (checked < 20) {
        WAIT_FOR(received != checked || sent > refilled);
        for (; sent > refilled; refilled++) {
            fill_quarter((refilled - 1) % 4);
        }
        for (; received != checked; checked++) {
            for (uint32_t at = 0; at < QUARTER; at++) {
                uint32_t word = in[checked % 4 * QUARTER + at];
                if (word) { /* silence before the first */
                    wrong += word != ++expected;
                }
            }
        }
    }
    tell("wrong", wrong);
    tell("some", expected >= 19 * QUARTER);
    DMA_START(OUT) = 0;
    DMA_START(IN) = 0;
    I2S(0x04) &= ~1u;
    I2S(0x08) &= ~1u;
    I2S(0x00) &= ~15u;
    I2S(0x0C) |= 1u;
    delay_us(900);
    I2S(0x0C) &= ~1u;
    say("done");
    return 0;
}
