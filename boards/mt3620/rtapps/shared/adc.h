/* ADC: eight channels of 12 bits at pins 41..48, converted once or periodically into a FIFO. */
#ifndef ADC_H
#define ADC_H

#include <stdint.h>

#include "mt3620.h"

#define ADC_GLOBAL REGISTER(ADC_BASE + 0x000u) /* 0 running */
#define ADC_CTL0 REGISTER(ADC_BASE + 0x100u)
#define ADC_PERIOD REGISTER(ADC_BASE + 0x104u) /* clocks of 2 MHz, less 1 */
#define ADC_CTL3 REGISTER(ADC_BASE + 0x10Cu)
#define ADC_DATA REGISTER(ADC_BASE + 0x200u)   /* 15:4 value, 3:0 channel */
#define ADC_IER REGISTER(ADC_BASE + 0x204u)    /* 0 data */
#define ADC_LSR REGISTER(ADC_BASE + 0x214u)    /* 0 there is data */
#define ADC_LEVEL REGISTER(ADC_BASE + 0x260u)  /* 6:2 how many interrupt */

enum { ADC_CLOCK = 2000000, ADC_FULL_SCALE = 4095 };
enum { ADC_ENABLE = 1, ADC_PERIODIC = 1 << 8 }; /* CTL0 */
#define ADC_SAMPLING(clocks) ((uint32_t)(clocks) << 4)
#define ADC_SETTLING(clocks) ((uint32_t)(clocks) << 9)
#define ADC_CHANNEL(number) (1u << (16 + (number)))
/* CTL3: bias currents, dither, preamplifier, common mode and clock as drivers set them for a reference of 2.5 V. */
#define ADC_ANALOG_2V5 (1u << 0 | 1u << 2 | 1u << 4 | 1u << 6 | 2u << 8 | 1u << 11 | 1u << 13 | 1u << 15)

#endif
