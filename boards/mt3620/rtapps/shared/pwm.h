/* PWM: four channels of each of the groups 0..2, on the pins of the GPIO group. */
#ifndef PWM_H
#define PWM_H

#include <stdint.h>

#include "mt3620.h"

#define PWM_GLOBAL(group) REGISTER(PWM_BASE(group)) /* 2:1 clock: 0 32 kHz, 1 2 MHz, 2 26 MHz */
#define PWM_CTRL(group, channel) REGISTER(PWM_BASE(group) + 0x100u + 0x10u * (channel))
#define PWM_S0(group, channel) REGISTER(PWM_BASE(group) + 0x104u + 0x10u * (channel)) /* 15:0 clocks on, 31:16 off */
#define PWM_S1(group, channel) REGISTER(PWM_BASE(group) + 0x108u + 0x10u * (channel))

enum { PWM_KICK = 1, PWM_REPLAY = 2, PWM_POLARITY = 4, PWM_OPEN_DRAIN = 8, PWM_CLOCK = 16 }; /* CTRL */
#define PWM_2MHZ (0xE400u | 1u << 1)

/* Put `on` clocks of `period` on the pin, over and over. */
static inline void pwm_play(uint32_t group, uint32_t channel, uint32_t on, uint32_t period) {
    PWM_CTRL(group, channel) = PWM_CLOCK | PWM_POLARITY; /* on is high */
    PWM_S0(group, channel) = (period - on) << 16 | on;
    PWM_S1(group, channel) = 0;
    PWM_CTRL(group, channel) = PWM_CLOCK | PWM_POLARITY | PWM_REPLAY | 1u << 8;
    PWM_CTRL(group, channel) = PWM_CLOCK | PWM_POLARITY | PWM_REPLAY | 1u << 8 | PWM_KICK;
}

#endif
