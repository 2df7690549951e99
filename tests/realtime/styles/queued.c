/* The queued style: registers changed by reading, modifying and writing, the enhanced register set entered with LCR 0xBF,
 * bytes handed over by the transmit interrupt as many as the FIFO's level leaves room for, received ones collected by
 * interrupt and the time-out acknowledged by a read; timers that count from n - 1, the status cleared one bit at a time. */
#include "cortex.h"
#include "gpt.h"
#include "uart.h"

enum { QUEUE = 256 };
static uint8_t queue[QUEUE], heard[64];
static volatile uint32_t put_at, get_at, heard_count, expiries;

static void refill(void) {
    uint32_t room = 16 - DEBUG_UART->tx_count;
    while (room-- && get_at != put_at) {
        DEBUG_UART->data = queue[get_at++ % QUEUE];
    }
    if (get_at == put_at) {
        DEBUG_UART->ier &= ~2u;
    }
}

static void collect(void) {
    while (DEBUG_UART->lsr & 1u) {
        heard[heard_count++ % sizeof heard] = (uint8_t)DEBUG_UART->data;
    }
    (void)DEBUG_UART->vfifo_enable;
}

void irq_debug_uart(void) {
    for (;;) {
        switch (DEBUG_UART->fcr & 0x1Fu) {
        case 0x01: return;
        case 0x02: refill(); break;
        case 0x04:
        case 0x0C: collect(); break;
        default: return;
        }
    }
}

void irq_gpt01(void) {
    GPT_ISR = 2;
    expiries++;
}

static void say(const char *text) {
    for (; *text; text++) {
        while (put_at - get_at >= QUEUE) {
            wait_for_interrupt();
        }
        queue[put_at % QUEUE] = (uint8_t)*text;
        put_at++;
    }
    DEBUG_UART->ier |= 2u;
}

static void open_line(void) {
    DEBUG_UART->lcr = (DEBUG_UART->lcr & ~0xFFu) | 0xBF;
    DEBUG_UART->fcr = (DEBUG_UART->fcr & ~0xFFu) | 0x10; /* EFR: enhanced, no flow control */
    DEBUG_UART->highspeed = 3;
    DEBUG_UART->ier = 0;
    DEBUG_UART->data = 1;
    DEBUG_UART->sample_count = 224;
    DEBUG_UART->sample_point = 110;
    DEBUG_UART->fraction_high = 0;
    DEBUG_UART->fraction_low = 0xB7;
    DEBUG_UART->lcr = 3;
    DEBUG_UART->fcr = 0x97;
    DEBUG_UART->vfifo_enable = 0;
    DEBUG_UART->ier |= 1u;
    irq_enable(IRQ_debug_uart, 2);
}

int main(void) {
    open_line();
    GPT_CTRL(1) = (GPT_CTRL(1) & ~6u) | 6u; /* repeat, 32.768 kHz */
    irq_enable(IRQ_gpt01, 2);
    GPT_CTRL(1) |= 8u;
    GPT_IER |= 2u;
    GPT_ICNT(1) = 3276;
    if (GPT_CTRL(1) & 1u) {
        say("already running\n");
    }
    GPT_CTRL(1) |= 1u;
    for (int line = 0; line < 12; line++) {
        say("a line that is longer than the FIFO holds\n");
    }
    while (expiries < 10) {
        wait_for_interrupt();
    }
    say(heard_count == 5 && heard[0] == 'h' && heard[4] == 'o' ? "heard hello\n" : "heard nothing\n");
    for (;;) {
        wait_for_interrupt();
    }
}
