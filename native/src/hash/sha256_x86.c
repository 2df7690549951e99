/*
 * SHA-256 blocks by the x86 SHA extensions (Intel SDM volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2).
 *
 * The state lives in two registers as (A B E F) and (C D G H), high word first, which is what
 * SHA256RNDS2 takes.  The message schedule is a window of sixteen words in four registers.
 */
#include "hash/sha256_x86.h"

#if defined(__x86_64__)

#include "hash/sha256_constants.h"

#include <immintrin.h>

#define TARGET __attribute__((target("sha,ssse3,sse4.1")))

/* words[t..t+4) from the sixteen before them, oldest first. */
TARGET static inline __m128i schedule(const __m128i w[4])
{
    __m128i seven_back = _mm_alignr_epi8(w[3], w[2], 4);
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), seven_back), w[3]);
}

/* Four rounds with the words `w`; SHA256RNDS2 does two and leaves the new (A B E F) in its first operand. */
TARGET static inline void four_rounds(__m128i *abef, __m128i *cdgh, __m128i w, int t)
{
    __m128i sum = _mm_add_epi32(w, _mm_load_si128((const __m128i *)(const void *)(SHA256_K + t)));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

TARGET static inline void one_block(__m128i *abef, __m128i *cdgh, const uint8_t *data)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i w[4], a = *abef, c = *cdgh;

    for (int i = 0; i < 4; i++) {
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i)), big_endian);
        four_rounds(&a, &c, w[i], 4 * i);
    }
    for (int t = 16; t < 64; t += 4) {
        __m128i next = schedule(w);
        w[0] = w[1], w[1] = w[2], w[2] = w[3], w[3] = next;
        four_rounds(&a, &c, next, t);
    }
    *abef = _mm_add_epi32(*abef, a);
    *cdgh = _mm_add_epi32(*cdgh, c);
}

/* Two registers from the eight words in memory, and back. */
TARGET static inline void load_state(const uint32_t state[8], __m128i *abef, __m128i *cdgh)
{
    const __m128i *memory = (const __m128i *)(const void *)state;
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(memory), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(memory + 1), 0x1b);
    *abef = _mm_alignr_epi8(cdab, efgh, 8);
    *cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

TARGET static inline void store_state(uint32_t state[8], __m128i abef, __m128i cdgh)
{
    __m128i *memory = (__m128i *)(void *)state;
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(memory, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(memory + 1, _mm_alignr_epi8(dchg, feba, 8));
}

TARGET void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    __m128i abef, cdgh;

    load_state(state, &abef, &cdgh);
    for (; blocks; blocks--, data += 64)
        one_block(&abef, &cdgh, data);
    store_state(state, abef, cdgh);
}

TARGET void sha256_x86_two(uint32_t first[8], const uint8_t *first_data, uint32_t second[8],
                           const uint8_t *second_data, size_t blocks)
{
    sha256_x86_blocks(first, first_data, blocks);
    sha256_x86_blocks(second, second_data, blocks);
}

#endif
