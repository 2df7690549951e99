/*
 * HKDF with SHA-256 (RFC 5869).
 */
#ifndef ARMILLARY_HKDF_H
#define ARMILLARY_HKDF_H

#include <stddef.h>
#include <stdint.h>

#define HKDF_MOST (255 * 32) /* bytes of output, RFC 5869 section 2.3 */

/* Extract (section 2.2).  in: salt, ikm of any length.  out: prk[0..32). */
void hkdf_extract(const uint8_t *salt, size_t salt_length, const uint8_t *ikm, size_t ikm_length, uint8_t prk[32]);

/*
 * Expand (section 2.3).
 *
 * in:  prk[0..prk_length), usually 32; info of any length; length <= HKDF_MOST; out must not overlap prk or info
 * out: out[0..length)
 */
void hkdf_expand(const uint8_t *prk, size_t prk_length, const uint8_t *info, size_t info_length, uint8_t *out,
                 size_t length);

/* Extract, then expand.  The pseudo-random key is not given out. */
void hkdf_sha256(const uint8_t *salt, size_t salt_length, const uint8_t *ikm, size_t ikm_length, const uint8_t *info,
                 size_t info_length, uint8_t *out, size_t length);

#endif
