/*
 * HMAC-SHA-256 (RFC 2104, FIPS 198-1).
 *
 * The time taken depends on the lengths of key and data only.
 */
#ifndef ARMILLARY_HMAC_H
#define ARMILLARY_HMAC_H

#include "hash/sha256.h"

#define HMAC_TAG 32

/* A tag in progress.  Secret: clear it with memory_clear() when done. */
struct hmac {
    struct sha256 inner;
    uint32_t outer[8]; /* the state after the key's block: the outer hash takes nothing more before the end */
};

/* in: key[0..length), any length.  out: *mac. */
void hmac_begin(struct hmac *mac, const uint8_t *key, size_t length);

/* in: *mac begun; data[0..length), may be NULL if length is 0. */
void hmac_update(struct hmac *mac, const uint8_t *data, size_t length);

/* out: tag[0..32) over all the data; *mac is unchanged and may take more. */
void hmac_end(const struct hmac *mac, uint8_t tag[HMAC_TAG]);

/* In one go.  out: tag[0..32), may overlap key or data. */
void hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length, uint8_t tag[HMAC_TAG]);

#endif
