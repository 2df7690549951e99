/* Bit fields, UART: ISU0 by two virtual FIFOs. The ring to send is filled from its start for each piece, the handshake
 * switched off and on around the channel's start; the UART's time-out interrupt tells of what lies in the ring. */
#include "style.h"

enum { TX = 13, RX = 14, TX_RING = 256, RX_RING = 32 };
SYSRAM_DATA static volatile uint8_t tx_ring[TX_RING], rx_ring[RX_RING];
static volatile uint8_t heard[128];
static volatile uint32_t heard_count, timed_out, full;
#define U ISU_UART(0)

static void take(void) {
    uint32_t count = DMA_FILLED(RX), place = DMA_SOFTWARE(RX);
    while (count--) {
        heard[heard_count++ % sizeof heard] = rx_ring[place & 0xFFFFu];
        place = dma_next(place, RX_RING);
    }
    DMA_SOFTWARE(RX) = place;
}

void irq_isu0_uart(void) {
    uint32_t cause;
    do {
        cause = U->fcr & 0x3Fu;
        if (cause == 0x04 || cause == 0x0C) {
            timed_out++;
            take();
            (void)U->vfifo_enable;
        }
    } while (cause != 0x01);
}

void irq_dma(void) {
    for (uint32_t channel = 0; channel < DMA_CHANNELS; channel++) {
        if (dma_state(channel, 1) && channel == RX) {
            full++;
            take();
            CHANGE(DMA_ACK(RX), 0, DMA_DONE);
        }
    }
}

static void open_line(void) {
    CHANGE(U->lcr, 0xFF, 0xBF);
    CHANGE(U->fcr, 0xCF, 1u << 4);
    CHANGE(U->highspeed, 3, 3);
    CHANGE(U->ier, 0xFF, 0);
    CHANGE(U->data, 0xFF, 1);
    CHANGE(U->sample_count, 0xFF, 224);
    CHANGE(U->sample_point, 0xFF, 110);
    CHANGE(U->fraction_high, 3, 1);
    CHANGE(U->fraction_low, 0xFF, 0xB7);
    U->lcr = 0x03;
    U->fcr = 0x97;
    CHANGE(U->vfifo_enable, 1, 1);
}

static void open_channel(uint32_t channel, volatile uint8_t *ring, uint32_t size, uint32_t count, uint32_t con) {
    DMA_ENABLE_SET = 1u << channel;
    CHANGE(DMA_START(channel), DMA_RUN, 0);
    DMA_PERIPHERAL(channel) = (uint32_t)(uintptr_t)&U->data;
    DMA_MEMORY(channel) = (uint32_t)(uintptr_t)ring;
    DMA_SIZE(channel) = size;
    DMA_COUNT(channel) = count;
    CHANGE(DMA_CON(channel), 3, con);
    DMA_SOFTWARE(channel) = DMA_HARDWARE(channel);
}

static void write_bytes(const char *bytes, uint32_t size) {
    while (size) {
        uint32_t piece = size > TX_RING ? TX_RING : size;
        while (!(DMA(TX, 0x3Cu) & 2u)) {
        }
        CHANGE(DMA_START(TX), DMA_RUN, 0);
        for (uint32_t at = 0; at < piece; at++) {
            tx_ring[at] = (uint8_t)bytes[at];
        }
        DMA_SOFTWARE(TX) = piece == TX_RING ? DMA_WRAP : piece;
        CHANGE(U->handshake, 2, 0);
        DMA_GLOBAL(0x58u) = 0;
        DMA_GLOBAL(0x58u) = 1u << TX;
        DMA_GLOBAL(0x58u) = 0;
        CHANGE(DMA_START(TX), 0, DMA_RUN);
        CHANGE(U->handshake, 0, 2);
        bytes += piece;
        size -= piece;
    }
}

int main(void) {
    static char text[700];
    uart_open(DEBUG_UART);
    open_line();
    open_channel(TX, tx_ring, TX_RING, 0, DMA_REQUESTS);
    open_channel(RX, rx_ring, RX_RING, RX_RING, DMA_REQUESTS | DMA_DONE | DMA_TO_MEMORY);
    CHANGE(U->handshake, 7, 1 | 4);
    CHANGE(U->ier, 1, 1);
    irq_enable(IRQ_isu0_uart, 2);
    irq_enable(IRQ_dma, 2);
    CHANGE(DMA_START(RX), 0, DMA_RUN);
    for (uint32_t at = 0; at < sizeof text; at++) {
        text[at] = (char)('a' + at % 26);
    }
    write_bytes(text, sizeof text);
    say("written");
    for (uint32_t told = 0;;) {
        WAIT_FOR(heard_count != told);
        while (told != heard_count) {
            uart_put(DEBUG_UART, (char)heard[told++ % sizeof heard]);
        }
        uart_print(DEBUG_UART, timed_out ? "| late " : "| full ");
        tell("", full);
        timed_out = 0;
    }
}
