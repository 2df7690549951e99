/* Bit fields, SPI: ISU1's master through its port, which DMA fills with thirteen words: opcode, data, mode, counts, start, and one
 * more. Lines that idle are kept high by ones behind the data. Select lines are the engine's, or a pin. */
#include "gpio.h"
#include "isu.h"
#include "style.h"

enum { UNIT = 1, TX = 2, WORDS = 13, SELECT_PIN = 17 };
struct transfer_words {
    uint32_t soar, sdor[8], smmr, smbcr, stcsr, dummy;
};
_Static_assert(sizeof(struct transfer_words) == 4 * WORDS, "as the port takes them");
SYSRAM_DATA static volatile struct transfer_words words;
static volatile uint32_t done, failed;
static uint32_t use_dma = 1;
#define SPI_CSPOL REGISTER(ISU_BASE(UNIT) + 0x338u)

static void mode(uint32_t line, uint32_t clock_mode, uint32_t hz) {
    words.smmr = line << 29 | SPI_SPEED(hz) | clock_mode << 4 | SPI_BUFFERED | SPI_INTERRUPT;
}

static void open_master(void) {
    mode(0, 0, 2000000);
    irq_enable(IRQ_isu1_spi, 2);
    words.stcsr = SPI_START;
    DMA_ENABLE_SET = 1u << TX;
    CHANGE(DMA_START(TX), DMA_RUN, 0);
    CHANGE(DMA_CON(TX), 0x7FFFF, 2u | 1u << 2);
    DMA_PERIPHERAL(TX) = ISU_BASE(UNIT) + 0x340u;
    DMA_MEMORY(TX) = (uint32_t)(uintptr_t)&words;
    CHANGE(SPI_CSPOL, 0, 1u << 8);
    for (uint32_t word = 0; word < 8; word++) {
        SPI_SDOR(UNIT, word) = 0xFFFFFFFFu;
    }
    SPI_SOAR(UNIT) = 0xFFFFFFFFu;
    CHANGE(SPI_STCSR(UNIT), SPI_START, 0);
    (void)SPI_SCSR(UNIT);
}

void irq_isu1_spi(void) {
    if (use_dma) {
        CHANGE(DMA_START(TX), DMA_RUN, 0);
    }
    failed += !(SPI_SCSR(UNIT) & 1u) || (use_dma && DMA(TX, 0x24u));
    done = 1;
}

static void go(void) {
    done = 0;
    if (use_dma) {
        DMA_MEMORY(TX) = (uint32_t)(uintptr_t)&words;
        DMA_COUNT(TX) = WORDS;
        CHANGE(DMA_START(TX), 0, DMA_RUN);
    } else {
        const volatile uint32_t *word = &words.soar;
        for (uint32_t at = 0; at < 11; at++) {
            REGISTER(ISU_BASE(UNIT) + 0x304u + 4 * at) = word[at];
        }
        SPI_STCSR(UNIT) = words.stcsr;
    }
    WAIT_FOR(done);
}

/* Opcode bytes of `first` (highest first), then `out` bytes of data, or `in` bytes to read, or both at once. */
static void exchange(uint32_t first, uint32_t opcodes, uint32_t out, uint32_t in) {
    volatile uint8_t *bytes = (volatile uint8_t *)words.sdor;
    words.smmr = out && in ? words.smmr | 1u << 10 : words.smmr & ~(1u << 10);
    words.smbcr = out * 8 | in * 8 << 12 | opcodes * 8 << 24;
    words.soar = opcodes < 4 ? ~0u << 8 * opcodes | first : first;
    fill(bytes, out, 1);
    if (out < 32) {
        bytes[out] = 0xFF;
    }
    go();
}

static uint32_t read_counting(uint32_t count, uint32_t first) {
    volatile uint8_t bytes[32];
    for (uint32_t at = 0; at < count; at++) {
        bytes[at] = (uint8_t)(REGISTER(ISU_BASE(UNIT) + 0x348u + (at & ~3u)) >> 8 * (at & 3u));
    }
    return counting(bytes, count, first);
}

int main(void) {
    uart_open(DEBUG_UART);
    open_master();
    exchange(0x0A0B0C0D, 4, 32, 0);
    exchange(0x80, 1, 0, 32);
    tell("read", read_counting(32, 100));
    exchange(0x81, 1, 16, 16);
    tell("both", read_counting(16, 100));
    exchange(0x55, 1, 0, 0);
    use_dma = 0;
    CHANGE(SPI_CSPOL, 1u << 8, 0);
    mode(1, 3, 8000000);
    exchange(0x82, 1, 0, 5);
    tell("by hand", read_counting(5, 100));
    CHANGE(SPI_CSPOL, 0, 1u << 8);
    use_dma = 1;
    mode(7, 0, 40000000);
    gpio_output(SELECT_PIN);
    gpio_write(SELECT_PIN, 0);
    exchange(0x1234, 2, 3, 0);
    exchange(0x83, 1, 0, 4);
    gpio_write(SELECT_PIN, 1);
    tell("by pin", read_counting(4, 100));
    tell("failed", failed);
    say("done");
    return 0;
}
