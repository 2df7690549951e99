/* Layers, UART: the unit reset and clocked first, sampling set by the divisor's remainder, bytes polled; then sent by a half-size
 * channel and received by a virtual FIFO that times out. */
#include "layers.h"

enum { HALF_TX = 0, RING_RX = 14, RING = 64 };
SYSRAM_DATA static volatile uint8_t data[90], ring[RING];
static volatile uint32_t sent, late;
#define U ISU_UART(0)

void irq_dma(void) {
    NVIC_DISABLE(IRQ_dma) = 1u << IRQ_dma % 32u;
    for (uint32_t channel = 0; channel < DMA_CHANNELS; channel++) {
        if (dma_state(channel, 1)) {
            sent += channel == HALF_TX && DMA_STATUS(channel) & DMA_DONE;
            late += channel == RING_RX && DMA_STATUS(channel) & ACK_TIME_OUT;
            DMA_ACK(channel) = DMA_DONE;
            DMA_ACK(channel) = ACK_TIME_OUT;
        }
    }
    NVIC_ENABLE(IRQ_dma) = 1u << IRQ_dma % 32u;
}

static void set_rate(struct uart *uart, uint32_t baud) {
    static const uint8_t low[11] = {0x00, 0x10, 0x44, 0x92, 0x59, 0xAB, 0xB7, 0xDF, 0xFF, 0xFF, 0xFF};
    uint32_t clocks = 26000000u / baud, high = clocks / 256 + 1, count = clocks / high - 1, was;
    uint32_t tenth = (26000000u * 10u / baud - clocks * 10u) / high;
    uart->fraction_low = 0;
    uart->fraction_high = 0;
    uart->highspeed = 3;
    was = uart->lcr;
    uart->lcr = was | 0x80u;
    uart->data = high & 0xFFu;
    uart->ier = high >> 8;
    uart->sample_count = count;
    uart->sample_point = count == 3 ? 0 : (count + 1) / 2 - 2;
    uart->fraction_high = tenth == 9 ? 1 : tenth == 10 ? 3 : 0;
    uart->fraction_low = low[tenth];
    uart->lcr = was;
}

static void open_line(struct uart *uart, volatile uint32_t *gate, uint32_t baud) {
    *gate &= ~1u;
    *gate |= 1u;
    *gate |= 0x6000u;
    uart->fcr = 0x87;
    uart->mcr = 0;
    uart->ier = 0;
    set_rate(uart, baud);
    uart->lcr = (uart->lcr & ~3u) | 3u;
    uart->lcr &= ~4u;
    uart->lcr &= ~8u;
}

static void flow_control(void) {
    uint32_t was = U->lcr;
    U->lcr = 0xBF;
    U->fcr |= 0x10u;
    U->fcr |= 0xC0u;
    U->escape_enable = 0;
    U->lcr = 0;
    U->mcr = 2;
    U->lcr = was;
}

static uint32_t get(void) {
    return U->lsr & UART_DATA ? U->data & 0xFFu : 0xFFu;
}

int main(void) {
    layers_open();
    pin_mode(26, 1);
    open_line(DEBUG_UART, &REGISTER(0x30030120u), 115200);
    open_line(U, &REGISTER(ISU_BASE(0)), 921600);
    tell("nothing", get());
    for (uint32_t heard = 0; heard != '!';) {
        heard = get();
        if (heard != 0xFF) {
            uart_put(U, (char)heard);
        }
    }
    flow_control();
    fill(data, sizeof data, ' ');
    U->vfifo_enable = 1;
    U->handshake |= 3u;
    dma_allocate(HALF_TX);
    dma_allocate(RING_RX);
    (void)dma_half(HALF_TX, (uint32_t)(uintptr_t)data, (uint32_t)(uintptr_t)&U->data, sizeof data, CON_BYTE);
    DMA_START(HALF_TX) = DMA_RUN;
    WAIT_FOR(sent);
    tell("left", DMA(HALF_TX, 0x24u));
    dma_ring(RING_RX, (uint32_t)(uintptr_t)ring, (uint32_t)(uintptr_t)&U->data, RING, RING / 2, DMA_DONE | CON_TIME_OUT | DMA_TO_MEMORY);
    DMA(RING_RX, 0x50u) = 26000;
    dma_clear_request(RING_RX);
    DMA_START(RING_RX) = DMA_RUN;
    say("receiving");
    WAIT_FOR(late);
    tell("received", DMA_FILLED(RING_RX));
    tell("counting", counting(ring, DMA_FILLED(RING_RX), 'a'));
    dma_move(RING_RX, RING, DMA_FILLED(RING_RX));
    tell("empty", DMA(RING_RX, 0x3Cu) >> 1 & 1u);
    dma_release(RING_RX);
    U->handshake &= ~3u;
    say("done");
    return 0;
}
