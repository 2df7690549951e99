/*
 * AES in portable C, in constant time: two blocks at once, on bit planes.
 */
#ifndef ARMILLARY_AES_SLICE_H
#define ARMILLARY_AES_SLICE_H

#include "aes/aes.h"

#define AES_PAIR (2 * AES_BLOCK)

/* in: key[0..size), size 16 or 32.  out: aes->rounds and aes->words, for the code AES_SLICED. */
void aes_slice_begin(struct aes *aes, const uint8_t *key, size_t size);

/* out = the cipher, or the inverse cipher, of the two blocks of in; may be the same. */
void aes_slice_encrypt(const struct aes *aes, const uint8_t in[AES_PAIR], uint8_t out[AES_PAIR]);
void aes_slice_decrypt(const struct aes *aes, const uint8_t in[AES_PAIR], uint8_t out[AES_PAIR]);

#endif
