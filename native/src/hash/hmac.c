/*
 * HMAC: the hash of the key and a hash of the key and the data.
 *
 * A key takes exactly one block, so that all it does is choose two states to start from.
 */
#include "hash/hmac.h"

#include "common/clear.h"
#include "hash/sha256_blocks.h"

#include <string.h>

#define INNER_PAD 0x36
#define OUTER_PAD 0x5c

/* The states after the key's two blocks (RFC 2104, section 2): inner first. */
static void key_states(uint32_t states[2][8], const uint8_t *key, size_t length)
{
    uint8_t pads[2][SHA256_BLOCK] = {{0}};

    if (length > SHA256_BLOCK)
        sha256_hash(key, length, pads[0]);
    else if (length)
        memcpy(pads[0], key, length);
    for (int i = 0; i < SHA256_BLOCK; i++) {
        pads[1][i] = pads[0][i] ^ OUTER_PAD;
        pads[0][i] ^= INNER_PAD;
    }
    memcpy(states[0], SHA256_INITIAL, sizeof states[0]);
    memcpy(states[1], SHA256_INITIAL, sizeof states[1]);
    sha256_blocks_pair(states, (const uint8_t(*)[SHA256_BLOCK])pads);
    memory_clear(pads, sizeof pads);
}

void hmac_begin(struct hmac *mac, const uint8_t *key, size_t length)
{
    uint32_t states[2][8];

    key_states(states, key, length);
    memcpy(mac->inner.state, states[0], sizeof states[0]);
    memcpy(mac->outer, states[1], sizeof states[1]);
    mac->inner.length = SHA256_BLOCK;
    memory_clear(states, sizeof states);
}

void hmac_update(struct hmac *mac, const uint8_t *data, size_t length)
{
    sha256_update(&mac->inner, data, length);
}

void hmac_end(const struct hmac *mac, uint8_t tag[HMAC_TAG])
{
    uint32_t outer[8];
    uint8_t inner[SHA256_DIGEST];

    sha256_end(&mac->inner, inner);
    memcpy(outer, mac->outer, sizeof outer);
    sha256_rest(outer, SHA256_BLOCK, inner, sizeof inner, tag);
    memory_clear(inner, sizeof inner);
}

/* Without a struct hmac in between: for short data its copying would be felt. */
void hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length, uint8_t tag[HMAC_TAG])
{
    uint32_t states[2][8]; /* sha256_rest() clears them */
    uint8_t inner[SHA256_DIGEST];

    key_states(states, key, key_length);
    sha256_rest(states[0], SHA256_BLOCK, data, length, inner);
    sha256_rest(states[1], SHA256_BLOCK, inner, sizeof inner, tag);
    memory_clear(inner, sizeof inner);
}
