/*
 * The inside of SHA-256, for what is built on it: whole blocks, padding, and messages that go on from
 * a known state.
 */
#ifndef ARMILLARY_SHA256_BLOCKS_H
#define ARMILLARY_SHA256_BLOCKS_H

#include "hash/sha256.h"

/* The state before any data (FIPS 180-4, section 5.3.3). */
extern const uint32_t SHA256_INITIAL[8];

/*
 * Take whole blocks by the fastest code there is.
 *
 * in:  data[0..64 * blocks), must not overlap state
 * out: state after these blocks
 */
void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

/* Take one block each into two states, side by side where that is faster.  in: as sha256_blocks(). */
void sha256_blocks_pair(uint32_t states[2][8], const uint8_t blocks[2][SHA256_BLOCK]);

/*
 * Write what ends a message of `length` bytes (FIPS 180-4, section 5.1.1): its last length % 64 bytes, a
 * one bit, zeros, and its length in bits.
 *
 * in:  rest[0..length % 64), may be NULL if that is 0
 * out: last[0..64 * result); Returns 1 or 2
 */
size_t sha256_pad(uint8_t last[2 * SHA256_BLOCK], const uint8_t *rest, uint64_t length);

/* out: digest[0..32) = the state's words, big-endian. */
void sha256_digest_of(const uint32_t state[8], uint8_t digest[SHA256_DIGEST]);

/*
 * Take the rest of a message, and finish.
 *
 * in:  state after `before` bytes, a multiple of 64; data[0..length), may be NULL if length is 0
 * out: digest[0..32), may overlap data; state is cleared
 */
void sha256_rest(uint32_t state[8], uint64_t before, const uint8_t *data, size_t length,
                 uint8_t digest[SHA256_DIGEST]);

#endif
