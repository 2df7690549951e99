/*
 * AES and its modes: the key and the text are secret, nonces, lengths and what is transmitted are not.
 */
#include "paths.h"

#include "aes/aes.h"
#include "aes/cmac.h"
#include "aes/ctr.h"
#include "aes/gcm.h"
#include "aes/keywrap.h"
#include "common/declassify.h"

#include <string.h>

#define TEXT 200

static const uint8_t NONCE[13] = {9, 8, 7};

static void blocks(const uint8_t *secret)
{
    for (size_t size = 16; size <= 32; size += 16) {
        struct aes aes;
        uint8_t block[AES_BLOCK];
        aes_begin(&aes, secret, size);
        aes_encrypt(&aes, secret + 32, block);
        aes_decrypt(&aes, block, block);
    }
}

static void counter(const uint8_t *secret)
{
    struct aes aes;
    uint8_t block[AES_BLOCK] = {0}, out[TEXT];
    aes_begin(&aes, secret, 32);
    aes_ctr(&aes, block, secret + 32, out, TEXT);
}

/* Seal, then open what was sealed, then open it with a wrong tag. */
static void seal(const uint8_t *secret)
{
    struct gcm_key key;
    uint8_t sealed[TEXT], text[TEXT], tag[GCM_TAG];
    gcm_begin(&key, secret, 32);
    for (size_t length = 12; length <= sizeof NONCE; length++) {
        gcm_seal(&key, NONCE, length, NONCE, 5, secret + 32, TEXT, sealed, tag);
        declassify(sealed, TEXT), declassify(tag, GCM_TAG); /* they are sent */
        (void)gcm_open(&key, NONCE, length, NONCE, 5, sealed, TEXT, tag, text);
        tag[15] ^= 1;
        (void)gcm_open(&key, NONCE, length, NONCE, 5, sealed, TEXT, tag, text);
    }
}

static void seal_pieces(const uint8_t *secret)
{
    struct gcm_key key;
    struct gcm gcm;
    uint8_t sealed[TEXT], tag[GCM_TAG];
    gcm_begin(&key, secret, 16);
    gcm_start(&gcm, &key, NONCE, 12);
    gcm_additional(&gcm, secret + 100, 33);
    gcm_encrypt(&gcm, secret + 32, sealed, 33);
    gcm_encrypt(&gcm, secret + 65, sealed + 33, TEXT - 33);
    gcm_tag(&gcm, tag);
    declassify(sealed, TEXT), declassify(tag, GCM_TAG);
    gcm_start(&gcm, &key, NONCE, 12);
    gcm_additional(&gcm, secret + 100, 33);
    gcm_decrypt(&gcm, sealed, sealed, TEXT);
    (void)gcm_check(&gcm, tag);
}

static void chain(const uint8_t *secret)
{
    uint8_t tag[CMAC_TAG];
    cmac_aes(secret, 16, secret + 32, 100, tag);
    cmac_aes(secret, 32, secret + 32, 96, tag);
}

/* Wrap, unwrap, and unwrap what was changed. */
static void wrap(const uint8_t *secret)
{
    uint8_t wrapped[40], key[32];
    (void)keywrap(secret, 32, secret + 32, 32, wrapped);
    declassify(wrapped, sizeof wrapped); /* it is stored outside */
    (void)keyunwrap(secret, 32, wrapped, sizeof wrapped, key);
    wrapped[3] ^= 1;
    (void)keyunwrap(secret, 32, wrapped, sizeof wrapped, key);
}

const struct path PATHS_AES[] = {
    {"blocks", blocks}, {"counter", counter}, {"seal", seal}, {"seal_pieces", seal_pieces}, {"chain", chain},
    {"wrap", wrap}, {NULL, NULL},
};
