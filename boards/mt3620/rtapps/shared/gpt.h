/* GPT: five timers of a core. GPT0 and GPT1 count down and interrupt; GPT3 counts microseconds. */
#ifndef GPT_H
#define GPT_H

#include <stdint.h>

#include "mt3620.h"

#define GPT_ISR REGISTER(GPT_BASE + 0x00u) /* 0 GPT0, 1 GPT1; write 1 to clear */
#define GPT_IER REGISTER(GPT_BASE + 0x04u)
#define GPT_CTRL(number) REGISTER(GPT_BASE + 0x10u + 0x10u * (number)) /* GPT0 and GPT1 */
#define GPT_ICNT(number) REGISTER(GPT_BASE + 0x14u + 0x10u * (number))
#define GPT3_CTRL REGISTER(GPT_BASE + 0x50u)
#define GPT3_INIT REGISTER(GPT_BASE + 0x54u)
#define GPT3_CNT REGISTER(GPT_BASE + 0x58u)
#define GPT3_EXPIRE REGISTER(GPT_BASE + 0x5Cu)

enum { GPT_ENABLE = 1, GPT_REPEAT = 2, GPT_32KHZ = 4, GPT_RESTART = 8 }; /* CTRL of GPT0 and GPT1 */
enum { GPT3_MICROSECONDS = 0x19 << 16 };                                 /* 26 MHz / 26 */

/* Have GPT `number` (0 or 1) interrupt every `counts` periods of 32.768 kHz. The caller enables IRQ_gpt01. */
static inline void gpt_repeat(uint32_t number, uint32_t counts) {
    GPT_CTRL(number) = 0;
    GPT_ICNT(number) = counts;
    GPT_IER |= 1u << number;
    GPT_CTRL(number) = GPT_32KHZ | GPT_REPEAT | GPT_RESTART | GPT_ENABLE;
}

/* Which of GPT0 and GPT1 have expired, as bits; they are no longer pending. */
static inline uint32_t gpt_take(void) {
    uint32_t expired = GPT_ISR;
    GPT_ISR = expired;
    return expired;
}

/* Wait by looking at GPT3, which counts microseconds. */
static inline void wait_us(uint32_t microseconds) {
    GPT3_CTRL = GPT3_MICROSECONDS;
    GPT3_INIT = 0;
    GPT3_EXPIRE = 0xFFFFFFFFu; /* it stops where it expires */
    GPT3_CTRL = GPT3_MICROSECONDS | GPT_ENABLE;
    while (GPT3_CNT < microseconds) {
    }
    GPT3_CTRL = GPT3_MICROSECONDS;
}

#endif
