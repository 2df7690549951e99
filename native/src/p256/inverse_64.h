/*
 * Modular inverses by safegcd (D. J. Bernstein, B.-Y. Yang, "Fast constant-time gcd computation and modular
 * inversion", 2019), for hosts with 64-bit words.
 */
#ifndef ARMILLARY_INVERSE_64_H
#define ARMILLARY_INVERSE_64_H

#include <stdint.h>

struct inverse_modulus {
    int64_t limbs[5];  /* the modulus in limbs of 62 bits, lowest first */
    uint64_t inverse;  /* 1 / modulus modulo 2^62 */
};

extern const struct inverse_modulus INVERSE_P, INVERSE_N;

/* in: a < modulus, four words, lowest first.  out: r = 1 / a, or 0 for 0; may be a.  In constant time. */
void inverse_64(uint64_t r[4], const uint64_t a[4], const struct inverse_modulus *modulus);

/* The same in a time that tells `a`. */
void inverse_64_public(uint64_t r[4], const uint64_t a[4], const struct inverse_modulus *modulus);

#endif
