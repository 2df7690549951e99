/*
 * GCM by AES-NI and PCLMULQDQ: eight blocks at once, hashed with eight powers of the hash key and one reduction.
 */
#include "aes/aes_fast.h"

#if defined(__x86_64__)

#include "aes/aes_x86_inline.h"
#include "common/bytes.h"

#define AT_ONCE 8

/* The power n of the hash key, over x. */
X86_AES X86_INLINE __m128i power(const struct gcm_key *key, size_t n)
{
    return load_block(key->powers + 16 * (GCM_POWERS - n));
}

/* h / x: the bits move up; a one that falls out is x^-1 = x^127 + x^6 + x + 1. */
X86_AES X86_INLINE __m128i divide_by_x(__m128i h)
{
    const __m128i sign = _mm_srai_epi32(_mm_shuffle_epi32(h, 0xff), 31);
    const __m128i carry = _mm_srli_epi64(_mm_slli_si128(h, 8), 63);
    const __m128i moved = _mm_or_si128(_mm_slli_epi64(h, 1), carry);
    return _mm_xor_si128(moved, _mm_and_si128(sign, _mm_set_epi64x((long long)0xc200000000000000, 1)));
}

/* The highest first, so that the powers for n blocks in a row are the last n. */
X86_AES void gcm_fast_powers(struct gcm_key *key, const uint8_t h[16])
{
    store_block(key->powers + 16 * (GCM_POWERS - 1), divide_by_x(reverse_bytes(load_block(h))));
    for (size_t n = 2; n <= GCM_POWERS; n++)
        store_block(key->powers + 16 * (GCM_POWERS - n), multiply(power(key, n / 2), power(key, n - n / 2)));
}

/* The state after 1 to AT_ONCE more blocks. */
X86_AES X86_INLINE __m128i hash_some(const struct gcm_key *key, __m128i state, const uint8_t *data, size_t blocks)
{
    struct product sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};

    for (size_t i = 0; i < blocks; i++) {
        state = _mm_xor_si128(state, reverse_bytes(load_block(data + 16 * i)));
        add_product(&sum, state, power(key, blocks - i));
        state = _mm_setzero_si128();
    }
    return reduce_product(sum);
}

X86_AES void gcm_fast_hash(const struct gcm_key *key, uint8_t hash[16], const uint8_t *data, size_t blocks)
{
    __m128i state = reverse_bytes(load_block(hash));

    for (; blocks >= AT_ONCE; blocks -= AT_ONCE, data += 16 * AT_ONCE)
        state = hash_some(key, state, data, AT_ONCE);
    if (blocks)
        state = hash_some(key, state, data, blocks);
    store_block(hash, reverse_bytes(state));
}

/* 1 to AT_ONCE blocks by counters from `counter` on, and the state after the ciphertext. */
X86_AES X86_INLINE __m128i crypt_some(const struct gcm_key *key, __m128i state, __m128i counter, const uint8_t *in,
                                      uint8_t *out, size_t blocks, enum gcm_way way)
{
    const struct aes *aes = &key->aes;
    __m128i x[AT_ONCE];

    if (way == GCM_OPEN)
        state = hash_some(key, state, in, blocks);
    for (int i = 0; i < AT_ONCE; i++)
        x[i] = _mm_xor_si128(reverse_bytes(_mm_add_epi32(counter, _mm_set_epi32(0, 0, 0, i))), round_key(aes, 0));
    for (uint32_t round = 1; round < aes->rounds; round++)
        for (size_t i = 0; i < AT_ONCE; i++)
            x[i] = _mm_aesenc_si128(x[i], round_key(aes, round));
    for (size_t i = 0; i < AT_ONCE; i++)
        x[i] = _mm_aesenclast_si128(x[i], round_key(aes, aes->rounds));
    for (size_t i = 0; i < blocks; i++)
        store_block(out + 16 * i, _mm_xor_si128(load_block(in + 16 * i), x[i]));
    return way == GCM_SEAL ? hash_some(key, state, out, blocks) : state;
}

X86_AES void gcm_fast_crypt(const struct gcm_key *key, uint8_t hash[16], uint8_t counter[16], const uint8_t *in,
                           uint8_t *out, size_t blocks, enum gcm_way way)
{
    __m128i state = reverse_bytes(load_block(hash)), next = reverse_bytes(load_block(counter));

    for (; blocks >= AT_ONCE; blocks -= AT_ONCE, in += 16 * AT_ONCE, out += 16 * AT_ONCE) {
        state = crypt_some(key, state, next, in, out, AT_ONCE, way);
        next = _mm_add_epi32(next, _mm_set_epi32(0, 0, 0, AT_ONCE));
    }
    if (blocks) {
        state = crypt_some(key, state, next, in, out, blocks, way);
        next = _mm_add_epi32(next, _mm_set_epi32(0, 0, 0, (int)blocks));
    }
    store_block(hash, reverse_bytes(state));
    store_block(counter, reverse_bytes(next));
}

#endif
