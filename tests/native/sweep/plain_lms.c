/*
 * LMS verification as anybody would write it, over the same digits (RFC 8554, algorithms 4b and 6a): each chain
 * hashed in place, nothing counted, one comparison.
 */
#include "plain.h"

#include "common/bytes.h"
#include "hash/sha256.h"
#include "lms/lmots.h"

struct text {
    const uint8_t *at;
    size_t length;
};

/* Every hash of LMS: a place, a tag of two bytes, and two pieces; cut to n where it is used. */
static void hash(const uint8_t place[20], uint32_t tag, struct text first, struct text second, uint8_t digest[32])
{
    uint8_t bytes[2] = {(uint8_t)(tag >> 8), (uint8_t)tag};
    struct sha256 state;

    sha256_begin(&state);
    sha256_update(&state, place, 20);
    sha256_update(&state, bytes, 2);
    sha256_update(&state, first.at, first.length);
    sha256_update(&state, second.at, second.length);
    sha256_end(&state, digest);
}

static void chain(const uint8_t place[20], uint32_t i, uint32_t from, uint32_t most, uint8_t *value, size_t size)
{
    uint8_t digest[32];

    for (uint32_t j = from; j < most; j++) {
        uint8_t step = (uint8_t)j;
        hash(place, i, (struct text){&step, 1}, (struct text){value, size}, digest);
        memcpy(value, digest, size);
    }
}

/* in: a key and a signature of fitting types and lengths, not more than 200 chains. */
verdict plain_lms_verify(const uint8_t *key, uint32_t height, const uint8_t *message, size_t length,
                         const uint8_t *signature)
{
    struct lmots_set set = lmots_set_of(load_be32(key + 4));
    struct lmots_digits digits;
    struct sha256 ends;
    uint8_t place[20], node[32], value[32];
    uint32_t number = (1u << height) + load_be32(signature);
    const uint8_t *at = signature + 8;

    memcpy(place, key + 8, 16);
    memcpy(place + 16, signature, 4);
    hash(place, 0x8181, (struct text){at, set.size}, (struct text){message, length}, node);
    memcpy(digits.bytes, node, set.size);
    lmots_checksum(&digits, set);
    sha256_begin(&ends);
    sha256_update(&ends, place, 20);
    sha256_update(&ends, (const uint8_t[]){0x80, 0x80}, 2);
    for (uint32_t i = 0; i < set.count; i++) {
        memcpy(value, at += set.size, set.size);
        chain(place, i, lmots_digit(&digits, set, i), (1u << set.width) - 1, value, set.size);
        sha256_update(&ends, value, set.size);
    }
    sha256_end(&ends, value);
    store_be32(place + 16, number);
    hash(place, 0x8282, (struct text){value, set.size}, (struct text){value, 0}, node);
    for (at += set.size + 4; number > 1; at += set.size, number >>= 1) {
        struct text mine = {node, set.size}, beside = {at, set.size};
        store_be32(place + 16, number >> 1);
        hash(place, 0x8383, number & 1 ? beside : mine, number & 1 ? mine : beside, node);
    }
    return memcmp(node, key + 24, set.size) == 0 ? VERDICT_ACCEPT : VERDICT_REJECT;
}
