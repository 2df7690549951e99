/*
 * Numbers of 256 bits in four 64-bit words, lowest first: what field_64.h, scalar_64.c and inverse_64.c share.
 *
 * For hosts whose compiler has a 128-bit integer.  Nothing here branches on a number or indexes by one.
 */
#ifndef ARMILLARY_NUMBER_64_H
#define ARMILLARY_NUMBER_64_H

#if defined(__SIZEOF_INT128__)

#include "common/bytes.h"
#include "common/mask.h"

#include <stdint.h>

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

/* The same mask over 64 bits. */
static inline uint64_t mask_wide(mask m)
{
    return (uint64_t)m << 32 | m;
}

/* All ones if x is zero, else zero. */
static inline uint64_t word_is_zero(uint64_t x)
{
    return mask_wide(mask_is_zero((uint32_t)(x >> 32) | (uint32_t)x));
}

/* in: carry 0 or 1.  Returns a + b + *carry; out: *carry. */
static inline uint64_t word_add(uint64_t a, uint64_t b, uint64_t *carry)
{
    const wide sum = (wide)a + b + *carry;
    *carry = (uint64_t)(sum >> 64);
    return (uint64_t)sum;
}

/* in: borrow 0 or 1.  Returns a - b - *borrow; out: *borrow. */
static inline uint64_t word_subtract(uint64_t a, uint64_t b, uint64_t *borrow)
{
    const wide difference = (wide)a - b - *borrow;
    *borrow = (uint64_t)(difference >> 64) & 1;
    return (uint64_t)difference;
}

/* Returns the low half of a * b + c + *high, which is below 2^128; out: *high. */
static inline uint64_t word_multiply_add(uint64_t a, uint64_t b, uint64_t c, uint64_t *high)
{
    const wide sum = (wide)a * b + c + *high;
    *high = (uint64_t)(sum >> 64);
    return (uint64_t)sum;
}

static inline void number_load(uint64_t r[4], const uint8_t bytes[32])
{
    for (int i = 0; i < 4; i++)
        r[i] = load_be64(bytes + 24 - 8 * i);
}

static inline void number_store(uint8_t bytes[32], const uint64_t a[4])
{
    for (int i = 0; i < 4; i++)
        store_be64(bytes + 24 - 8 * i, a[i]);
}

static inline void number_copy(uint64_t r[4], const uint64_t a[4])
{
    for (int i = 0; i < 4; i++)
        r[i] = a[i];
}

/* out: r = a where the mask is all ones, else r as it was. */
static inline void number_choose(uint64_t r[4], uint64_t m, const uint64_t a[4])
{
    for (int i = 0; i < 4; i++)
        r[i] ^= m & (r[i] ^ a[i]);
}

/* out: r = a - b modulo 2^256; may be a or b.  Returns the borrow. */
static inline uint64_t number_subtract(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++)
        r[i] = word_subtract(a[i], b[i], &borrow);
    return borrow;
}

/* All ones if a is zero, else zero. */
static inline uint64_t number_is_zero(const uint64_t a[4])
{
    return word_is_zero(a[0] | a[1] | a[2] | a[3]);
}

/*
 * One subtraction of the modulus where it is due.
 *
 * in:  top * 2^256 + a < 2 * modulus, top 0 or 1
 * out: r the same modulo the modulus, below it; may be a
 */
static inline void number_reduce_once(uint64_t r[4], uint64_t top, const uint64_t a[4], const uint64_t modulus[4])
{
    uint64_t less[4];
    const uint64_t borrow = number_subtract(less, a, modulus);
    const uint64_t keep = mask_wide(mask_of_bit((uint32_t)(borrow & (top ^ 1))));
    for (int i = 0; i < 4; i++)
        r[i] = less[i] ^ (keep & (less[i] ^ a[i]));
}

#else
typedef int number_64_needs_128_bits;
#endif
#endif
