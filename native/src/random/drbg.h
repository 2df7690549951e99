/*
 * HMAC_DRBG with SHA-256 (NIST SP 800-90A revision 1, section 10.1.2): deterministic, seeded by its caller.
 */
#ifndef ARMILLARY_DRBG_H
#define ARMILLARY_DRBG_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

#define DRBG_MOST 65536            /* bytes in one request: 2^19 bits, table 2 */
#define DRBG_RESEED_AFTER 1048576u /* requests; the standard allows 2^48 */

/* Secret: clear it with memory_clear() when done. */
struct drbg {
    uint8_t key[32], value[32];
    uint32_t requests; /* since it was seeded, plus one */
};

/* Instantiate (10.1.2.3).  in: entropy of at least 256 bits of strength with its nonce; personalization may be empty. */
void drbg_begin(struct drbg *random, const uint8_t *entropy, size_t entropy_length, const uint8_t *nonce,
                size_t nonce_length, const uint8_t *personalization, size_t personalization_length);

/* Reseed (10.1.2.4). */
void drbg_reseed(struct drbg *random, const uint8_t *entropy, size_t entropy_length, const uint8_t *additional,
                 size_t additional_length);

/*
 * Generate (10.1.2.5).
 *
 * out: out[0..length), whole, may be NULL if length is 0; must not overlap *random or additional
 * Returns VERDICT_ACCEPT, or another value, and out zeroed, if length > DRBG_MOST or it must be reseeded first.
 */
verdict drbg_generate(struct drbg *random, uint8_t *out, size_t length, const uint8_t *additional,
                      size_t additional_length);

#endif
