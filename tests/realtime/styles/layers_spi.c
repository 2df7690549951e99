/* Layers, SPI: the unit reset for every transfer, one opcode byte and up to 32 of data (16 both ways, read from SDIR4), by FIFO or by
 * DMA: twelve words to the port, and what was read from the port. */
#include "layers.h"

enum { UNIT = 3, TX = 6, RX = 7, START_24 = 1 << 20 | SPI_START };
SYSRAM_DATA static volatile uint32_t words[12], answer[9];
static volatile uint8_t out[33], in[36];
static volatile uint32_t finished;
static uint32_t is_dma, is_out, is_in, length;
#define PORT (ISU_BASE(UNIT) + 0x340u)
#define CSPOL REGISTER(ISU_BASE(UNIT) + 0x338u)

static void prepare(uint32_t clock_mode, uint32_t line, uint32_t kilohertz) {
    uint32_t mode;
    unit_reset(UNIT, ISU_SPI_CLOCKS);
    mode = SPI_SMMR(UNIT) & ~(7u << 29) & ~(1u << 28) & ~(7u << 3);
    SPI_SMMR(UNIT) = mode | line << 29 | clock_mode << 4 | SPI_BUFFERED;
    CSPOL |= 0xFFu << 12;
    CSPOL &= ~0xFFu;
    mode = SPI_SMMR(UNIT) & ~(0xFFFu << 16) & ~(1u << 10);
    SPI_SMMR(UNIT) = mode | (80000u / kilohertz - 2) << 16 | (is_out && is_in ? 1u << 10 : 0) | SPI_INTERRUPT;
}

void irq_isu3_spi(void) {
    (void)SPI_SCSR(UNIT);
    for (uint32_t at = 0; !is_dma && is_in && at < length; at++) {
        uint32_t word = REGISTER(ISU_BASE(UNIT) + 0x348u + (is_out ? 16u : 0u) + (at & ~3u));
        in[at] = (uint8_t)(word >> 8 * (at & 3u));
    }
    finished |= !is_dma || !is_in;
}

void irq_dma(void) {
    for (uint32_t channel = TX; channel <= RX; channel++) {
        if (dma_state(channel, 1) && DMA_STATUS(channel) & DMA_DONE) {
            DMA_ACK(channel) = DMA_DONE;
            finished |= channel == RX;
        }
    }
}

static uint32_t data_word(uint32_t at) {
    return (uint32_t)(out[at] | out[at + 1] << 8 | out[at + 2] << 16) | (uint32_t)out[at + 3] << 24;
}

static uint32_t counts(void) {
    return 8u << 24 | (is_out ? (length - 1) * 8 : 0) | (is_in ? (length - 1) * 8 << 12 : 0);
}

static void by_fifo(uint8_t opcode) {
    CSPOL &= ~(1u << 8);
    SPI_SOAR(UNIT) = opcode;
    for (uint32_t word = 0; is_out && word < 8 && word < (length - 1) / 4 + 1; word++) {
        SPI_SDOR(UNIT, word) = data_word(4 * word);
    }
    SPI_SMMR(UNIT) |= SPI_BUFFERED;
    SPI_SMBCR(UNIT) = counts();
    SPI_STCSR(UNIT) = START_24;
}

static void by_dma(uint8_t opcode) {
    CSPOL |= 1u << 8;
    words[0] = opcode;
    for (uint32_t word = 0; word < 8; word++) {
        words[1 + word] = is_out ? data_word(4 * word) : 0;
    }
    words[9] = SPI_SMMR(UNIT);
    words[10] = counts();
    words[11] = START_24;
    if (is_in) {
        (void)dma_half(RX, (uint32_t)(uintptr_t)answer, PORT, (length - 2) / 4 + 1, CON_WORD | DMA_TO_MEMORY);
    }
    (void)dma_half(TX, (uint32_t)(uintptr_t)words, PORT, 12, CON_WORD);
    DMA_START(TX) = DMA_RUN;
    if (is_in) {
        DMA_START(RX) = DMA_RUN;
    }
}

/* `size` bytes with the opcode; returns how many of those read count from 100 on. */
static uint32_t transfer(uint8_t opcode, uint32_t way, uint32_t size, uint32_t dma) {
    is_out = way & 1u;
    is_in = way >> 1;
    is_dma = dma;
    length = size;
    finished = 0;
    prepare(0, 1, 4000);
    if (dma) {
        by_dma(opcode);
    } else {
        by_fifo(opcode);
    }
    WAIT_FOR(finished);
    REGISTER(ISU_BASE(UNIT)) &= ~(uint32_t)ISU_SPI_CLOCKS;
    return counting(dma ? (volatile uint8_t *)answer : in, size - 1, 100);
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    fill(out, sizeof out, 1);
    dma_allocate(TX);
    dma_allocate(RX);
    install(IRQ_isu3_spi, 5, LEVEL);
    for (uint32_t pin = 66; pin < 71; pin++) {
        pin_mode(pin, 0);
    }
    for (uint32_t dma = 0; dma < 2; dma++) {
        (void)transfer(0x11, 1, 33, dma);
        tell("read", transfer(0x91, 2, 33, dma));
        tell("both", transfer(0x92, 3, 17, dma));
        (void)transfer(0x13, 1, 2, dma);
        tell("few", transfer(0x93, 2, 6, dma));
    }
    say("done");
    return 0;
}
