/*
 * Constant-time comparison: every byte is read and no branch depends on one.
 */
#include "common/compare.h"

int memory_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    /* volatile: the compiler may not conclude that the loop can end early */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < length; i++)
        difference |= a[i] ^ b[i];
    return (int)(((uint32_t)difference - 1) >> 31);
}
