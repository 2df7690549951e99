/*
 * SHA-256 of sixteen messages in the sixteen lanes of AVX-512 (F, BW, DQ, VL).
 *
 * Every variable of the standard is one register here, a word of each message in it; the rounds are the
 * portable ones, with VPRORD for rotations and VPTERNLOGD for every function of three words.
 */
#include "hash/sha256_sixteen_x86.h"

#if defined(__x86_64__)

#include "common/unroll.h"
#include "hash/sha256_constants.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define INLINE TARGET static inline __attribute__((always_inline)) /* the registers are the point */

/* VPTERNLOGD's truth tables: bit 4a + 2b + c. */
#define XOR 0x96
#define CHOICE 0xca   /* a ? b : c */
#define MAJORITY 0xe8

/* Exclusive-or of x rotated by three distances. */
#define SIGMA(x, i, j, k) \
    _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), _mm512_ror_epi32(x, k), XOR)
/* The same, the last one shifted. */
#define SIGMA_SHIFTED(x, i, j, k) \
    _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), _mm512_srli_epi32(x, k), XOR)

INLINE __m512i add(__m512i x, __m512i y)
{
    return _mm512_add_epi32(x, y);
}

/* words[t] in the place of words[t - 16]. */
INLINE void schedule(__m512i w[16], int t)
{
    const __m512i early = w[(t + 1) & 15], late = w[(t + 14) & 15];
    const __m512i sum = add(w[t & 15], w[(t + 9) & 15]);
    w[t & 15] = add(add(sum, SIGMA_SHIFTED(early, 7, 18, 3)), SIGMA_SHIFTED(late, 17, 19, 10));
}

/* One round; its variable i of a..h is v[(i - t) mod 8]. */
INLINE void one_round(__m512i v[8], __m512i word, int t)
{
    const __m512i a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
    const __m512i e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7];
    const __m512i key = add(v[(7 - t) & 7], add(word, _mm512_set1_epi32((int)SHA256_K[t])));
    const __m512i t1 = add(add(key, _mm512_ternarylogic_epi32(e, f, g, CHOICE)), SIGMA(e, 6, 11, 25));
    const __m512i t2 = add(SIGMA(a, 2, 13, 22), _mm512_ternarylogic_epi32(a, b, c, MAJORITY));

    v[(3 - t) & 7] = add(v[(3 - t) & 7], t1);
    v[(7 - t) & 7] = add(t1, t2);
}

/* Rounds t to t + 15, each in its own copy of the code, so that w and v are registers. */
INLINE void sixteen_rounds(__m512i v[8], __m512i w[16], int t)
{
    UNROLL
    for (int i = 0; i < 16; i++) {
        if (t)
            schedule(w, i);
        one_round(v, w[i], t + i);
    }
}

/* Turn four registers of four 128-bit pieces each: out[j + 4 i] has piece i of every one. */
INLINE void turn_pieces(__m512i out[16], int j, __m512i a, __m512i b, __m512i c, __m512i d)
{
    const __m512i ab_even = _mm512_shuffle_i32x4(a, b, 0x88), ab_odd = _mm512_shuffle_i32x4(a, b, 0xdd);
    const __m512i cd_even = _mm512_shuffle_i32x4(c, d, 0x88), cd_odd = _mm512_shuffle_i32x4(c, d, 0xdd);
    out[j] = _mm512_shuffle_i32x4(ab_even, cd_even, 0x88);
    out[j + 4] = _mm512_shuffle_i32x4(ab_odd, cd_odd, 0x88);
    out[j + 8] = _mm512_shuffle_i32x4(ab_even, cd_even, 0xdd);
    out[j + 12] = _mm512_shuffle_i32x4(ab_odd, cd_odd, 0xdd);
}

/* Word i of sixteen blocks into w[i]: a transposition, first of words in pieces of four, then of the pieces. */
INLINE void load_words(__m512i w[16], const uint8_t *const data[16], size_t offset)
{
    const __m512i big_endian = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    __m512i pair[16], four[16];

    UNROLL
    for (int i = 0; i < 16; i += 2) {
        const __m512i r = _mm512_shuffle_epi8(_mm512_loadu_si512(data[i] + offset), big_endian);
        const __m512i s = _mm512_shuffle_epi8(_mm512_loadu_si512(data[i + 1] + offset), big_endian);
        pair[i] = _mm512_unpacklo_epi32(r, s);
        pair[i + 1] = _mm512_unpackhi_epi32(r, s);
    }
    UNROLL
    for (int i = 0; i < 16; i += 4) {
        four[i] = _mm512_unpacklo_epi64(pair[i], pair[i + 2]);
        four[i + 1] = _mm512_unpackhi_epi64(pair[i], pair[i + 2]);
        four[i + 2] = _mm512_unpacklo_epi64(pair[i + 1], pair[i + 3]);
        four[i + 3] = _mm512_unpackhi_epi64(pair[i + 1], pair[i + 3]);
    }
    UNROLL
    for (int j = 0; j < 4; j++)
        turn_pieces(w, j, four[j], four[j + 4], four[j + 8], four[j + 12]);
}

TARGET void sha256_x86_sixteen(uint32_t words[8][16], const uint8_t *const data[16], size_t blocks)
{
    __m512i v[8], w[16];

    UNROLL
    for (int i = 0; i < 8; i++)
        v[i] = _mm512_loadu_si512(words[i]);
    for (size_t offset = 0; offset < 64 * blocks; offset += 64) {
        load_words(w, data, offset);
        sixteen_rounds(v, w, 0);
        for (int t = 16; t < 64; t += 16)
            sixteen_rounds(v, w, t);
        UNROLL
        for (int i = 0; i < 8; i++) {
            v[i] = add(v[i], _mm512_loadu_si512(words[i]));
            _mm512_storeu_si512(words[i], v[i]);
        }
    }
}

#endif
