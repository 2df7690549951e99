/*
 * Choosing without branching: a condition is a mask, all ones or all zeros.
 *
 * Every mask goes through a barrier, behind which the compiler can no longer see that it has only two
 * values and turn the choice back into a branch.
 */
#ifndef ARMILLARY_MASK_H
#define ARMILLARY_MASK_H

#include <stdint.h>

typedef uint32_t mask;

/* `x`, of which the compiler now knows nothing. */
static inline uint32_t mask_hide(uint32_t x)
{
    __asm__("" : "+r"(x));
    return x;
}

/* All ones if x is zero, else zero. */
static inline mask mask_is_zero(uint32_t x)
{
    return mask_hide((x | (0u - x)) >> 31) - 1;
}

/* All ones if bit is 1, zero if it is 0.  in: bit is 0 or 1. */
static inline mask mask_of_bit(uint32_t bit)
{
    return 0u - mask_hide(bit);
}

/* a where the mask is all ones, b where it is zero. */
static inline uint32_t mask_select(mask m, uint32_t a, uint32_t b)
{
    return b ^ (m & (a ^ b));
}

#endif
