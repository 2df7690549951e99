/*
 * ECDSA signatures between r || s and DER (RFC 3279 section 2.2.3, X.690): strictly, one encoding of a value.
 */
#ifndef ARMILLARY_SIGNATURE_DER_H
#define ARMILLARY_SIGNATURE_DER_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_DER_MOST 72

/*
 * in:  der[0..length)
 * out: raw r || s if VERDICT_ACCEPT, else zeros.  Refuses what is not DER, has bytes after its end, or holds a number that
 *      is negative, zero, longer than it need be, or above 256 bits.
 */
verdict signature_from_der(const uint8_t *der, size_t length, uint8_t raw[64]);

/* in: raw r || s, any values.  out: der[0..result).  Returns the length, at most SIGNATURE_DER_MOST. */
size_t signature_to_der(const uint8_t raw[64], uint8_t der[SIGNATURE_DER_MOST]);

#endif
