/*
 * LMS signatures (RFC 8554, NIST SP 800-208): verifying only; safe against quantum computers, built on
 * SHA-256 alone.
 *
 * Taken: LMS_SHA256_M32_H5, H10, H15, H20, H25 and the 192-bit sets LMS_SHA256_M24_H5..H25, each with the
 * LM-OTS sets of the same hash (W1, W2, W4, W8).  The set is the key's; a signature of another set is
 * refused, so that nobody chooses a weaker one.
 */
#ifndef ARMILLARY_LMS_H
#define ARMILLARY_LMS_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

#define LMS_PUBLIC_MOST 56 /* bytes of a public key: type, LM-OTS type, I, root of 32 or 24 */

verdict lms_verify_sealed(const uint8_t *public_key, size_t public_length, const uint8_t *message, size_t length,
                          const uint8_t *signature, size_t signature_length);

/*
 * Is the signature by this key over this message (RFC 8554, algorithm 6a)?
 *
 * in:  public_key[0..public_length), message[0..length), signature[0..signature_length), of any lengths and contents
 * Every byte is accounted for: a longer or shorter key or signature is refused.
 */
static inline verdict lms_verify(const uint8_t *public_key, size_t public_length, const uint8_t *message,
                                 size_t length, const uint8_t *signature, size_t signature_length)
{
    return verdict_open(
        lms_verify_sealed(public_key, public_length, message, length, signature, signature_length));
}

#endif
