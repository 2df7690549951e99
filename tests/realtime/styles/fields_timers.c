/* Bit fields, timers: each is refused while it reads enabled, restarts before it is enabled, counts from n - 1, and is cleared
 * by writing back what is not its own. GPT3 repeats by being disabled and enabled in its handler. Waits look at counters. */
#include "gpio.h"
#include "gpt.h"
#include "style.h"
#include "clock.h"

#define GPT2_CTRL REGISTER(GPT_BASE + 0x30u)
#define GPT2_CNT REGISTER(GPT_BASE + 0x34u)
#define GPT01_CNT(number) REGISTER(GPT_BASE + 0x40u + 4u * (number))
#define GPT4_CTRL REGISTER(GPT_BASE + 0x60u)
#define GPT4_INIT REGISTER(GPT_BASE + 0x64u)
#define GPT4_CNT REGISTER(GPT_BASE + 0x68u)
static volatile uint32_t expired[4];

void irq_gpt01(void) {
    uint32_t zero = GPT_ISR & 1u, one = GPT_ISR >> 1 & 1u;
    CHANGE(GPT_ISR, 1, 0);
    CHANGE(GPT_ISR, 2, 0);
    expired[0] += zero;
    expired[1] += one;
    if (zero) {
        gpio_write(8, expired[0] & 1u);
    }
    if (one) {
        gpio_write(9, expired[1] & 1u);
    }
}

void irq_gpt3(void) {
    expired[3]++;
    gpio_write(10, expired[3] & 1u);
    CHANGE(GPT3_CTRL, 1, 0);
    CHANGE(GPT3_CTRL, 0, 1);
}

/* Returns 0 if it runs already. */
static uint32_t start(uint32_t number, uint32_t speed, uint32_t mode, uint32_t counts) {
    if (GPT_CTRL(number) & GPT_ENABLE) {
        return 0;
    }
    CHANGE(GPT_CTRL(number), GPT_32KHZ, speed);
    CHANGE(GPT_CTRL(number), GPT_REPEAT, mode);
    CHANGE(GPT_CTRL(number), 0, GPT_RESTART);
    CHANGE(GPT_ISR, 1u << number, 0);
    CHANGE(GPT_IER, 0, 1u << number);
    GPT_ICNT(number) = counts - 1;
    CHANGE(GPT_CTRL(number), 0, GPT_ENABLE);
    return 1;
}

/* Wait on the counter of GPT0: it takes the initial count over a moment after it is enabled. */
static void wait_slow(uint32_t counts) {
    uint32_t before = GPT01_CNT(0), now;
    CHANGE(GPT_IER, 1, 0);
    GPT_ICNT(0) = 0xFFFFFFFFu;
    CHANGE(GPT_CTRL(0), 0, GPT_ENABLE);
    do {
        now = GPT01_CNT(0);
    } while (now > 0xFFFFFFFFu - counts || now == before);
    CHANGE(GPT_CTRL(0), GPT_ENABLE, 0);
}

static void third(uint32_t microseconds) {
    GPT3_INIT = 0;
    GPT3_EXPIRE = microseconds - 1;
    CHANGE(GPT3_CTRL, 0, 0x8000u);
    CHANGE(GPT3_CTRL, 0, 1);
}

static void free_running(void) {
    uint32_t half, whole;
    clock_use_pll();
    GPT2_CNT = 0;
    CHANGE(GPT2_CTRL, 3, 2 | 1);
    GPT4_INIT = 0;
    CHANGE(GPT4_CTRL, 3, 1);
    while (GPT2_CNT < 328) {
    }
    half = GPT4_CNT;
    CHANGE(GPT4_CTRL, 1, 0);
    CHANGE(GPT4_CTRL, 2, 2);
    CHANGE(GPT4_CTRL, 0, 1);
    while (GPT2_CNT < 656) {
    }
    whole = GPT4_CNT;
    CHANGE(GPT2_CTRL, 1, 0);
    tell("half", half / 10000);
    tell("whole", whole / 10000);
}

static void pause_and_resume(void) {
    uint32_t left, fired = expired[1];
    (void)start(1, GPT_32KHZ, 0, 3277);
    wait_us(60000);
    left = GPT01_CNT(1);
    CHANGE(GPT_CTRL(1), GPT_ENABLE, 0);
    wait_us(60000);
    tell("paused", expired[1] == fired && GPT01_CNT(1) == left);
    GPT_ICNT(1) = left;
    CHANGE(GPT_CTRL(1), 0, GPT_ENABLE);
    WAIT_FOR(expired[1] != fired);
    tell("left", left / 100);
}

int main(void) {
    uart_open(DEBUG_UART);
    for (uint32_t pin = 8; pin < 11; pin++) {
        gpio_output(pin);
    }
    irq_enable(IRQ_gpt01, 2);
    irq_enable(IRQ_gpt3, 2);
    (void)start(0, 0, 0, 100);
    (void)start(1, GPT_32KHZ, GPT_REPEAT, 328);
    tell("again", start(0, 0, 0, 100));
    third(2000);
    WAIT_FOR(expired[0]);
    CHANGE(GPT_CTRL(1), GPT_ENABLE, 0);
    CHANGE(GPT3_CTRL, 1, 0);
    tell("enabled", GPT_CTRL(0) & GPT_ENABLE);
    tell("ones", expired[1]);
    tell("threes", expired[3]);
    wait_slow(50);
    wait_slow(50);
    gpio_write(8, 0);
    free_running();
    NVIC_DISABLE(IRQ_gpt3) = 1u << IRQ_gpt3;
    pause_and_resume();
    say("done");
    return 0;
}
