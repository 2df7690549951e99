/*
 * SHA-256 blocks in portable C, arranged for a processor with few registers and a barrel shifter.
 *
 * Rotations are nested, so that an Arm instruction can do one on the way into an exclusive-or; and the
 * eight working variables stay in registers, because their names move from round to round and not
 * their values.
 */
#include "hash/sha256_portable.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "common/mask.h"
#include "hash/sha256_constants.h"

#define INLINE static inline __attribute__((always_inline)) /* also where size is optimised for */

INLINE uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* The message schedule, FIPS 180-4 section 6.2.2 step 1. */
static void expand(uint32_t w[64], const uint8_t *block)
{
    for (int t = 0; t < 16; t++)
        w[t] = load_be32(block + 4 * t);
    for (int t = 0; t < 48; t++) {
        const uint32_t early = w[t + 1], late = w[t + 14];
        const uint32_t s0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
        const uint32_t s1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
        w[t + 16] = w[t] + s0 + w[t + 9] + s1;
    }
}

/* One round, section 6.2.2 step 3: *d and *h become the e and a of the next. */
INLINE void one_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g, uint32_t *h,
                      uint32_t key_and_word)
{
    /* the standard's rotations by 6, 11, 25 and by 2, 13, 22; hidden, or gcc begins with the two rotated ones,
       which takes an instruction more */
    const uint32_t sum1 = rotate(mask_hide(e ^ rotate(e, 5)) ^ rotate(e, 19), 6);
    const uint32_t sum0 = rotate(mask_hide(a ^ rotate(a, 11)) ^ rotate(a, 20), 2);
    const uint32_t choice = g ^ (e & (f ^ g)), majority = b ^ ((a ^ b) & (b ^ c));
    const uint32_t t1 = *h + sum1 + choice + key_and_word;

    *d += t1;
    *h = t1 + sum0 + majority;
}

/* Rounds t to t + 7, after which every variable is back at its name. */
INLINE void eight_rounds(uint32_t v[8], const uint32_t *k, const uint32_t *w)
{
    uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];

    one_round(a, b, c, &d, e, f, g, &h, k[0] + w[0]);
    one_round(h, a, b, &c, d, e, f, &g, k[1] + w[1]);
    one_round(g, h, a, &b, c, d, e, &f, k[2] + w[2]);
    one_round(f, g, h, &a, b, c, d, &e, k[3] + w[3]);
    one_round(e, f, g, &h, a, b, c, &d, k[4] + w[4]);
    one_round(d, e, f, &g, h, a, b, &c, k[5] + w[5]);
    one_round(c, d, e, &f, g, h, a, &b, k[6] + w[6]);
    one_round(b, c, d, &e, f, g, h, &a, k[7] + w[7]);
    v[0] = a, v[1] = b, v[2] = c, v[3] = d, v[4] = e, v[5] = f, v[6] = g, v[7] = h;
}

/* Section 6.2.2, steps 2 to 4. */
static void compress(uint32_t state[8], const uint32_t w[64])
{
    uint32_t v[8]; /* never more than registers and what the compiler spills of them */

    for (int i = 0; i < 8; i++)
        v[i] = state[i];
    for (int t = 0; t < 64; t += 8)
        eight_rounds(v, SHA256_K + t, w + t);
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

void sha256_portable_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    uint32_t w[64];

    for (; blocks; blocks--, data += 64) {
        expand(w, data);
        compress(state, w);
    }
    memory_clear(w, sizeof w);
}
