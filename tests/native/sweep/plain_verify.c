/*
 * ECDSA verification as anybody would write it, over the same arithmetic (FIPS 186-5, section 6.4.2).
 */
#include "plain.h"

#include "p256/engine.h"
#include "p256/p256_parts.h"

verdict plain_verify(const uint8_t public_key[64], const uint8_t digest[32], const uint8_t signature[64])
{
    const struct p256_engine *engine = p256_best();
    uint8_t inverse[32], u[32], v[32], at[64], x[32];

    if (engine->is_point(public_key) != VERDICT_ACCEPT)
        return VERDICT_REJECT;
    if (p256_in_range(signature) != VERDICT_ACCEPT || p256_in_range(signature + 32) != VERDICT_ACCEPT)
        return VERDICT_REJECT;
    engine->scalar_inverse_public(inverse, signature + 32);
    p256_reduce(u, digest);
    engine->scalar_multiply(u, u, inverse);
    engine->scalar_multiply(v, signature, inverse);
    if (engine->combine(at, u, v, public_key) != VERDICT_ACCEPT)
        return VERDICT_REJECT;
    p256_reduce(x, at);
    return memcmp(x, signature, 32) == 0 ? VERDICT_ACCEPT : VERDICT_REJECT;
}
