/*
 * HKDF: a key out of what is only hard to guess, and keys out of a key.
 */
#include "hash/hkdf.h"

#include "common/clear.h"
#include "hash/hmac.h"

#include <string.h>

void hkdf_extract(const uint8_t *salt, size_t salt_length, const uint8_t *ikm, size_t ikm_length, uint8_t prk[32])
{
    hmac_sha256(salt, salt_length, ikm, ikm_length, prk); /* an empty salt counts as 32 zeros; either pads to a block */
}

void hkdf_expand(const uint8_t *prk, size_t prk_length, const uint8_t *info, size_t info_length, uint8_t *out,
                 size_t length)
{
    struct hmac keyed, mac;
    uint8_t tag[HMAC_TAG];

    hmac_begin(&keyed, prk, prk_length);
    for (uint8_t counter = 1; length; counter++) { /* T(counter) = HMAC(prk, T(counter - 1) || info || counter) */
        const size_t piece = length < sizeof tag ? length : sizeof tag;
        mac = keyed;
        if (counter > 1)
            hmac_update(&mac, tag, sizeof tag);
        hmac_update(&mac, info, info_length);
        hmac_update(&mac, &counter, 1);
        hmac_end(&mac, tag);
        memcpy(out, tag, piece);
        out += piece;
        length -= piece;
    }
    memory_clear(&keyed, sizeof keyed);
    memory_clear(&mac, sizeof mac);
    memory_clear(tag, sizeof tag);
}

void hkdf_sha256(const uint8_t *salt, size_t salt_length, const uint8_t *ikm, size_t ikm_length, const uint8_t *info,
                 size_t info_length, uint8_t *out, size_t length)
{
    uint8_t prk[32];

    hkdf_extract(salt, salt_length, ikm, ikm_length, prk);
    hkdf_expand(prk, sizeof prk, info, info_length, out, length);
    memory_clear(prk, sizeof prk);
}
