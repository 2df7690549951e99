/*
 * Verifying by a key that is known beforehand: a table made once makes each verification faster.
 *
 * Where no code here is faster with a table, the table is the key, and verifying is p256_verify().
 */
#ifndef ARMILLARY_KNOWN_H
#define ARMILLARY_KNOWN_H

#include "p256/p256.h"

/* Bytes of a table, for the caller to provide, aligned to 64. */
size_t p256_known_size(void);

/* out: *table.  Refuses unless p256_check(). */
verdict p256_known_begin(void *table, const uint8_t public_key[P256_PUBLIC]);

verdict p256_known_verify_sealed(const void *table, const uint8_t digest[32],
                                 const uint8_t signature[P256_SIGNATURE]);

/* As p256_verify() with the table's key. */
static inline verdict p256_known_verify(const void *table, const uint8_t digest[32],
                                        const uint8_t signature[P256_SIGNATURE])
{
    return verdict_open(p256_known_verify_sealed(table, digest, signature));
}

#endif
