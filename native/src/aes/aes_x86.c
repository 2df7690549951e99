/*
 * AES by AES-NI (Intel SDM volume 2, AESENC and its relatives): one block, or eight of a counter.
 */
#include "aes/aes_fast.h"

#if defined(__x86_64__)

#include "aes/aes_x86_inline.h"
#include "common/bytes.h"

/* Each word with those below it: what section 5.2's chain of additions makes of the last round key but one. */
X86_AES X86_INLINE __m128i chain(__m128i key)
{
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    return _mm_xor_si128(key, _mm_slli_si128(key, 8));
}

/*
 * SubWord(word) + constant, four times; with RotWord first if `pick` says so.  AESENCLAST does SubBytes, and ShiftRows,
 * which leaves four equal columns as they are.
 */
X86_AES X86_INLINE __m128i substitute(__m128i last, __m128i pick, int constant)
{
    return _mm_aesenclast_si128(_mm_shuffle_epi8(last, pick), _mm_set1_epi32(constant));
}

X86_AES void aes_fast_begin(struct aes *aes, const uint8_t *key, size_t size)
{
    const __m128i same = _mm_set1_epi32(0x0f0e0d0c), rotated = _mm_set1_epi32(0x0c0f0e0d);
    const uint32_t step = (uint32_t)size / 16;
    __m128i before = load_block(key), last = before;
    int constant = 1;

    aes->rounds = 4 * step + 6;
    store_block(aes->words, last);
    if (step == 2) {
        last = load_block(key + 16);
        store_block(aes->words + 4, last);
    }
    for (uint32_t round = step; round <= aes->rounds; round++) {
        __m128i added;
        if (step == 2 && round % 2)
            added = substitute(last, same, 0);
        else {
            added = substitute(last, rotated, constant);
            constant = constant < 0x80 ? constant << 1 : 0x1b;
        }
        const __m128i next = _mm_xor_si128(chain(before), added);
        before = step == 2 ? last : next;
        last = next;
        store_block(aes->words + 4 * round, next);
    }
}

X86_AES void aes_fast_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    store_block(out, encrypt_block(aes, load_block(in)));
}

/* The equivalent inverse cipher (section 5.3.5): the round keys between go through InvMixColumns. */
X86_AES void aes_fast_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    __m128i x = _mm_xor_si128(load_block(in), round_key(aes, aes->rounds));

    for (uint32_t round = aes->rounds - 1; round > 0; round--)
        x = _mm_aesdec_si128(x, _mm_aesimc_si128(round_key(aes, round)));
    store_block(out, _mm_aesdeclast_si128(x, round_key(aes, 0)));
}

/* The cipher of counters high:low, high:low + 1, ... added to up to eight blocks of text. */
X86_AES X86_INLINE void eight(const struct aes *aes, uint64_t high, uint64_t low, const uint8_t *in, uint8_t *out,
                              size_t blocks)
{
    __m128i x[8];

    for (size_t i = 0; i < 8; i++)
        x[i] = _mm_xor_si128(reverse_bytes(_mm_set_epi64x((long long)high, (long long)(low + i))), round_key(aes, 0));
    for (uint32_t round = 1; round < aes->rounds; round++)
        for (size_t i = 0; i < 8; i++)
            x[i] = _mm_aesenc_si128(x[i], round_key(aes, round));
    for (size_t i = 0; i < 8; i++)
        x[i] = _mm_aesenclast_si128(x[i], round_key(aes, aes->rounds));
    for (size_t i = 0; i < blocks; i++)
        store_block(out + 16 * i, _mm_xor_si128(load_block(in + 16 * i), x[i]));
}

X86_AES void aes_fast_ctr(const struct aes *aes, const uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out,
                         size_t blocks)
{
    const uint64_t high = load_be64(counter);
    uint64_t low = load_be64(counter + 8);

    for (; blocks >= 8; blocks -= 8, low += 8, in += 128, out += 128)
        eight(aes, high, low, in, out, 8);
    if (blocks)
        eight(aes, high, low, in, out, blocks);
}

#endif
