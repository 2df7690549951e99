/*
 * What does the work of GCM on whole blocks: portable C, or code for one kind of processor.
 *
 * gcm.c owns the protocol (counters, padding, lengths, decisions).  A state of GHASH crosses here as 16 bytes,
 * as section 6.4 of SP 800-38D has it.
 */
#ifndef ARMILLARY_GCM_CODE_H
#define ARMILLARY_GCM_CODE_H

#include "aes/gcm.h"

/* Which way the text goes: GHASH is always over the ciphertext. */
enum gcm_way { GCM_SEAL, GCM_OPEN };

/* in: key->aes made; h, the hash subkey.  out: key->powers. */
typedef void gcm_powers_function(struct gcm_key *key, const uint8_t h[16]);

/* hash, a state, takes data[0..16 * blocks). */
typedef void gcm_hash_function(const struct gcm_key *key, uint8_t hash[16], const uint8_t *data, size_t blocks);

/* in[0..16 * blocks) to out, the same memory or apart from it; hash takes the ciphertext; counter moves on (inc32). */
typedef void gcm_crypt_function(const struct gcm_key *key, uint8_t hash[16], uint8_t counter[16], const uint8_t *in,
                                uint8_t *out, size_t blocks, enum gcm_way way);

/* A whole message, of which `first` is the first counter block, and its tag.  Lengths are in bytes. */
typedef void gcm_message_function(const struct gcm_key *key, const uint8_t first[16], const uint8_t *additional,
                                  size_t additional_length, const uint8_t *in, uint8_t *out, size_t length,
                                  uint8_t tag[GCM_TAG], enum gcm_way way);

#endif
