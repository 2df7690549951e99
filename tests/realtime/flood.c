/* Accesses of every size, at random, all over one page: a guest that means no good. The page is told by the test. */
#include "cortex.h"

#define TOLD ((volatile uint32_t *)0x2200F000u) /* address of the page, mask of offsets, state of the generator, accesses */

int main(void)
{
    const uint32_t page = TOLD[0], mask = TOLD[1];
    uint32_t state = TOLD[2];
    for (;;) {
        state = state * 1664525u + 1013904223u;
        const uint32_t address = page + (state >> 10 & mask), value = state << 7 >> (state >> 27);
        switch (state >> 29) {
        case 0:
            (void)REGISTER(address & ~3u);
            break;
        case 1:
            (void)*(volatile uint8_t *)address;
            break;
        case 2:
            *(volatile uint8_t *)address = (uint8_t)value;
            break;
        case 3:
            *(volatile uint16_t *)(address & ~1u) = (uint16_t)value;
            break;
        default:
            REGISTER(address & ~3u) = value;
            break;
        }
        TOLD[2] = state;
        TOLD[3]++;
    }
}
