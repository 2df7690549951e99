/*
 * ECDSA and ECDH on P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3, SP 800-56A revision 3), with SHA-256.
 *
 * Numbers are 32 bytes big-endian, public keys X || Y, signatures r || s.  Nothing that handles a private
 * key or a nonce branches on it or indexes memory by it.  Points and numbers from outside are checked
 * before they are used, never reduced.
 */
#ifndef ARMILLARY_P256_H
#define ARMILLARY_P256_H

#include "common/verdict.h"
#include "random/drbg.h"

#include <stddef.h>
#include <stdint.h>

#define P256_PRIVATE 32
#define P256_PUBLIC 64
#define P256_SIGNATURE 64

/* Is it a number from 1 to n - 1?  In constant time. */
verdict p256_is_private(const uint8_t private_key[P256_PRIVATE]);

/* Is it a point of the curve, with coordinates below p (SP 800-56A section 5.6.2.3.3)? */
verdict p256_check(const uint8_t public_key[P256_PUBLIC]);

/* out: public_key, or zeros and a refusal unless p256_is_private(). */
verdict p256_public(const uint8_t private_key[P256_PRIVATE], uint8_t public_key[P256_PUBLIC]);

/* A new key pair by candidates from `random` (FIPS 186-5, A.2.2).  Refuses if the generator does. */
verdict p256_generate(struct drbg *random, uint8_t private_key[P256_PRIVATE], uint8_t public_key[P256_PUBLIC]);

/* out: the X of private_key * public_key, or zeros and a refusal (SP 800-56A section 5.7.1.2). */
verdict p256_ecdh(const uint8_t private_key[P256_PRIVATE], const uint8_t public_key[P256_PUBLIC], uint8_t shared[32]);

/* Sign; the nonce by RFC 6979.  out: signature, or zeros and a refusal unless p256_is_private(). */
verdict p256_sign(const uint8_t private_key[P256_PRIVATE], const uint8_t digest[32],
                  uint8_t signature[P256_SIGNATURE]);

/*
 * Sign; the nonce by RFC 6979 with `extra` as the additional data of its section 3.6: fresh random bytes make a
 * fault in one of two runs useless to who compares them, a bad source leaves what p256_sign() has.
 */
verdict p256_sign_hedged(const uint8_t private_key[P256_PRIVATE], const uint8_t digest[32], const uint8_t extra[32],
                         uint8_t signature[P256_SIGNATURE]);

/*
 * As p256_verify(), sealed (common/verdict.h).
 *
 * in: not_sum = ~(the sum of the three addresses), made by the caller, so that one that flips on its way is noticed
 */
verdict p256_verify_sealed(const uint8_t public_key[P256_PUBLIC], const uint8_t digest[32],
                           const uint8_t signature[P256_SIGNATURE], uintptr_t not_sum);

/* Is the signature by this key over this digest (FIPS 186-5, section 6.4.2)?  A key that is no point signed nothing. */
static inline verdict p256_verify(const uint8_t public_key[P256_PUBLIC], const uint8_t digest[32],
                                  const uint8_t signature[P256_SIGNATURE])
{
    uintptr_t not_sum = ~((uintptr_t)public_key + (uintptr_t)digest + (uintptr_t)signature);
    __asm__("" : "+r"(not_sum)); /* a value of its own, not to be derived again from the other three */
    return verdict_open(p256_verify_sealed(public_key, digest, signature, not_sum));
}

/* A signature that somebody claims to be good, and what became of it. */
struct p256_claim {
    const uint8_t *public_key, *digest, *signature; /* 64, 32, 64 bytes */
    verdict verdict;
};

/* Verify many, each by itself, which is faster than one after the other.  out: the verdict of every claim. */
void p256_verify_many(struct p256_claim *claims, size_t count);

#endif
