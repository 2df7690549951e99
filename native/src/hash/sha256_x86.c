/*
 * SHA-256 blocks by the x86 SHA extensions (Intel SDM volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2).
 *
 * The state lives in two registers as (A B E F) and (C D G H), high word first, which is what
 * SHA256RNDS2 takes.  The message schedule is a window of sixteen words in four registers.
 */
#include "hash/sha256_x86.h"

#if defined(__x86_64__)

#include "common/unroll.h"
#include "hash/sha256_constants.h"

#include <immintrin.h>

#define TARGET __attribute__((target("sha,ssse3,sse4.1")))
#define INLINE TARGET static inline __attribute__((always_inline)) /* the registers are the point */

/* words[t..t+4) from the sixteen before them, oldest first. */
INLINE __m128i schedule(const __m128i w[4])
{
    __m128i seven_back = _mm_alignr_epi8(w[3], w[2], 4);
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), seven_back), w[3]);
}

/* Four rounds with the words `w`; SHA256RNDS2 does two and leaves the new (A B E F) in its first operand. */
INLINE void four_rounds(__m128i *abef, __m128i *cdgh, __m128i w, int t)
{
    __m128i sum = _mm_add_epi32(w, _mm_load_si128((const __m128i *)(const void *)(SHA256_K + t)));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

static inline const __m128i *at(const uint8_t *data, int i)
{
    return (const __m128i *)(const void *)(data + 16 * i);
}

/* Four words of the message. */
INLINE __m128i load_words(const uint8_t *data, int i)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128(at(data, i)), big_endian);
}

/* A message in progress: its state, and the window of its schedule. */
struct stream {
    __m128i abef, cdgh, w[4];
};

/* Rounds t to t + 3 of a block. */
INLINE void step(struct stream *s, const uint8_t *data, int t)
{
    __m128i next;

    if (t < 16) {
        next = s->w[t / 4] = load_words(data, t / 4);
    } else {
        next = schedule(s->w);
        s->w[0] = s->w[1], s->w[1] = s->w[2], s->w[2] = s->w[3], s->w[3] = next;
    }
    four_rounds(&s->abef, &s->cdgh, next, t);
}

/* Two registers from the eight words in memory, and back. */
INLINE void load_state(const uint32_t state[8], __m128i *abef, __m128i *cdgh)
{
    const __m128i *memory = (const __m128i *)(const void *)state;
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(memory), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(memory + 1), 0x1b);
    *abef = _mm_alignr_epi8(cdab, efgh, 8);
    *cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

INLINE void store_state(uint32_t state[8], __m128i abef, __m128i cdgh)
{
    __m128i *memory = (__m128i *)(void *)state;
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(memory, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(memory + 1, _mm_alignr_epi8(dchg, feba, 8));
}

TARGET void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    struct stream s;

    load_state(state, &s.abef, &s.cdgh);
    for (; blocks; blocks--, data += 64) {
        const __m128i abef = s.abef, cdgh = s.cdgh;
        UNROLL
        for (int t = 0; t < 64; t += 4)
            step(&s, data, t);
        s.abef = _mm_add_epi32(s.abef, abef);
        s.cdgh = _mm_add_epi32(s.cdgh, cdgh);
    }
    store_state(state, s.abef, s.cdgh);
}

/* SHA256RNDS2 waits for the one before it: between two of one message there is room for the other's. */
TARGET void sha256_x86_two(uint32_t first[8], const uint8_t *first_data, uint32_t second[8],
                           const uint8_t *second_data, size_t blocks)
{
    struct stream s, r;

    load_state(first, &s.abef, &s.cdgh);
    load_state(second, &r.abef, &r.cdgh);
    for (; blocks; blocks--, first_data += 64, second_data += 64) {
        const __m128i abef = s.abef, cdgh = s.cdgh, other_abef = r.abef, other_cdgh = r.cdgh;
        UNROLL
        for (int t = 0; t < 64; t += 4) {
            step(&s, first_data, t);
            step(&r, second_data, t);
        }
        s.abef = _mm_add_epi32(s.abef, abef);
        s.cdgh = _mm_add_epi32(s.cdgh, cdgh);
        r.abef = _mm_add_epi32(r.abef, other_abef);
        r.cdgh = _mm_add_epi32(r.cdgh, other_cdgh);
    }
    store_state(first, s.abef, s.cdgh);
    store_state(second, r.abef, r.cdgh);
}

#endif
