/*
 * SHA-256, HMAC, HKDF and Merkle trees.
 */
#include "agent.h"

#include "common/clear.h"
#include "hash/hkdf.h"
#include "hash/hmac.h"
#include "hash/merkle.h"
#include "hash/sha256.h"

#include <string.h>

#define OPERATION(number, name, least, most) operation do_##name;
#include "operations.h"
#undef OPERATION

/* data */
enum status do_sha256(struct call *call)
{
    const struct bytes *data = &call->argument[0];
    uint8_t *digest = answer(call, SHA256_DIGEST);
    sha256_hash(data->data, data->length, digest);
    if (data->length < SHA256_DIGEST)
        return DONE;
    uint8_t *both = copy_of(data);
    sha256_hash(both, data->length, both);
    return memcmp(both, digest, SHA256_DIGEST) == 0 ? DONE : DISAGREES;
}

/* data, sizes; asks for the digest before the end too, which must not disturb */
enum status do_sha256_pieces(struct call *call)
{
    const struct bytes *data = &call->argument[0], *sizes = &call->argument[1];
    if (!pieces_are_fit(sizes))
        return UNFIT;
    struct sha256 hash;
    uint8_t early[SHA256_DIGEST];
    sha256_begin(&hash);
    for (size_t at = 0, turn = 0; at < data->length;) {
        const size_t piece = next_piece(sizes, &turn, data->length - at);
        sha256_update(&hash, data->data + at, piece);
        if (turn == 2)
            sha256_end(&hash, early);
        at += piece;
    }
    sha256_update(&hash, NULL, 0);
    sha256_end(&hash, answer(call, SHA256_DIGEST));
    return DONE;
}

/* any number of data */
enum status do_sha256_many(struct call *call)
{
    static struct sha256_job jobs[ARGUMENTS_MOST];
    uint8_t *digests = answer(call, SHA256_DIGEST * call->count);
    for (size_t i = 0; i < call->count; i++)
        jobs[i] = (struct sha256_job){call->argument[i].data, call->argument[i].length, digests + SHA256_DIGEST * i};
    sha256_many(jobs, call->count);
    return DONE;
}

/* data, size of a page, count */
enum status do_sha256_pages(struct call *call)
{
    const struct bytes *data = &call->argument[0];
    const uint32_t size = number(&call->argument[1]), count = number(&call->argument[2]);
    if ((uint64_t)size * count != data->length)
        return UNFIT;
    sha256_pages(data->data, count, size, answer(call, SHA256_DIGEST * count));
    return DONE;
}

/* seed; a thousand steps of SHAVS section 6.4: each digest is that of the last three */
enum status do_sha256_monte(struct call *call)
{
    if (!is_length(&call->argument[0], SHA256_DIGEST))
        return UNFIT;
    uint8_t last[3 * SHA256_DIGEST], *digest = answer(call, SHA256_DIGEST);
    for (size_t i = 0; i < 3; i++)
        memcpy(last + SHA256_DIGEST * i, call->argument[0].data, SHA256_DIGEST);
    for (uint32_t i = 0; i < 1000; i++) {
        sha256_hash(last, sizeof last, digest);
        memmove(last, last + SHA256_DIGEST, sizeof last - SHA256_DIGEST);
        memcpy(last + 2 * SHA256_DIGEST, digest, SHA256_DIGEST);
    }
    return DONE;
}

/* key, data */
enum status do_hmac(struct call *call)
{
    const struct bytes *key = &call->argument[0], *data = &call->argument[1];
    uint8_t *tag = answer(call, HMAC_TAG);
    hmac_sha256(key->data, key->length, data->data, data->length, tag);
    if (data->length < HMAC_TAG)
        return DONE;
    uint8_t *both = copy_of(data);
    hmac_sha256(key->data, key->length, both, data->length, both);
    return memcmp(both, tag, HMAC_TAG) == 0 ? DONE : DISAGREES;
}

/* key, data, sizes */
enum status do_hmac_pieces(struct call *call)
{
    const struct bytes *key = &call->argument[0], *data = &call->argument[1], *sizes = &call->argument[2];
    if (!pieces_are_fit(sizes))
        return UNFIT;
    struct hmac mac;
    hmac_begin(&mac, key->data, key->length);
    for (size_t at = 0, turn = 0; at < data->length;) {
        const size_t piece = next_piece(sizes, &turn, data->length - at);
        hmac_update(&mac, data->data + at, piece);
        at += piece;
    }
    hmac_update(&mac, NULL, 0);
    hmac_end(&mac, answer(call, HMAC_TAG));
    memory_clear(&mac, sizeof mac);
    return DONE;
}

/* salt, ikm, info, length */
enum status do_hkdf(struct call *call)
{
    const struct bytes *salt = &call->argument[0], *ikm = &call->argument[1], *info = &call->argument[2];
    const uint32_t length = number(&call->argument[3]);
    if (length > HKDF_MOST)
        return UNFIT;
    hkdf_sha256(salt->data, salt->length, ikm->data, ikm->length, info->data, info->length, answer(call, length),
                length);
    return DONE;
}

/* salt, ikm */
enum status do_hkdf_extract(struct call *call)
{
    const struct bytes *salt = &call->argument[0], *ikm = &call->argument[1];
    hkdf_extract(salt->data, salt->length, ikm->data, ikm->length, answer(call, HMAC_TAG));
    return DONE;
}

/* prk, info, length */
enum status do_hkdf_expand(struct call *call)
{
    const struct bytes *prk = &call->argument[0], *info = &call->argument[1];
    const uint32_t length = number(&call->argument[2]);
    if (length > HKDF_MOST)
        return UNFIT;
    hkdf_expand(prk->data, prk->length, info->data, info->length, answer(call, length), length);
    return DONE;
}

/* data, size of a block */
enum status do_merkle_root(struct call *call)
{
    const struct bytes *data = &call->argument[0];
    const uint32_t block = number(&call->argument[1]);
    if (block == 0)
        return UNFIT;
    merkle_root(data->data, data->length, block, answer(call, MERKLE_DIGEST));
    return DONE;
}

/* data, size of a block, index */
enum status do_merkle_path(struct call *call)
{
    const struct bytes *data = &call->argument[0];
    const uint32_t block = number(&call->argument[1]), index = number(&call->argument[2]);
    if (block == 0 || (uint64_t)index * block >= data->length)
        return UNFIT;
    uint8_t path[MERKLE_DEEPEST * MERKLE_DIGEST];
    const size_t depth = merkle_path(data->data, data->length, block, index, path);
    if (depth > MERKLE_DEEPEST)
        return OVERRUN;
    memcpy(answer(call, MERKLE_DIGEST * depth), path, MERKLE_DIGEST * depth);
    return DONE;
}

/* root, leaves, index, data, path */
enum status do_merkle_verify(struct call *call)
{
    const struct bytes *root = &call->argument[0], *data = &call->argument[3], *path = &call->argument[4];
    const uint32_t leaves = number(&call->argument[1]), index = number(&call->argument[2]);
    if (!is_length(root, MERKLE_DIGEST) || path->length % MERKLE_DIGEST != 0)
        return UNFIT;
    return decided(merkle_verify(root->data, leaves, index, data->data, data->length, path->data,
                                 path->length / MERKLE_DIGEST));
}
