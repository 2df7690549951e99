/* A picture on a display of 128 x 64 dots (SSD1306) behind ISU1's SPI: a frame and a diagonal. GPIO5 tells the display
 * whether bytes are commands (0) or dots (1). */
#include <stdint.h>

#include "cortex.h"
#include "gpio.h"
#include "isu.h"
#include "uart.h"

enum { ISU = 1, DATA_OR_COMMAND = 5, WIDTH = 128, HEIGHT = 64, PAGES = HEIGHT / 8 };
enum { MOST = 32 }; /* bytes a transfer: the command and 31 in the data registers */

static uint8_t dots[PAGES][WIDTH]; /* a byte is eight dots, the highest at bit 0 */
static volatile uint32_t is_done;

void irq_isu1_spi(void) {
    (void)SPI_SCSR(ISU);
    is_done = 1;
}

static void wait_for_transfer(void) {
    disable_interrupts();
    while (!is_done) {
        wait_for_interrupt();
        enable_interrupts();
        disable_interrupts();
    }
    is_done = 0;
    enable_interrupts();
}

/* 1 to MOST bytes. The first goes as the command, which the engine sends before the data. */
static void send_some(const uint8_t *bytes, uint32_t count) {
    uint32_t words[8] = {0};
    for (uint32_t at = 1; at < count; at++) {
        words[(at - 1) / 4] |= (uint32_t)bytes[at] << 8 * ((at - 1) % 4);
    }
    SPI_SOAR(ISU) = bytes[0];
    for (uint32_t word = 0; word < 8; word++) {
        SPI_SDOR(ISU, word) = words[word];
    }
    SPI_SMBCR(ISU) = 8u << 24 | 8 * (count - 1);
    SPI_STCSR(ISU) = SPI_START;
    wait_for_transfer();
}

static void send(uint32_t is_data, const uint8_t *bytes, uint32_t count) {
    gpio_write(DATA_OR_COMMAND, is_data);
    while (count) {
        uint32_t some = count < MOST ? count : MOST;
        send_some(bytes, some);
        bytes += some;
        count -= some;
    }
}

static void set_dot(uint32_t x, uint32_t y) {
    dots[y / 8][x] |= (uint8_t)(1u << y % 8);
}

static void draw(void) {
    for (uint32_t x = 0; x < WIDTH; x++) {
        set_dot(x, 0);
        set_dot(x, HEIGHT - 1);
        set_dot(x, x / 2);
    }
    for (uint32_t y = 0; y < HEIGHT; y++) {
        set_dot(0, y);
        set_dot(WIDTH - 1, y);
    }
}

int main(void) {
    static const uint8_t setup[] = {
        0xAE,                   /* off */
        0xA8, HEIGHT - 1,       /* lines */
        0x20, 0x00,             /* addresses go on along a line */
        0x21, 0x00, WIDTH - 1,  /* columns */
        0x22, 0x00, PAGES - 1,  /* pages of eight lines */
        0x8D, 0x14,             /* charge pump on */
        0xA4, 0xA6,             /* show what is in memory, not inverted */
        0xAF,                   /* on */
    };
    uart_open(DEBUG_UART);
    gpio_output(DATA_OR_COMMAND);
    isu_open(ISU, ISU_SPI_CLOCKS);
    SPI_SMMR(ISU) = SPI_BUFFERED | SPI_INTERRUPT | SPI_SPEED(8000000u); /* mode 0, select line 0 */
    irq_enable(IRQ_isu1_spi, 2);
    send(0, setup, sizeof setup);
    draw();
    send(1, &dots[0][0], sizeof dots);
    uart_print(DEBUG_UART, "drawn\n");
    return 0;
}
