/*
 * The field of P-256 in eight 32-bit words, for 32-bit processors.
 *
 * An element a is held as a * 2^256 modulo p (Montgomery's form), always below p: equal elements have equal
 * words.  Everything takes the same time for all values.  A result may be an operand.
 *
 * p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SP 800-186, section 3.2.1.3).
 */
#ifndef ARMILLARY_FIELD_32_H
#define ARMILLARY_FIELD_32_H

#include "common/mask.h"

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(ARMILLARY_NO_ASSEMBLY)
#define FIELD_32_M4 1 /* by field_m4.c: the DSP extension has UMAAL */
#else
#define FIELD_32_M4 0
#endif

extern const uint32_t FIELD_32_ONE[8];

/* out: r = a + b, a - b, a / 2, a * b. */
void field_32_add(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
void field_32_subtract(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
void field_32_halve(uint32_t r[8], const uint32_t a[8]);
void field_32_multiply(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);

/* out: r = 1 / a, or 0 if a is 0. */
void field_32_inverse(uint32_t r[8], const uint32_t a[8]);

/* out: r of 32 bytes, big-endian.  Returns all ones if the number was below p (else r means nothing), or zero. */
mask field_32_load(uint32_t r[8], const uint8_t bytes[32]);

/* out: the 32 bytes. */
void field_32_store(uint8_t bytes[32], const uint32_t a[8]);

#endif
