/*
 * SHA-256: streaming, padding, and the choice of who takes the blocks.
 */
#include "hash/sha256.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "common/cpu.h"
#include "hash/sha256_arm.h"
#include "hash/sha256_blocks.h"
#include "hash/sha256_portable.h"
#include "hash/sha256_x86.h"

#include <string.h>

const uint32_t SHA256_INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
#if defined(__x86_64__)
    if (cpu_features() & CPU_SHA) {
        sha256_x86_blocks(state, data, blocks);
        return;
    }
#elif defined(__aarch64__)
    if (cpu_features() & CPU_SHA) {
        sha256_arm_blocks(state, data, blocks);
        return;
    }
#endif
    sha256_portable_blocks(state, data, blocks);
}

void sha256_blocks_pair(uint32_t states[2][8], const uint8_t blocks[2][SHA256_BLOCK])
{
#if defined(__x86_64__)
    if (cpu_features() & CPU_SHA) {
        sha256_x86_two(states[0], blocks[0], states[1], blocks[1], 1);
        return;
    }
#endif
    sha256_blocks(states[0], blocks[0], 1);
    sha256_blocks(states[1], blocks[1], 1);
}

size_t sha256_pad(uint8_t last[2 * SHA256_BLOCK], const uint8_t *rest, uint64_t length)
{
    const size_t used = (size_t)(length % SHA256_BLOCK), count = used < 56 ? 1 : 2;

    memset(last, 0, 2 * SHA256_BLOCK);
    if (used)
        memcpy(last, rest, used);
    last[used] = 0x80;
    store_be64(last + count * SHA256_BLOCK - 8, length << 3);
    return count;
}

void sha256_digest_of(const uint32_t state[8], uint8_t digest[SHA256_DIGEST])
{
    for (int i = 0; i < 8; i++)
        store_be32(digest + 4 * i, state[i]);
}

void sha256_rest(uint32_t state[8], uint64_t before, const uint8_t *data, size_t length,
                 uint8_t digest[SHA256_DIGEST])
{
    uint8_t last[2 * SHA256_BLOCK];
    const size_t whole = length / SHA256_BLOCK;

    if (whole) {
        sha256_blocks(state, data, whole);
        data += whole * SHA256_BLOCK;
    }
    sha256_blocks(state, last, sha256_pad(last, data, before + length));
    sha256_digest_of(state, digest);
    memory_clear(last, sizeof last);
    memory_clear(state, 8 * sizeof state[0]);
}

void sha256_begin(struct sha256 *hash)
{
    memcpy(hash->state, SHA256_INITIAL, sizeof SHA256_INITIAL);
    hash->length = 0;
}

void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length)
{
    const size_t used = (size_t)(hash->length % SHA256_BLOCK);

    if (length == 0)
        return; /* data may be NULL, which memcpy forbids */
    hash->length += length;
    if (length < SHA256_BLOCK - used) {
        memcpy(hash->block + used, data, length);
        return;
    }
    if (used) {
        memcpy(hash->block + used, data, SHA256_BLOCK - used);
        sha256_blocks(hash->state, hash->block, 1);
        data += SHA256_BLOCK - used;
        length -= SHA256_BLOCK - used;
    }
    if (length >= SHA256_BLOCK)
        sha256_blocks(hash->state, data, length / SHA256_BLOCK);
    if (length % SHA256_BLOCK)
        memcpy(hash->block, data + (length - length % SHA256_BLOCK), length % SHA256_BLOCK);
}

void sha256_end(const struct sha256 *hash, uint8_t digest[SHA256_DIGEST])
{
    uint32_t state[8];
    const size_t used = (size_t)(hash->length % SHA256_BLOCK);

    memcpy(state, hash->state, sizeof state);
    sha256_rest(state, hash->length - used, hash->block, used, digest);
}

/* Without a struct sha256 in between: for short data its copying would be half the work. */
void sha256_hash(const uint8_t *data, size_t length, uint8_t digest[SHA256_DIGEST])
{
    uint32_t state[8];

    memcpy(state, SHA256_INITIAL, sizeof state);
    sha256_rest(state, 0, data, length, digest);
}
