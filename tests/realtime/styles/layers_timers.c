/* Layers, timers and watchdog: modes by or, compare values as given, restarts by bit 3, GPT3's divider from the crystal's strap and its
 * interrupt cleared by ICLR for 5 us; the watchdog first as an interrupt, then as a reset, every write followed by 20 us. */
#include "gpio.h"
#include "gpt.h"
#include "layers.h"
#include "wdt.h"

static volatile uint32_t ones, threes, barks;

void irq_gpt01(void) {
    uint32_t state = GPT_ISR;
    if (state & 2u) {
        GPT_ISR = state & 2u;
        ones++;
        gpio_write(4, ones & 1u);
    }
    if (state & 1u) {
        GPT_ISR = state & 1u;
        gpio_write(5, 1);
    }
}

void irq_gpt3(void) {
    uint32_t control = GPT3_CTRL;
    GPT3_CTRL = control | 1u << 15;
    delay_us(5);
    GPT3_CTRL = control & ~(1u << 15);
    threes++;
    gpio_write(6, threes & 1u);
}

static void wdt_write(uint32_t offset, uint32_t value) {
    REGISTER(WDT_BASE + offset) = value;
    delay_us(20);
}

void irq_wdt(void) {
    barks++;
    wdt_write(0x80u, 1u << 30);
    wdt_write(0x38u, 0x1971);
}

static void wdt_length(uint32_t ticks) {
    wdt_write(0x34u, (ticks & 0x7FFu) << 5 | 0x08u);
    wdt_write(0x38u, 0x1971);
}

static void timer(uint32_t number, uint32_t speed, uint32_t counts, uint32_t repeats) {
    GPT_CTRL(number) = (GPT_CTRL(number) & ~4u) | speed << 2;
    GPT_ICNT(number) = counts;
    GPT_CTRL(number) = repeats ? GPT_CTRL(number) | 2u : GPT_CTRL(number) & ~2u;
    GPT_IER |= 1u << number;
    GPT_CTRL(number) |= 8u;
    GPT_CTRL(number) |= 1u;
}

static void third(uint32_t microseconds) {
    static const uint8_t crystals[4] = {20, 40, 26, 52};
    GPT3_INIT = 0;
    CHANGE(GPT3_CTRL, 63u << 16, (crystals[REGISTER(0x30090190u) & 3u] - 1u) << 16);
    GPT3_EXPIRE = microseconds;
    GPT3_CTRL |= 1u;
}

static void bark(void) {
    install(IRQ_wdt, 5, LEVEL);
    wdt_length(3);
    wdt_write(0x30u, REGISTER(WDT_BASE + 0x30u) | 8u | 0x2200u);
    wdt_write(0x30u, ((REGISTER(WDT_BASE + 0x30u) | 1u) & ~16u) | 0x2200u);
    WAIT_FOR(barks == 2);
    wdt_write(0x30u, (REGISTER(WDT_BASE + 0x30u) & ~9u & 0xFFu) | 0x2200u);
    REGISTER(WDT_BASE + 0x80u) = 1u << 31;
    tell("barks", barks);
}

int main(void) {
    uart_open(DEBUG_UART);
    if (WDT_STATUS & WDT_TIMED_OUT) {
        say("timed out");
        uart_flush(DEBUG_UART);
        wdt_write(0x44u, 0x1209);
    }
    if (WDT_STATUS & WDT_BY_SOFTWARE) {
        say("by software");
        return 0;
    }
    layers_open();
    for (uint32_t pin = 4; pin < 7; pin++) {
        gpio_output(pin);
    }
    install(IRQ_gpt01, 5, LEVEL);
    install(IRQ_gpt3, 5, LEVEL);
    timer(0, 0, 50, 0);
    timer(1, 1, 656, 1);
    third(3000);
    for (uint32_t round = 0; round < 5; round++) {
        WAIT_FOR(threes > round);
        CHANGE(GPT3_CTRL, 1, 0);
        delay_us(2);
        GPT3_CTRL |= 1u;
    }
    WAIT_FOR(ones == 5);
    GPT_CTRL(1) &= ~1u;
    CHANGE(GPT3_CTRL, 1, 0);
    say("timed");
    bark();
    wdt_length(1);
    wdt_write(0x30u, 0x2201u);
    for (uint32_t round = 0; round < 20; round++) {
        delay_us(900);
        wdt_write(0x38u, 0x1971);
    }
    say("silent");
    for (;;) {
    }
}
