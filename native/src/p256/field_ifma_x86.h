/*
 * The field of P-256 eight times at once, in AVX-512 IFMA (CPU_IFMA): lane i of each of five vectors holds a limb of
 * the i-th element.
 *
 * An element has five limbs of 52 bits, lowest first, and is in Montgomery's form with R = 2^260.  It is below 2.01 * p
 * ("small"), not unique.  A multiplication takes factors below 16 * p (that is, five whole limbs) whose
 * bounds multiplied are at most 33 * p^2, and gives less than p + 33 / 16 * p, or 1.26 * p for small factors.
 *
 * Sums and differences are first left as they are, limb by limb and with signs ("loose"), and then made small by
 * lanes_fold(), whatever they were within 2^20 * p.  Constant time: no branch, no address from an element.
 */
#ifndef ARMILLARY_FIELD_IFMA_X86_H
#define ARMILLARY_FIELD_IFMA_X86_H

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define IFMA __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,bmi2")))
#define IFMA_INLINE IFMA static inline __attribute__((always_inline))

#define LANES_LOW 0xfffffffffffff /* 52 bits */

struct lanes {
    __m512i limb[5];
};

IFMA_INLINE __m512i every(int64_t x)
{
    return _mm512_set1_epi64(x);
}

/* Loose: a + b, a - b. */
IFMA_INLINE struct lanes lanes_plus(struct lanes a, struct lanes b)
{
    for (int i = 0; i < 5; i++)
        a.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
    return a;
}

IFMA_INLINE struct lanes lanes_minus(struct lanes a, struct lanes b)
{
    for (int i = 0; i < 5; i++)
        a.limb[i] = _mm512_sub_epi64(a.limb[i], b.limb[i]);
    return a;
}

/* Loose: 2 * a. */
IFMA_INLINE struct lanes lanes_twice(struct lanes a)
{
    return lanes_plus(a, a);
}

/* Carry from each limb to the next; the last keeps what it has.  in: limbs below 2^62 in absolute value. */
IFMA_INLINE struct lanes lanes_carry(struct lanes a)
{
    for (int i = 0; i < 4; i++) {
        a.limb[i + 1] = _mm512_add_epi64(a.limb[i + 1], _mm512_srai_epi64(a.limb[i], 52));
        a.limb[i] = _mm512_and_si512(a.limb[i], every(LANES_LOW));
    }
    return a;
}

/*
 * Small again.
 *
 * What stands above 2^256, h, is worth h * (2^224 - 2^192 - 2^96 + 1) below.  It is read before the carries
 * came in, so what is left may be slightly below zero: p more makes up for that.
 *
 * in:  loose, limbs below 2^60 in absolute value
 * out: the same modulo p, between 0.99 * p and 2.01 * p
 */
IFMA_INLINE struct lanes lanes_fold(struct lanes a)
{
    const __m512i h = _mm512_srai_epi64(a.limb[4], 48);
    const __m512i top = _mm512_and_si512(a.limb[4], every(0xffffffffffff));
    a.limb[0] = _mm512_add_epi64(a.limb[0], _mm512_add_epi64(h, every(LANES_LOW)));
    a.limb[1] = _mm512_add_epi64(a.limb[1], _mm512_sub_epi64(every(0xfffffffffff), _mm512_slli_epi64(h, 44)));
    a.limb[3] = _mm512_add_epi64(a.limb[3], _mm512_sub_epi64(every((int64_t)1 << 36), _mm512_slli_epi64(h, 36)));
    a.limb[4] = _mm512_add_epi64(top, _mm512_add_epi64(every(0xffffffff0000), _mm512_slli_epi64(h, 16)));
    return lanes_carry(a);
}

/*
 * Divide by 2^260: five times, the multiple q * p that makes the lowest limb zero, q = that limb, is added,
 * and the limb left out.  p + 1 = 2^96 + 2^192 + (2^48 - 2^16) * 2^208 has its bits in the limbs 1, 3 and 4.
 *
 * in:  ten columns below 2^60
 */
IFMA_INLINE struct lanes lanes_reduce(__m512i t[10])
{
    const __m512i one = every((int64_t)1 << 44), three = every((int64_t)1 << 36), four = every(0xffffffff0000);
    struct lanes r;
    for (int i = 0; i < 5; i++) {
        const __m512i q = t[i]; /* the instructions take its low 52 bits */
        t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(q, 52));
        t[i + 1] = _mm512_madd52lo_epu64(t[i + 1], q, one);
        t[i + 2] = _mm512_madd52hi_epu64(t[i + 2], q, one);
        t[i + 3] = _mm512_madd52lo_epu64(t[i + 3], q, three);
        t[i + 4] = _mm512_madd52hi_epu64(t[i + 4], q, three);
        t[i + 4] = _mm512_madd52lo_epu64(t[i + 4], q, four);
        t[i + 5] = _mm512_madd52hi_epu64(t[i + 5], q, four);
    }
    for (int i = 0; i < 5; i++)
        r.limb[i] = t[5 + i];
    return lanes_carry(r);
}

/* a * b / R. */
IFMA_INLINE struct lanes lanes_multiply(struct lanes a, struct lanes b)
{
    __m512i t[10];
    for (int i = 0; i < 10; i++)
        t[i] = _mm512_setzero_si512();
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.limb[i], b.limb[j]);
            t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.limb[i], b.limb[j]);
        }
    return lanes_reduce(t);
}

/* a * a / R: the mixed products once, doubled, then the squares. */
IFMA_INLINE struct lanes lanes_square(struct lanes a)
{
    __m512i t[10];
    for (int i = 0; i < 10; i++)
        t[i] = _mm512_setzero_si512();
    for (int i = 0; i < 5; i++)
        for (int j = i + 1; j < 5; j++) {
            t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.limb[i], a.limb[j]);
            t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.limb[i], a.limb[j]);
        }
    for (int i = 1; i < 9; i++)
        t[i] = _mm512_add_epi64(t[i], t[i]);
    for (int i = 0; i < 5; i++) {
        t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a.limb[i], a.limb[i]);
        t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a.limb[i], a.limb[i]);
    }
    return lanes_reduce(t);
}

/*
 * Elements of field_64.h, w[i] their i-th words: their Montgomery form has R = 2^256, so a shift by four bits
 * makes them ours.
 *
 * out: below 16 * p
 */
IFMA_INLINE struct lanes lanes_from_words(const __m512i w[4])
{
    const __m512i low = every(LANES_LOW);
    struct lanes r;
    r.limb[0] = _mm512_and_si512(_mm512_slli_epi64(w[0], 4), low);
    r.limb[1] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[0], 48), _mm512_slli_epi64(w[1], 16)), low);
    r.limb[2] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[1], 36), _mm512_slli_epi64(w[2], 28)), low);
    r.limb[3] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[2], 24), _mm512_slli_epi64(w[3], 40)), low);
    r.limb[4] = _mm512_srli_epi64(w[3], 12);
    return r;
}

#endif
#endif
