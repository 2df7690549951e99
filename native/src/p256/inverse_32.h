/*
 * Inverses modulo an odd number, in constant time.
 */
#ifndef ARMILLARY_INVERSE_32_H
#define ARMILLARY_INVERSE_32_H

#include <stdint.h>

/* A number in limbs of 30 bits, the least significant first; the sign is the last limb's. */
#define INVERSE_LIMBS 9

struct inverse_modulus {
    int32_t limb[INVERSE_LIMBS]; /* m, odd, above 2^255 and below 2^256 */
    uint32_t inverse;            /* 1 / m modulo 2^30 */
};

/* out: r = 1 / x modulo m, or 0 if x is 0.  in: x < m; r may be x. */
void inverse_32(uint32_t r[8], const uint32_t x[8], const struct inverse_modulus *m);

#endif
