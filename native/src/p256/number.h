/*
 * Numbers of 256 bits: eight words, the least significant first.  All in constant time.
 *
 * A result may be an operand.
 */
#ifndef ARMILLARY_NUMBER_H
#define ARMILLARY_NUMBER_H

#include "common/mask.h"

#include <stdint.h>

#define NUMBER_WORDS 8

/* The order n of the curve's group (SP 800-186, section 3.2.1.3). */
extern const uint32_t P256_ORDER[NUMBER_WORDS];

/* Between a number and 32 bytes, big-endian. */
void number_load(uint32_t x[8], const uint8_t bytes[32]);
void number_store(uint8_t bytes[32], const uint32_t x[8]);

/* out: r = a + b modulo 2^256.  Returns the carry, 0 or 1. */
uint32_t number_add(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);

/* out: r = a - b modulo 2^256.  Returns the borrow, 0 or 1. */
uint32_t number_subtract(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);

/* out: r = a where the mask is all ones, b where it is zero. */
void number_select(uint32_t r[8], mask m, const uint32_t a[8], const uint32_t b[8]);

/* All ones if the number is zero, else zero. */
mask number_is_zero(const uint32_t x[8]);

/* Zero if the numbers are equal, else something else. */
uint32_t number_differs(const uint32_t a[8], const uint32_t b[8]);

/* out: r = top * 2^256 + a modulo m.  in: top is 0 or 1, the number below 2 m. */
void number_reduce(uint32_t r[8], uint32_t top, const uint32_t a[8], const uint32_t m[8]);

#endif
