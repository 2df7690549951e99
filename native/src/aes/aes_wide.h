/*
 * AES in counter mode in portable C, in constant time: eight blocks at once, on bit planes.
 */
#ifndef ARMILLARY_AES_WIDE_H
#define ARMILLARY_AES_WIDE_H

#include "aes/aes.h"
#include "aes/aes_planes.h"

#define AES_EIGHT (8 * AES_BLOCK)

/* A key at work.  Secret: clear it with memory_clear() when done. */
struct aes_wide {
    uint32_t rounds;
    aes_planes_key keys[15]; /* each byte 0 or 255: the bit of all eight blocks */
    /* What two rounds make of a counter whose last byte alone changes (aes_wide.c). */
    uint8_t upper[AES_BLOCK - 1], group, is_known;
    uint32_t box[8], column[8];
    aes_rows rest;
};

/* in: a key of the code AES_SLICED.  out: *wide. */
void aes_wide_begin(struct aes_wide *wide, const struct aes *aes);

/*
 * Encrypt or decrypt eight blocks.
 *
 * in:  counter: the first counter block, public, its last byte a multiple of 8; in[0..128)
 * out: out[0..128), may be in itself
 */
void aes_wide_crypt(struct aes_wide *wide, const uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out);

#endif
