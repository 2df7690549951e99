/* Echo on ISU0's UART without the core touching its FIFOs: DMA fills a ring in SYSRAM with what arrives and empties
 * another to the line. The core sleeps, moves bytes from ring to ring, and counts lines on its debug UART. */
#include <stdint.h>

#include "cortex.h"
#include "dma.h"
#include "isu.h"
#include "uart.h"

enum { ISU = 0, RING = 256 };
enum { RX = DMA_UART_RX(ISU), TX = DMA_UART_TX(ISU) };

__attribute__((section(".sysram"), aligned(4))) static volatile uint8_t rx_ring[RING];
__attribute__((section(".sysram"), aligned(4))) static volatile uint8_t tx_ring[RING];
static uint32_t rx_place, tx_place;

/* All channels share this interrupt. */
void irq_dma(void) {
    DMA_ACK(RX) = DMA_DONE;
}

static void open_ring(uint32_t channel, volatile uint8_t *ring, volatile uint32_t *data, uint32_t control) {
    DMA_ENABLE_SET = 1u << channel;
    DMA_START(channel) = 0;
    DMA_PERIPHERAL(channel) = (uint32_t)(uintptr_t)data;
    DMA_MEMORY(channel) = (uint32_t)(uintptr_t)ring;
    DMA_SIZE(channel) = RING;
    DMA_CON(channel) = DMA_BYTES | DMA_REQUESTS | control;
    DMA_SOFTWARE(channel) = 0;
}

static void open_line(void) {
    struct uart *line = ISU_UART(ISU);
    isu_open(ISU, ISU_UART_CLOCKS);
    uart_open(line);
    line->vfifo_enable = 1;
    open_ring(RX, rx_ring, &line->data, DMA_TO_MEMORY | DMA_DONE);
    open_ring(TX, tx_ring, &line->data, 0);
    DMA_COUNT(RX) = 1; /* a single byte interrupts */
    DMA_COUNT(TX) = 0;
    line->handshake = 7;
    DMA_START(RX) = DMA_RUN;
    DMA_START(TX) = DMA_RUN;
    irq_enable(IRQ_dma, 2);
}

static void send(uint8_t byte) {
    while (DMA_FILLED(TX) >= RING - 1) {
    }
    tx_ring[tx_place & 0xFFFFu] = byte;
    tx_place = dma_next(tx_place, RING);
    DMA_SOFTWARE(TX) = tx_place;
}

static uint8_t receive(void) {
    uint8_t byte = rx_ring[rx_place & 0xFFFFu];
    rx_place = dma_next(rx_place, RING);
    DMA_SOFTWARE(RX) = rx_place;
    return byte;
}

int main(void) {
    uint32_t lines = 0;
    uart_open(DEBUG_UART);
    open_line();
    uart_print(DEBUG_UART, "echoing ISU0\n");
    for (;;) {
        disable_interrupts(); /* between the look and the sleep nothing may slip through; WFI wakes all the same */
        if (!DMA_FILLED(RX)) {
            wait_for_interrupt();
        }
        enable_interrupts();
        while (DMA_FILLED(RX)) {
            uint8_t byte = receive();
            send(byte);
            if (byte == '\n') {
                uart_print(DEBUG_UART, "lines: ");
                uart_decimal(DEBUG_UART, ++lines);
                uart_print(DEBUG_UART, "\n");
            }
        }
    }
}
