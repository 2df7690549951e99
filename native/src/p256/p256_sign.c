/*
 * ECDSA signing with a nonce that no random source is needed for.
 *
 * The generator of RFC 6979 section 3.2 is HMAC_DRBG with the private key as entropy, the digest modulo n as nonce and,
 * for its section 3.6, the additional data as personalization: it is taken from random/drbg.h.
 */
#include "p256/p256.h"

#include "common/clear.h"
#include "common/declassify.h"
#include "p256/number.h"
#include "p256/p256_parts.h"

#include <string.h>

/* What a signature is made of.  Secret but for `point`. */
struct signing {
    const struct p256_engine *engine;
    struct drbg nonces;
    uint8_t digest[32]; /* modulo n */
    uint8_t nonce[32], point[64], product[32];
};

/* out: r = a + b modulo n.  in: a, b < n. */
static void add_scalars(uint8_t r[32], const uint8_t a[32], const uint8_t b[32])
{
    uint32_t x[8], y[8];
    number_load(x, a);
    number_load(y, b);
    const uint32_t top = number_add(x, x, y);
    number_reduce(x, top, x, P256_ORDER);
    number_store(r, x);
    memory_clear(x, sizeof x), memory_clear(y, sizeof y);
}

/*
 * One try (FIPS 186-5, section 6.4.1): r = x(k G) modulo n, s = (e + r d) / k modulo n.
 *
 * Returns VERDICT_ACCEPT unless the candidate for k was out of range or r or s is zero, each about once in 2^32
 * times or never; that is no secret, since another k is taken then.
 */
static verdict try(struct signing *signing, const uint8_t private_key[32], uint8_t signature[P256_SIGNATURE])
{
    const struct p256_engine *engine = signing->engine;
    verdict result = drbg_generate(&signing->nonces, signing->nonce, sizeof signing->nonce, NULL, 0);

    if (result != VERDICT_ACCEPT)
        return result;
    /* A candidate that is passed over says nothing about the next one. */
    result = declassify_word(p256_in_range(signing->nonce));
    if (result != VERDICT_ACCEPT)
        return result;
    engine->base(signing->point, signing->nonce);
    declassify(signing->point, 32); /* from here on the signature's r */
    p256_reduce(signature, signing->point);
    engine->scalar_multiply(signing->product, signature, private_key);
    add_scalars(signing->product, signing->product, signing->digest);
    engine->scalar_inverse(signing->nonce, signing->nonce);
    engine->scalar_multiply(signature + 32, signing->nonce, signing->product);
    declassify(signature + 32, 32); /* the signature's s */
    result = p256_in_range(signature);
    return result == VERDICT_ACCEPT ? p256_in_range(signature + 32) : result;
}

static verdict sign(const uint8_t private_key[P256_PRIVATE], const uint8_t digest[32], const uint8_t *extra,
                    uint8_t signature[P256_SIGNATURE])
{
    struct signing signing = {.engine = p256_best()};
    /* That a key is refused may be known. */
    const verdict result = declassify_word(p256_in_range(private_key));

    p256_reduce(signing.digest, digest);
    if (result == VERDICT_ACCEPT) {
        drbg_begin(&signing.nonces, private_key, P256_PRIVATE, signing.digest, 32, extra, extra ? 32 : 0);
        while (try(&signing, private_key, signature) != VERDICT_ACCEPT)
            ;
    } else {
        memset(signature, 0, P256_SIGNATURE);
    }
    memory_clear(&signing, sizeof signing);
    return result;
}

verdict p256_sign(const uint8_t private_key[P256_PRIVATE], const uint8_t digest[32],
                  uint8_t signature[P256_SIGNATURE])
{
    return sign(private_key, digest, NULL, signature);
}

verdict p256_sign_hedged(const uint8_t private_key[P256_PRIVATE], const uint8_t digest[32], const uint8_t extra[32],
                         uint8_t signature[P256_SIGNATURE])
{
    return sign(private_key, digest, extra, signature);
}
