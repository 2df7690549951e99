/*
 * Keys and key agreement on P-256; p256_sign.c and p256_verify.c have the signatures.
 */
#include "p256/p256.h"

#include "common/clear.h"
#include "common/decision.h"
#include "common/declassify.h"
#include "p256/p256_parts.h"

#include <string.h>

verdict p256_is_private(const uint8_t private_key[P256_PRIVATE])
{
    return p256_in_range(private_key);
}

verdict p256_check(const uint8_t public_key[P256_PUBLIC])
{
    return p256_best()->is_point(public_key);
}

verdict p256_public(const uint8_t private_key[P256_PRIVATE], uint8_t public_key[P256_PUBLIC])
{
    /* That a key is refused may be known. */
    const verdict result = declassify_word(p256_in_range(private_key));

    memset(public_key, 0, P256_PUBLIC);
    if (result == VERDICT_ACCEPT)
        p256_best()->base(public_key, private_key);
    return result;
}

verdict p256_ecdh(const uint8_t private_key[P256_PRIVATE], const uint8_t public_key[P256_PUBLIC], uint8_t shared[32])
{
    const struct p256_engine *engine = p256_best();
    uint8_t at[64] = {0};
    const verdict is_point = engine->is_point(public_key), is_private = p256_in_range(private_key);
    /* That a key is refused may be known. */
    const verdict result = declassify_word(decision_both(is_private, is_point));

    if (result == VERDICT_ACCEPT)
        engine->multiply(at, private_key, public_key);
    memcpy(shared, at, 32);
    memory_clear(at, sizeof at);
    return result;
}
