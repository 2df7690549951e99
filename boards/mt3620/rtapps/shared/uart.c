#include "uart.h"

enum { DIVISOR_LATCH = 0x80, EIGHT_BITS = 3, FIFO_ON_AND_EMPTY = 0x07 };

/* 26 MHz / 115200 = 225.69 clocks a bit: 225, and one more in seven of ten bits. */
void uart_open(struct uart *uart) {
    uart->lcr = DIVISOR_LATCH;
    uart->highspeed = 3;
    uart->ier = 0; /* the divisor, high and low */
    uart->data = 1;
    uart->sample_count = 224;
    uart->sample_point = 110;
    uart->fraction_high = 0;
    uart->fraction_low = 223;
    uart->lcr = EIGHT_BITS;
    uart->fcr = FIFO_ON_AND_EMPTY;
}

void uart_put(struct uart *uart, char character) {
    while (!(uart->lsr & UART_ROOM)) {
    }
    uart->data = (uint8_t)character;
}

void uart_print(struct uart *uart, const char *text) {
    for (; *text; text++) {
        if (*text == '\n') {
            uart_put(uart, '\r');
        }
        uart_put(uart, *text);
    }
}

void uart_decimal(struct uart *uart, uint32_t value) {
    char digits[10];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) {
        uart_put(uart, digits[--count]);
    }
}

void uart_hex(struct uart *uart, uint32_t value) {
    uart_print(uart, "0x");
    for (int shift = 28; shift >= 0; shift -= 4) {
        uart_put(uart, "0123456789abcdef"[value >> shift & 15]);
    }
}

void uart_flush(struct uart *uart) {
    while (!(uart->lsr & UART_ALL_SENT)) {
    }
}
