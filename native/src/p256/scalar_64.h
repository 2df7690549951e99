/*
 * Arithmetic modulo the order n, for hosts with 64-bit words: what struct p256_engine asks for.
 */
#ifndef ARMILLARY_SCALAR_64_H
#define ARMILLARY_SCALAR_64_H

#include <stdint.h>

/* in: a, b < n, big-endian.  out: at = a * b, 1 / a (0 for 0); may be a or b.  The first two in constant time. */
void scalar_64_multiply(uint8_t at[32], const uint8_t a[32], const uint8_t b[32]);
void scalar_64_inverse(uint8_t at[32], const uint8_t a[32]);
void scalar_64_inverse_public(uint8_t at[32], const uint8_t a[32]);

/*
 * The scalar as the sum of odd digits: 2 * digit(i) - (2^width - 1) times 2^(width * i), where digit(i) is
 * the number in bits [width * i, width * (i + 1)) of r.
 *
 * in:  0 < a < n, big-endian; length a multiple of width, 256 <= length < 320
 * out: r, for a if a is odd and for n - a if it is even; returns all ones in the second case, else zero.  In
 *      constant time.
 */
uint64_t scalar_64_odd_digits(uint64_t r[5], const uint8_t a[32], unsigned length);

#endif
