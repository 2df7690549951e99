/*
 * Arithmetic modulo the order n of P-256, in constant time.  A result may be an operand.
 */
#ifndef ARMILLARY_SCALAR_32_H
#define ARMILLARY_SCALAR_32_H

#include <stdint.h>

/* out: r = a b modulo n.  in: a, b < n. */
void scalar_32_multiply(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);

/* out: r = 1 / a modulo n, or 0 if a is 0.  in: a < n. */
void scalar_32_inverse(uint32_t r[8], const uint32_t a[8]);

#endif
