/*
 * LMS: is this signature by this key?  (RFC 8554 sections 4.6 and 5.4.2)
 *
 * A signature leads from the message to a candidate for the root of the tree, by nothing but hashes; it
 * holds if that is the root in the public key.  Against faults:
 *   - what is not yet computed is what no forger can use: digits of zero ask for the beginnings of all
 *     chains, a candidate begins as the complement of the root;
 *   - the hashes along the chains are counted as they are made.  How many there must be follows from the
 *     checksum, so a chain cut short or a digit misread shows, whatever the values are;
 *   - nothing from the signature is ever written where the end of a chain or the candidate stands;
 *   - the decision needs all of it, and compares twice.
 */
#include "lms/lms.h"

#include "common/bytes.h"
#include "common/decision.h"
#include "hash/sha256.h"
#include "lms/lmots.h"

#define KEY_HEAD 24u /* type, LM-OTS type, I: then the root */

/* What the lengths and the types in key and signature say, once they are found to agree. */
struct lms_shape {
    struct lmots_set set;
    uint32_t height, leaf;       /* h, q */
    const uint8_t *one_time;     /* C, then the chains' values */
    const uint8_t *path;         /* the tree's nodes beside the way up, lowest first */
};

static void put_tag(uint8_t at[2], uint32_t tag)
{
    at[0] = (uint8_t)(tag >> 8), at[1] = (uint8_t)tag;
}

/* Section 5.1: the height of an LMS typecode whose hash values have `size` bytes; 0 if there is none. */
static uint32_t height_of(uint32_t type, uint32_t size)
{
    uint32_t first = size == 32 ? 5 : 10; /* LMS_SHA256_M32_H5, LMS_SHA256_M24_H5 */

    return type >= first && type < first + 5 ? 5 * (type - first + 1) : 0;
}

/*
 * Sections 5.3 and 5.4: the parts of key and signature.
 *
 * Every length follows from the key's two types, and both must be met exactly before a byte beyond the
 * types is read; the signature must repeat the types.
 * Returns VERDICT_ACCEPT and *shape, or another value.
 */
static verdict lms_parse(const uint8_t *key, size_t key_length, const uint8_t *signature, size_t length,
                         struct lms_shape *shape)
{
    size_t one_time, size;

    if (key_length < KEY_HEAD)
        return VERDICT_REJECT;
    shape->set = lmots_set_of(load_be32(key + 4));
    size = shape->set.size;
    shape->height = height_of(load_be32(key), shape->set.size);
    if (size == 0 || shape->height == 0 || key_length != KEY_HEAD + size)
        return VERDICT_REJECT;
    one_time = 4 + size * (1u + shape->set.count);
    if (length != 4 + one_time + 4 + size * shape->height)
        return VERDICT_REJECT;
    shape->leaf = load_be32(signature);
    if (memcmp(signature + 4, key + 4, 4) || memcmp(signature + 4 + one_time, key, 4) ||
        shape->leaf >> shape->height)
        return VERDICT_REJECT;
    shape->one_time = signature + 8;
    shape->path = signature + 8 + one_time;
    return VERDICT_ACCEPT;
}

/* Section 4.6, steps 2 and 3: Q = H(I || q || D_MESG || C || message), and its checksum, which is returned. */
static uint32_t digits_of(const struct lms_shape *shape, const struct lmots_place *place, const uint8_t *message,
                          size_t length, struct lmots_digits *digits)
{
    struct sha256 hash;
    uint8_t tag[2], digest[SHA256_DIGEST] = {0};

    put_tag(tag, 0x8181);
    sha256_begin(&hash);
    sha256_update(&hash, place->bytes, sizeof place->bytes);
    sha256_update(&hash, tag, sizeof tag);
    sha256_update(&hash, shape->one_time, shape->set.size);
    sha256_update(&hash, message, length);
    sha256_end(&hash, digest);
    memcpy(digits->bytes, digest, shape->set.size);
    return lmots_checksum(digits, shape->set);
}

/*
 * Section 4.6, step 4, and section 5.4.2, the leaf: node = H(I || r || D_LEAF || Kc).
 *
 * out: node[0..32), zero beyond the size; *steps increased by the hashes along the chains
 */
static void leaf_of(const struct lms_shape *shape, const struct lmots_place *place,
                    const struct lmots_digits *digits, uint8_t node[SHA256_DIGEST], volatile uint32_t *steps)
{
    struct lmots_set set = shape->set;
    struct sha256 hash;
    uint8_t head[LMS_ID + 6], value[LMS_DIGEST_MOST] = {0};

    memcpy(head, place->bytes, sizeof place->bytes);
    put_tag(head + 20, 0x8080);
    sha256_begin(&hash);
    sha256_update(&hash, head, sizeof head);
    for (uint32_t i = 0; i < set.count; i++) {
        lmots_chain(set, place, i, lmots_digit(digits, set, i), (1u << set.width) - 1,
                    shape->one_time + set.size * (1 + i), value, steps);
        sha256_update(&hash, value, set.size);
    }
    sha256_end(&hash, value);
    store_be32(head + LMS_ID, (1u << shape->height) + shape->leaf);
    put_tag(head + 20, 0x8282);
    sha256_begin(&hash);
    sha256_update(&hash, head, sizeof head);
    sha256_update(&hash, value, set.size);
    sha256_end(&hash, node);
}

/* Section 5.4.2, from the leaf to the root: node = H(I || r || D_INTR || left || right), for r halved each time. */
static void climb(const struct lms_shape *shape, const struct lmots_place *place, uint8_t node[SHA256_DIGEST])
{
    uint32_t size = shape->set.size, number = (1u << shape->height) + shape->leaf;
    uint8_t head[LMS_ID + 6];

    memcpy(head, place->bytes, LMS_ID);
    put_tag(head + 20, 0x8383);
    for (uint32_t i = 0; i < shape->height; i++, number >>= 1) {
        const uint8_t *beside = shape->path + size * i;
        struct sha256 hash;

        store_be32(head + LMS_ID, number >> 1);
        sha256_begin(&hash);
        sha256_update(&hash, head, sizeof head);
        sha256_update(&hash, number & 1 ? beside : node, size);
        sha256_update(&hash, number & 1 ? node : beside, size);
        sha256_end(&hash, node);
    }
}

/* What the chains must have counted: themselves, and hashes from each digit to the end (for the message's digits, the checksum). */
static uint32_t steps_due(struct lmots_set set, const struct lmots_digits *digits, uint32_t checksum)
{
    uint32_t most = (1u << set.width) - 1;

    checksum += set.count * LMOTS_CHAIN_BEGUN;
    for (uint32_t i = 8u * set.size / set.width; i < set.count; i++)
        checksum += most - lmots_digit(digits, set, i);
    return checksum;
}

verdict lms_verify_sealed(const uint8_t *public_key, size_t public_length, const uint8_t *message, size_t length,
                          const uint8_t *signature, size_t signature_length)
{
    struct lms_shape shape = {{0, 0, 0, 0}, 0, 0, 0, 0};
    struct lmots_place place = {{0}};
    struct lmots_digits digits = {{0}};
    uint8_t root[SHA256_DIGEST] = {0}, node[SHA256_DIGEST];
    volatile uint32_t steps = 0;
    uint32_t checksum;

    if (lms_parse(public_key, public_length, signature, signature_length, &shape) != VERDICT_ACCEPT)
        return VERDICT_REJECT ^ VERDICT_SEAL;
    memcpy(root, public_key + KEY_HEAD, shape.set.size);
    for (uint32_t i = 0; i < sizeof node; i++)
        node[i] = (uint8_t)~root[i];
    memcpy(place.bytes, public_key + 8, LMS_ID);
    store_be32(place.bytes + LMS_ID, shape.leaf);
    checksum = digits_of(&shape, &place, message, length, &digits);
    leaf_of(&shape, &place, &digits, node, &steps);
    climb(&shape, &place, node);
    memset(node + shape.set.size, 0, sizeof node - shape.set.size);
    return decision_both(decision_equal(node, root, sizeof root),
                         decision_both(decision_is(steps, steps_due(shape.set, &digits, checksum)),
                                       decision_equal(root, node, sizeof node))) ^
           VERDICT_SEAL;
}
