/*
 * Points of P-256 eight times at once, Jacobian over field_ifma_x86.h; all coordinates are small.
 *
 * The additions are straight code, right unless a point is neutral or the two are equal or opposite.  Then
 * the lane gets Z = 0 modulo p, and whatever is computed from Z = 0 keeps it: to look at Z in the end is
 * enough.
 */
#ifndef ARMILLARY_POINT_IFMA_X86_H
#define ARMILLARY_POINT_IFMA_X86_H

#include "p256/field_64.h"
#include "p256/field_ifma_x86.h"
#include "p256/point_64.h"
#include "p256/table_64.h"

#if defined(__x86_64__)

struct lanes_point {
    struct lanes x, y, z;
};

/* Eight points in affine coordinates, below 16 * p. */
struct lanes_affine {
    struct lanes x, y;
};

/* R modulo p: 1. */
IFMA_INLINE struct lanes lanes_one(void)
{
    return (struct lanes){
        {every(0x10), every(0xf000000000000), every(0xfffffffffffff), every(0xffeffffffffff), every(0xfffff)}};
}

IFMA_INLINE struct lanes lanes_zero(void)
{
    return (struct lanes){{every(0), every(0), every(0), every(0), every(0)}};
}

/* out: *r = 2 * *a; may be a. */
IFMA static inline void lanes_double(struct lanes_point *r, const struct lanes_point *a)
{
    const struct lanes zz = lanes_square(a->z), yy2 = lanes_fold(lanes_twice(lanes_square(a->y)));
    const struct lanes third = lanes_multiply(lanes_fold(lanes_plus(a->x, zz)), lanes_fold(lanes_minus(a->x, zz)));
    const struct lanes slope = lanes_fold(lanes_plus(lanes_twice(third), third));
    const struct lanes xyy4 = lanes_twice(lanes_multiply(a->x, yy2)), yyyy4 = lanes_square(yy2);
    r->z = lanes_fold(lanes_twice(lanes_multiply(a->y, a->z)));
    r->x = lanes_fold(lanes_minus(lanes_square(slope), lanes_twice(xyy4)));
    r->y = lanes_fold(lanes_minus(lanes_multiply(slope, lanes_fold(lanes_minus(xyy4, r->x))), lanes_twice(yyyy4)));
}

/* The end of an addition, as point_finish(). */
IFMA_INLINE void lanes_finish(struct lanes_point *r, struct lanes u1, struct lanes s1, struct lanes h,
                              struct lanes slope, struct lanes z)
{
    const struct lanes hh = lanes_square(h), hhh = lanes_multiply(hh, h), v = lanes_multiply(u1, hh);
    r->z = lanes_multiply(z, h);
    r->x = lanes_fold(lanes_minus(lanes_minus(lanes_square(slope), hhh), lanes_twice(v)));
    r->y = lanes_fold(lanes_minus(lanes_multiply(slope, lanes_fold(lanes_minus(v, r->x))), lanes_multiply(s1, hhh)));
}

/* out: *r = *a + *b; may be a. */
IFMA static inline void lanes_add_affine(struct lanes_point *r, const struct lanes_point *a,
                                         const struct lanes_affine *b)
{
    const struct lanes zz = lanes_square(a->z);
    const struct lanes h = lanes_fold(lanes_minus(lanes_multiply(b->x, zz), a->x));
    const struct lanes zzz = lanes_multiply(zz, a->z);
    const struct lanes slope = lanes_fold(lanes_minus(lanes_multiply(b->y, zzz), a->y));
    lanes_finish(r, a->x, a->y, h, slope, a->z);
}

/* out: *r = *a + *b; may be a or b. */
IFMA static inline void lanes_add(struct lanes_point *r, const struct lanes_point *a, const struct lanes_point *b)
{
    const struct lanes aa = lanes_square(a->z), bb = lanes_square(b->z);
    const struct lanes u1 = lanes_multiply(a->x, bb);
    const struct lanes h = lanes_fold(lanes_minus(lanes_multiply(b->x, aa), u1));
    const struct lanes s1 = lanes_multiply(a->y, lanes_multiply(bb, b->z));
    const struct lanes slope = lanes_fold(lanes_minus(lanes_multiply(b->y, lanes_multiply(aa, a->z)), s1));
    lanes_finish(r, u1, s1, h, slope, lanes_multiply(a->z, b->z));
}

/* out: y = -y in the lanes of m; small. */
IFMA_INLINE struct lanes lanes_negate_if(struct lanes y, __mmask8 m)
{
    for (int i = 0; i < 5; i++)
        y.limb[i] = _mm512_mask_sub_epi64(y.limb[i], m, every(0), y.limb[i]);
    return lanes_fold(y);
}

/* in: affine, any.  out: *r, with Z = 1. */
IFMA_INLINE void lanes_from_affine(struct lanes_point *r, const struct lanes_affine *a)
{
    r->x = lanes_fold(a->x);
    r->y = lanes_fold(a->y);
    r->z = lanes_one();
}

/* From eight rows of eight words to the first words of all, the second of all... */
IFMA_INLINE void transpose(__m512i rows[8])
{
    __m512i pairs[8], low, high;
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm512_unpacklo_epi64(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi64(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        low = _mm512_shuffle_i64x2(pairs[i], pairs[i + 2], 0x88);
        high = _mm512_shuffle_i64x2(pairs[i + 4], pairs[i + 6], 0x88);
        rows[i] = _mm512_shuffle_i64x2(low, high, 0x88);
        rows[i + 4] = _mm512_shuffle_i64x2(low, high, 0xdd);
        low = _mm512_shuffle_i64x2(pairs[i], pairs[i + 2], 0xdd);
        high = _mm512_shuffle_i64x2(pairs[i + 4], pairs[i + 6], 0xdd);
        rows[i + 2] = _mm512_shuffle_i64x2(low, high, 0x88);
        rows[i + 6] = _mm512_shuffle_i64x2(low, high, 0xdd);
    }
}

/* in: rows[i]: the 64 bytes of a struct affine_64.  out: *r, lane i. */
IFMA_INLINE void lanes_affine_from_rows(struct lanes_affine *r, __m512i rows[8])
{
    transpose(rows);
    r->x = lanes_from_words(rows);
    r->y = lanes_from_words(rows + 4);
}

/* out: r[i] = lane i of *a, an element of field_64.h.  By address: clang misaligns vectors that cross by value. */
IFMA static inline void lanes_to_words(uint64_t r[8][4], const struct lanes *a)
{
    /* 2^256 modulo p: times it and divided by 2^260, the Montgomery form has R = 2^256 */
    const struct lanes shift = {
        {every(1), every(0xff00000000000), every(0xfffffffffffff), every(0xfffefffffffff), every(0xffff)}};
    const struct lanes b = lanes_multiply(*a, shift);
    uint64_t limbs[5][8];
    for (int i = 0; i < 5; i++)
        _mm512_storeu_si512(limbs[i], b.limb[i]);
    for (int i = 0; i < 8; i++) {
        r[i][0] = limbs[0][i] | limbs[1][i] << 52;
        r[i][1] = limbs[1][i] >> 12 | limbs[2][i] << 40;
        r[i][2] = limbs[2][i] >> 24 | limbs[3][i] << 28;
        r[i][3] = limbs[3][i] >> 36 | limbs[4][i] << 16;
        number_reduce_once(r[i], limbs[4][i] >> 48, r[i], FIELD_P);
    }
    memory_clear(limbs, sizeof limbs);
}

/* out: r[i] = lane i of *a. */
IFMA static inline void lanes_to_points(struct point_64 r[8], const struct lanes_point *a)
{
    uint64_t words[3][8][4];
    lanes_to_words(words[0], &a->x);
    lanes_to_words(words[1], &a->y);
    lanes_to_words(words[2], &a->z);
    for (int i = 0; i < 8; i++) {
        number_copy(r[i].x, words[0][i]);
        number_copy(r[i].y, words[1][i]);
        number_copy(r[i].z, words[2][i]);
    }
    memory_clear(words, sizeof words);
}

#endif
#endif
