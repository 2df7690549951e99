/*
 * AES-128 and AES-256 (FIPS 197), one block at a time.
 *
 * No table is indexed and no branch is taken by key or data.
 */
#ifndef ARMILLARY_AES_H
#define ARMILLARY_AES_H

#include <stddef.h>
#include <stdint.h>

#define AES_BLOCK 16

/* An expanded key, in the form its code wants (aes_code.h).  Secret: clear it with memory_clear() when done. */
struct aes {
    uint32_t rounds; /* 10 or 14 */
    uint32_t code;   /* which code made it: a key is used by the code that made it */
    uint32_t words[8 * 15];
};

/* in: key[0..size), size 16 or 32.  out: *aes. */
void aes_begin(struct aes *aes, const uint8_t *key, size_t size);

/* out = the cipher of in; may be the same. */
void aes_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);

/* out = the inverse cipher of in; may be the same. */
void aes_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);

#endif
