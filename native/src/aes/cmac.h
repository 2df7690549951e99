/*
 * AES-CMAC (NIST SP 800-38B, RFC 4493).
 */
#ifndef ARMILLARY_CMAC_H
#define ARMILLARY_CMAC_H

#include "aes/aes.h"

#define CMAC_TAG 16

/* A tag in progress.  Secret. */
struct cmac {
    struct aes aes;
    uint8_t chain[AES_BLOCK], block[AES_BLOCK];
    uint32_t used; /* bytes in block, 0..16: a full one waits, for it may be the last */
};

/* in: key[0..size), size 16 or 32. */
void cmac_begin(struct cmac *mac, const uint8_t *key, size_t size);
void cmac_update(struct cmac *mac, const uint8_t *data, size_t length);

/* out: tag[0..16); *mac is used up. */
void cmac_end(struct cmac *mac, uint8_t tag[CMAC_TAG]);

/* In one go. */
void cmac_aes(const uint8_t *key, size_t size, const uint8_t *data, size_t length, uint8_t tag[CMAC_TAG]);

#endif
