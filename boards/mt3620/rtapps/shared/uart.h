/* UARTs: a 16550 with FIFOs of 16 bytes, fed with 26 MHz. All functions wait; none uses an interrupt. */
#ifndef UART_H
#define UART_H

#include <stddef.h>
#include <stdint.h>

struct uart {
    volatile uint32_t data;                /* 00 received / to be sent; DLL with LCR.7 */
    volatile uint32_t ier;                 /* 04 0 data, 1 transmitter empty; DLM with LCR.7 */
    volatile uint32_t fcr;                 /* 08 IIR when read; EFR with LCR 0xBF */
    volatile uint32_t lcr;                 /* 0C */
    volatile uint32_t mcr;                 /* 10 */
    volatile uint32_t lsr;                 /* 14 0 data, 5 room to send, 6 all is sent */
    volatile uint32_t msr, scr, rx_level;  /* 18 */
    volatile uint32_t highspeed;           /* 24 3: a bit takes SAMPLE_COUNT + 1 clocks */
    volatile uint32_t sample_count;        /* 28 */
    volatile uint32_t sample_point;        /* 2C */
    volatile uint32_t auto_baud, rate_fix; /* 30 */
    volatile uint32_t unused38;
    volatile uint32_t guard, escape_data, escape_enable, time_out; /* 3C */
    volatile uint32_t vfifo_enable;                                /* 4C reading acknowledges the receive time-out */
    volatile uint32_t rx_trigger;                                  /* 50 */
    volatile uint32_t fraction_low, fraction_high;                 /* 54 bits that take a clock more */
    volatile uint32_t fcr_read, unused60;
    volatile uint32_t handshake; /* 64 0 receive by DMA, 1 send by DMA, 2 automatic */
    volatile uint32_t rx_count;  /* 68 */
    volatile uint32_t tx_count;  /* 6C */
};
_Static_assert(offsetof(struct uart, sample_count) == 0x28, "as the chip has it");
_Static_assert(offsetof(struct uart, tx_count) == 0x6C, "as the chip has it");

#define DEBUG_UART ((struct uart *)0x21040000u)
#define ISU_UART(number) ((struct uart *)(0x38070500u + 0x10000u * (number)))

enum { UART_DATA = 1 << 0, UART_ROOM = 1 << 5, UART_ALL_SENT = 1 << 6 }; /* LSR */

/* 115200 baud, 8 bits, no parity, one stop bit; FIFOs on and empty. */
void uart_open(struct uart *uart);
void uart_put(struct uart *uart, char character);
/* A string; a line's end becomes CR LF. */
void uart_print(struct uart *uart, const char *text);
/* `value` in decimal, or as eight hexadecimal digits with 0x. */
void uart_decimal(struct uart *uart, uint32_t value);
void uart_hex(struct uart *uart, uint32_t value);
/* Wait until the last bit is out. */
void uart_flush(struct uart *uart);

#endif
