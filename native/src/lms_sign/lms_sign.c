/*
 * The leaves of an LMS tree, from its seed.
 */
#include "lms_sign/lms_sign.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "hash/sha256.h"
#include "lms/lmots.h"

/* Appendix A: where chain i begins.  out: value = H(I || q || i || 0xff || seed). */
static void chain_begin(const struct lmots_place *place, uint32_t i, const uint8_t *seed, uint32_t size,
                        uint8_t value[LMS_DIGEST_MOST])
{
    uint8_t input[LMOTS_PREFIX + LMS_DIGEST_MOST];

    memcpy(input, place->bytes, sizeof place->bytes);
    input[20] = (uint8_t)(i >> 8);
    input[21] = (uint8_t)i;
    input[22] = 0xff;
    memcpy(input + LMOTS_PREFIX, seed, size);
    sha256_hash(input, (size_t)LMOTS_PREFIX + size, value);
    memory_clear(input, sizeof input);
}

/* Hash of: place, whose number stands in it already, a tag of two bytes, and what is added to *hash afterwards. */
static void tagged_begin(struct sha256 *hash, const struct lmots_place *place, uint32_t tag)
{
    uint8_t bytes[2] = {(uint8_t)(tag >> 8), (uint8_t)tag};

    sha256_begin(hash);
    sha256_update(hash, place->bytes, sizeof place->bytes);
    sha256_update(hash, bytes, sizeof bytes);
}

/* Section 4.3, the public key K of place, and from it the leaf (section 5.3). */
static void leaf_of(struct lmots_set set, uint32_t height, struct lmots_place *place, const uint8_t *seed,
                    uint8_t leaf[LMS_DIGEST_MOST])
{
    struct sha256 hash;
    uint8_t value[LMS_DIGEST_MOST];
    uint32_t number = load_be32(place->bytes + LMS_ID);
    volatile uint32_t steps = 0;

    tagged_begin(&hash, place, 0x8080);
    for (uint32_t i = 0; i < set.count; i++) {
        chain_begin(place, i, seed, set.size, value);
        lmots_chain(set, place, i, 0, (1u << set.width) - 1, value, value, &steps);
        sha256_update(&hash, value, set.size);
    }
    sha256_end(&hash, value);
    store_be32(place->bytes + LMS_ID, (1u << height) + number);
    tagged_begin(&hash, place, 0x8282);
    sha256_update(&hash, value, set.size);
    sha256_end(&hash, leaf);
}

verdict lms_leaves(uint32_t type, uint32_t height, const uint8_t *identity, const uint8_t *seed, uint32_t first,
                   uint32_t count, uint8_t *leaves)
{
    struct lmots_set set = lmots_set_of(type);
    struct lmots_place place;
    uint8_t leaf[LMS_DIGEST_MOST];

    if (set.size == 0 || height < 5 || height > 25 || height % 5 || first > 1u << height ||
        count > (1u << height) - first)
        return VERDICT_REJECT;
    memcpy(place.bytes, identity, LMS_ID);
    for (uint32_t i = 0; i < count; i++) {
        store_be32(place.bytes + LMS_ID, first + i);
        leaf_of(set, height, &place, seed, leaf);
        memcpy(leaves + (size_t)set.size * i, leaf, set.size);
    }
    return VERDICT_ACCEPT;
}
