/* Layers, PWM: a frequency and a duty cycle of a thousandth, kicked before the clock is on; two states that replay; and stopped. */
#include "layers.h"
#include "pwm.h"

enum { KHZ_2M = 2000000 };

static void params(uint32_t group, uint32_t channel, uint32_t stage, uint32_t hertz, uint32_t duty) {
    volatile uint32_t *word = stage ? &PWM_S1(group, channel) : &PWM_S0(group, channel);
    uint32_t clock = PWM_GLOBAL(group) >> 1 & 3u;
    uint32_t steps = (clock == 0 ? 32700u : clock == 1 ? (uint32_t)KHZ_2M : 26000000u) / hertz, on = duty * steps / 1000;
    *word = (*word & 0xFFFFu) | (steps - on) << 16;
    *word = (*word & ~0xFFFFu) | on;
}

static void states(uint32_t group, uint32_t channel, uint32_t first, uint32_t second, uint32_t replay) {
    uint32_t control = PWM_CTRL(group, channel) & 0xFFu;
    PWM_CTRL(group, channel) = (control & ~(uint32_t)PWM_REPLAY) | first << 8 | second << 20 | replay << 1;
}

static void init(uint32_t group, uint32_t clock) {
    PWM_GLOBAL(group) = 0xE400;
    for (uint32_t channel = 0; channel < 4; channel++) {
        PWM_CTRL(group, channel) = 0x0C;
        PWM_S0(group, channel) = 0;
        PWM_S1(group, channel) = 0;
    }
    CHANGE(PWM_GLOBAL(group), 3u << 1, clock << 1);
}

static void set(uint32_t group, uint32_t channel, uint32_t hertz, uint32_t duty, uint32_t is_on) {
    params(group, channel, 0, hertz, is_on ? duty : 0);
    if (is_on) {
        params(group, channel, 1, hertz, duty);
        states(group, channel, 1, 1, 1);
        PWM_CTRL(group, channel) |= PWM_KICK;
        return;
    }
    for (uint32_t other = 0; other < 4; other++) {
        CHANGE(PWM_CTRL(group, other), 1u << 5, other == channel ? 1u << 5 : 0);
    }
    PWM_GLOBAL(group) |= 1u;
    PWM_CTRL(group, channel) |= PWM_KICK;
    CHANGE(PWM_CTRL(group, channel), 1u << 5, 0);
    CHANGE(PWM_CTRL(group, channel), PWM_CLOCK, 0);
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    init(1, 1);
    CHANGE(PWM_CTRL(1, 0), PWM_OPEN_DRAIN, PWM_POLARITY);
    set(1, 0, 5000, 0, 1);
    set(1, 0, 5000, 250, PWM_CTRL(1, 0) >> 4 & 1u);
    set(1, 0, 5000, 250, 1);
    PWM_CTRL(1, 0) |= PWM_CLOCK;
    init(2, 0);
    CHANGE(PWM_CTRL(2, 3), PWM_OPEN_DRAIN, PWM_POLARITY);
    params(2, 3, 0, 100, 500);
    params(2, 3, 1, 50, 900);
    states(2, 3, 2, 1, 1);
    PWM_CTRL(2, 3) |= PWM_CLOCK;
    PWM_CTRL(2, 3) |= PWM_KICK;
    say("running");
    while (milliseconds < 200) {
    }
    set(1, 0, 5000, 250, 0);
    say("stopped");
    return 0;
}
