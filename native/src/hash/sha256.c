/*
 * SHA-256: the padding and the portable rounds; sha256_x86.c has the accelerated ones.
 */
#include "hash/sha256.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "common/cpu.h"
#include "hash/sha256_constants.h"
#include "hash/sha256_x86.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* The message schedule, FIPS 180-4 6.2.2 step 1. */
static void expand(uint32_t w[64], const uint8_t *block)
{
    for (int t = 0; t < 16; t++)
        w[t] = load_be32(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
}

/*
 * One round, FIPS 180-4 6.2.2 step 3.  Instead of moving the eight variables along, their names move:
 * in round t, variable i of a..h stands in v[(i - t) mod 8].
 */
static inline void one_round(uint32_t v[8], int t, uint32_t key_and_word)
{
    uint32_t a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
    uint32_t e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7];
    uint32_t t1 = v[(7 - t) & 7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + key_and_word;
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));

    v[(3 - t) & 7] += t1;
    v[(7 - t) & 7] = t1 + t2;
}

static void rounds(uint32_t state[8], const uint32_t w[64])
{
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t += 8) /* eight by eight, so that the compiler can keep v in registers */
        for (int i = 0; i < 8; i++)
            one_round(v, i, SHA256_K[t + i] + w[t + i]);
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
    memory_clear(v, sizeof v);
}

static void blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    uint32_t w[64];
    for (; blocks; blocks--, data += SHA256_BLOCK) {
        expand(w, data);
        rounds(state, w);
    }
    memory_clear(w, sizeof w);
}

/* Take whole blocks into the state by the fastest code there is. */
static void take(uint32_t state[8], const uint8_t *data, size_t blocks)
{
#if defined(__x86_64__)
    if (cpu_features() & CPU_SHA) {
        sha256_x86_blocks(state, data, blocks);
        return;
    }
#endif
    blocks_portable(state, data, blocks);
}

static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

void sha256_begin(struct sha256 *hash)
{
    memcpy(hash->state, INITIAL, sizeof INITIAL);
    hash->length = 0;
}

/*
 * Take the last length % 64 bytes and the padding (a one bit, zeros, the length in bits as 64 bits
 * big-endian; one block or two), write the digest, and clear the state.
 */
static void finish(uint32_t state[8], const uint8_t *rest, uint64_t length, uint8_t *digest)
{
    uint8_t last[2 * SHA256_BLOCK] = {0};
    size_t used = (size_t)(length % SHA256_BLOCK), count = used < 56 ? 1 : 2;

    if (used)
        memcpy(last, rest, used);
    last[used] = 0x80;
    store_be32(last + count * SHA256_BLOCK - 8, (uint32_t)(length >> 29));
    store_be32(last + count * SHA256_BLOCK - 4, (uint32_t)(length << 3));
    take(state, last, count);
    for (int i = 0; i < 8; i++)
        store_be32(digest + 4 * i, state[i]);
    memory_clear(last, sizeof last);
    memory_clear(state, 8 * sizeof state[0]);
}

void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length)
{
    size_t used = (size_t)(hash->length % SHA256_BLOCK);

    if (length == 0)
        return; /* data may be NULL, which memcpy forbids */
    hash->length += length;
    if (length < SHA256_BLOCK - used) {
        memcpy(hash->block + used, data, length);
        return;
    }
    if (used) {
        memcpy(hash->block + used, data, SHA256_BLOCK - used);
        take(hash->state, hash->block, 1);
        data += SHA256_BLOCK - used;
        length -= SHA256_BLOCK - used;
    }
    if (length >= SHA256_BLOCK)
        take(hash->state, data, length / SHA256_BLOCK);
    if (length % SHA256_BLOCK)
        memcpy(hash->block, data + (length - length % SHA256_BLOCK), length % SHA256_BLOCK);
}

void sha256_end(const struct sha256 *hash, uint8_t digest[SHA256_DIGEST])
{
    uint32_t state[8];
    memcpy(state, hash->state, sizeof state);
    finish(state, hash->block, hash->length, digest);
}

/* Without a struct sha256 in between: for short data its copying would be half the work. */
void sha256_hash(const uint8_t *data, size_t length, uint8_t digest[SHA256_DIGEST])
{
    uint32_t state[8];
    size_t whole = length - length % SHA256_BLOCK;

    memcpy(state, INITIAL, sizeof state);
    if (whole)
        take(state, data, whole / SHA256_BLOCK);
    finish(state, length > whole ? data + whole : NULL, length, digest);
}
