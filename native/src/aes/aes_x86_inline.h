/*
 * Pieces of AES and GHASH in x86 registers, for aes_x86.c, gcm_x86.c and gcm_vaes_x86.c.
 *
 * A block for AES stands in a register as in memory.  A block for GHASH stands there with its bytes reversed: the
 * coefficient of x^0 is the highest bit.  The product of two such numbers is one bit too low; that is made good once,
 * in the powers of the hash key, which are divided by x (gcm_fast_powers).
 */
#ifndef ARMILLARY_AES_X86_INLINE_H
#define ARMILLARY_AES_X86_INLINE_H

#if defined(__x86_64__)

#include "aes/aes.h"

#include <immintrin.h>

#define X86_AES __attribute__((target("aes,pclmul,ssse3,sse4.1")))
#define X86_INLINE __attribute__((always_inline)) static inline

X86_AES X86_INLINE __m128i load_block(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

X86_AES X86_INLINE void store_block(void *at, __m128i x)
{
    _mm_storeu_si128((__m128i *)at, x);
}

X86_AES X86_INLINE __m128i round_key(const struct aes *aes, uint32_t round)
{
    return load_block(aes->words + 4 * round);
}

X86_AES X86_INLINE __m128i reverse_bytes(__m128i x)
{
    return _mm_shuffle_epi8(x, _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f));
}

X86_AES X86_INLINE __m128i encrypt_block(const struct aes *aes, __m128i x)
{
    x = _mm_xor_si128(x, round_key(aes, 0));
    for (uint32_t round = 1; round < 10; round++)
        x = _mm_aesenc_si128(x, round_key(aes, round));
    if (aes->rounds > 10)
        for (uint32_t round = 10; round < 14; round++)
            x = _mm_aesenc_si128(x, round_key(aes, round));
    return _mm_aesenclast_si128(x, round_key(aes, aes->rounds));
}

/* A sum of products of 255 bits, not yet reduced: low and high halves, and what belongs in the middle. */
struct product {
    __m128i low, middle, high;
};

X86_AES X86_INLINE void add_product(struct product *sum, __m128i a, __m128i b)
{
    sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(a, b, 0x00));
    sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(a, b, 0x11));
    sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x01));
    sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x10));
}

/*
 * Modulo x^128 + x^7 + x^2 + x + 1.  Twice the lowest 64 bits, times 1 + (x^63 + x^62 + x^57) in this order of
 * bits, move up.
 */
X86_AES X86_INLINE __m128i reduce_product(struct product sum)
{
    const __m128i polynomial = _mm_set_epi64x(0, (long long)0xc200000000000000);
    __m128i low = sum.low, middle = sum.middle;

    middle = _mm_xor_si128(middle, _mm_shuffle_epi32(low, 0x4e));
    middle = _mm_xor_si128(middle, _mm_clmulepi64_si128(low, polynomial, 0x00));
    low = _mm_xor_si128(_mm_shuffle_epi32(middle, 0x4e), _mm_clmulepi64_si128(middle, polynomial, 0x00));
    return _mm_xor_si128(sum.high, low);
}

X86_AES X86_INLINE __m128i multiply(__m128i a, __m128i b)
{
    struct product sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    add_product(&sum, a, b);
    return reduce_product(sum);
}

#endif
#endif
