/* The core's clock: the 26 MHz crystal after reset, or the PLL. Peripherals keep theirs; GPT4 and SysTick follow. */
#ifndef CLOCK_H
#define CLOCK_H

#include "mt3620.h"

#define RGU_HCLK REGISTER(RGU_BASE + 0x0Cu) /* 9:8 0 crystal, 1 32.768 kHz, 2 PLL */

enum { CRYSTAL_HZ = 26000000, PLL_HZ = 197600000 };

static inline void clock_use_pll(void) {
    uint32_t others = RGU_HCLK & ~0xFF00u;
    RGU_HCLK = others; /* by way of the crystal */
    RGU_HCLK = others | 2u << 8;
}

#endif
