/*
 * SHA-256 and what is keyed with it.
 */
#include "paths.h"

#include "hash/hkdf.h"
#include "hash/hmac.h"
#include "hash/sha256.h"

static void hash(const uint8_t *secret)
{
    uint8_t digest[SHA256_DIGEST];
    sha256_hash(secret, SECRET, digest);
}

static void hash_pieces(const uint8_t *secret)
{
    struct sha256 hash_;
    uint8_t digest[SHA256_DIGEST];
    sha256_begin(&hash_);
    sha256_update(&hash_, secret, 7);
    sha256_update(&hash_, secret + 7, 150);
    sha256_end(&hash_, digest);
}

static void hash_many(const uint8_t *secret)
{
    uint8_t digests[5 * SHA256_DIGEST];
    sha256_pages(secret, 5, 50, digests);
}

static void mac(const uint8_t *secret)
{
    uint8_t tag[HMAC_TAG];
    hmac_sha256(secret, 32, secret + 32, 100, tag);
    hmac_sha256(secret, 70, secret + 70, 64, tag); /* a key that is hashed first */
}

static void derive(const uint8_t *secret)
{
    uint8_t key[80];
    hkdf_sha256((const uint8_t *)"salt", 4, secret, 32, (const uint8_t *)"info", 4, key, sizeof key);
}

const struct path PATHS_HASH[] = {
    {"hash", hash}, {"hash_pieces", hash_pieces}, {"hash_many", hash_many}, {"mac", mac}, {"derive", derive},
    {NULL, NULL},
};
