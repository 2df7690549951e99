/*
 * AES in counter mode (NIST SP 800-38A, section 6.5), with a counter of 128 or 32 bits.
 */
#ifndef ARMILLARY_CTR_H
#define ARMILLARY_CTR_H

#include "aes/aes.h"

/*
 * Encrypt or decrypt: the same.
 *
 * in:  counter: the first counter block, public; in[0..length), any length
 * out: out[0..length), may be in itself, must not overlap it otherwise; counter: the next one, all 128 bits big-endian.
 *      A started block is used up: the rest of its key stream is lost.
 */
void aes_ctr(const struct aes *aes, uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out, size_t length);

/* As aes_ctr(), but only the last 32 bits count, modulo 2^32 (inc32 of SP 800-38D, section 6.2). */
void aes_ctr32(const struct aes *aes, uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out, size_t length);

#endif
