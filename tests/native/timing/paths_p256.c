/*
 * Private keys and nonces of P-256.
 */
#include "paths.h"

#include "common/declassify.h"
#include "p256/p256.h"

#include <string.h>

static const uint8_t DIGEST[32] = {0x12, 0x34};

/* A public key that is not ours: the generator. */
static const uint8_t PEER[P256_PUBLIC] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};

static void is_private(const uint8_t *secret)
{
    volatile verdict answer = p256_is_private(secret);
    (void)answer;
}

static void make_public(const uint8_t *secret)
{
    uint8_t public_key[P256_PUBLIC];
    (void)p256_public(secret, public_key);
}

static void sign(const uint8_t *secret)
{
    uint8_t signature[P256_SIGNATURE];
    (void)p256_sign(secret, DIGEST, signature);
}

static void sign_hedged(const uint8_t *secret)
{
    uint8_t signature[P256_SIGNATURE];
    (void)p256_sign_hedged(secret, DIGEST, secret + 64, signature);
}

static void agree(const uint8_t *secret)
{
    uint8_t shared[32];
    (void)p256_ecdh(secret, PEER, shared);
}

static void generate(const uint8_t *secret)
{
    struct drbg random;
    uint8_t private_key[P256_PRIVATE], public_key[P256_PUBLIC];
    drbg_begin(&random, secret, 32, secret + 32, 16, NULL, 0);
    (void)p256_generate(&random, private_key, public_key);
}

const struct path PATHS_P256[] = {
    {"is_private", is_private}, {"make_public", make_public}, {"sign", sign}, {"sign_hedged", sign_hedged},
    {"agree", agree}, {"generate", generate}, {NULL, NULL},
};
