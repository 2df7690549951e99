/*
 * Points of P-256 in Jacobian coordinates over field_64.h: (X, Y, Z) is (X / Z^2, Y / Z^3), and Z = 0 the
 * neutral element.
 *
 * Three kinds of addition.  point_add() and point_add_affine() are straight code, right unless a point is
 * neutral or the two are equal or opposite; then they give Z = 0, and what is computed from Z = 0 keeps it.
 * point_add_last() is straight code too and right for equal points: a sum of odd digits can meet equal points
 * at its last addition only, and never opposite ones (engine_64_body.h).  point_add_public() branches, and is
 * right always.
 */
#ifndef ARMILLARY_POINT_64_H
#define ARMILLARY_POINT_64_H

#include "p256/field_64.h"
#include "p256/table_64.h"

#if defined(__SIZEOF_INT128__)

#include "common/clear.h"
#include "common/decision.h"

struct point_64 {
    uint64_t x[4], y[4], z[4];
};

static inline void point_from_affine(struct point_64 *r, const struct affine_64 *a)
{
    number_copy(r->x, a->x);
    number_copy(r->y, a->y);
    number_copy(r->z, FIELD_ONE);
}

/* out: *r = *a where the mask is all ones, else *r as it was. */
static inline void point_choose(struct point_64 *r, uint64_t m, const struct point_64 *a)
{
    number_choose(r->x, m, a->x);
    number_choose(r->y, m, a->y);
    number_choose(r->z, m, a->z);
}

/*
 * out: *r = 2 * *a, the neutral element too; may be a
 *
 * 3 * X^2 - 3 * Z^4 is 3 * (X + Z^2) * (X - Z^2).  The order is that of need: between two steps of the
 * longest chain (Z^2, slope, X, Y) stands one that does not wait for it, near enough for the processor to see
 * both.
 */
static inline void point_double(struct point_64 *r, const struct point_64 *a)
{
    uint64_t zz[4], yy[4], slope[4], t[4], xyy[4], yyyy[4];
    field_square(zz, a->z);
    field_double(t, a->y); /* 2 * Y */
    field_square(yy, t);   /* 4 * Y^2 */
    field_add(slope, a->x, zz);
    field_subtract(zz, a->x, zz);
    field_multiply(slope, slope, zz);
    field_multiply(r->z, t, a->z);
    field_double(t, slope);
    field_add(slope, slope, t);
    field_square(t, slope);
    field_multiply(xyy, yy, a->x);
    field_subtract(t, t, xyy);
    field_subtract(r->x, t, xyy);
    field_square(yyyy, yy);
    field_subtract(t, xyy, r->x);
    field_multiply(t, t, slope);
    field_halve(yyyy, yyyy); /* 8 * Y^4 */
    field_subtract(r->y, t, yyyy);
}

/*
 * The end of an addition.
 *
 * in:  u1, s1: X and Y of the first over the common denominator; h, slope: the second's less the first's; z:
 *      the product of the denominators; none overlaps *r but z
 * out: *r = (slope^2 - h^3 - 2 * u1 * h^2, slope * (u1 * h^2 - X) - s1 * h^3, z * h)
 */
static inline void point_finish(struct point_64 *r, const uint64_t u1[4], const uint64_t s1[4], const uint64_t h[4],
                                const uint64_t slope[4], const uint64_t z[4])
{
    uint64_t hh[4], hhh[4], v[4], t[4];
    field_square(hh, h);
    field_square(r->x, slope);
    field_multiply(hhh, hh, h);
    field_multiply(v, hh, u1);
    field_multiply(r->z, z, h);
    field_multiply(t, hhh, s1);
    field_subtract(r->x, r->x, hhh);
    field_subtract(r->x, r->x, v);
    field_subtract(r->x, r->x, v);
    field_subtract(v, v, r->x);
    field_multiply(v, v, slope);
    field_subtract(r->y, v, t);
}

/*
 * out: *r = *a + *b unless exceptional; may be a; slope: the difference of Y over the common denominator
 * Returns all ones if their X is the same, else zero.
 */
static inline uint64_t point_add_affine(struct point_64 *r, const struct point_64 *a, const struct affine_64 *b,
                                        uint64_t slope[4])
{
    uint64_t zz[4], h[4], s1[4], u1[4];
    field_square(zz, a->z);
    number_copy(u1, a->x);
    number_copy(s1, a->y);
    field_multiply(h, zz, b->x);
    field_multiply(zz, zz, a->z);
    field_subtract(h, h, u1);
    field_multiply(slope, zz, b->y);
    field_subtract(slope, slope, s1);
    point_finish(r, u1, s1, h, slope, a->z);
    return number_is_zero(h);
}

/* The same for any *b. */
static inline uint64_t point_add(struct point_64 *r, const struct point_64 *a, const struct point_64 *b,
                                 uint64_t slope[4])
{
    uint64_t aa[4], bb[4], u1[4], s1[4], h[4], z[4];
    field_square(aa, a->z);
    field_square(bb, b->z);
    field_multiply(h, b->x, aa);
    field_multiply(aa, aa, a->z);
    field_multiply(u1, a->x, bb);
    field_multiply(bb, bb, b->z);
    field_multiply(slope, b->y, aa);
    field_subtract(h, h, u1);
    field_multiply(s1, a->y, bb);
    field_multiply(z, a->z, b->z);
    field_subtract(slope, slope, s1);
    point_finish(r, u1, s1, h, slope, z);
    return number_is_zero(h);
}

/* out: *r = *a + *b, neither neutral, not opposite; may be a or b.  In constant time. */
static inline void point_add_last(struct point_64 *r, const struct point_64 *a, const struct point_64 *b)
{
    struct point_64 twice;
    uint64_t slope[4];
    point_double(&twice, a);
    point_choose(r, point_add(r, a, b, slope), &twice);
    memory_clear(&twice, sizeof twice);
}

/* out: *r = *a + *b, whatever they are; may be a or b.  For public points. */
static inline void point_add_public(struct point_64 *r, const struct point_64 *a, const struct point_64 *b)
{
    const struct point_64 first = *a, second = *b;
    uint64_t slope[4];
    if (number_is_zero(first.z))
        *r = second;
    else if (number_is_zero(second.z))
        *r = first;
    else if (point_add(r, &first, &second, slope) && number_is_zero(slope))
        point_double(r, &first);
}

/* The same with *b affine. */
static inline void point_add_affine_public(struct point_64 *r, const struct point_64 *a, const struct affine_64 *b)
{
    const struct point_64 first = *a;
    uint64_t slope[4];
    if (number_is_zero(first.z))
        point_from_affine(r, b);
    else if (point_add_affine(r, &first, b, slope) && number_is_zero(slope))
        point_double(r, &first);
}

/* out: at = X || Y; in constant time unless is_public.  Returns all ones, and zeros in at, if *a is neutral. */
static inline uint64_t point_store(uint8_t at[64], const struct point_64 *a, int is_public)
{
    uint64_t inverse[4], square[4], t[4];
    field_inverse(inverse, a->z, is_public);
    field_square(square, inverse);
    field_multiply(t, a->x, square);
    field_store(at, t);
    field_multiply(square, square, inverse);
    field_multiply(t, a->y, square);
    field_store(at + 32, t);
    return number_is_zero(a->z);
}

/* in: X || Y of a point of the curve. */
static inline void point_load(struct affine_64 *r, const uint8_t point[64])
{
    field_load(r->x, point);
    field_load(r->y, point + 32);
}

/* Accepts if x and y are below p and y^2 = x^3 - 3 * x + b.  in: any bytes. */
static inline verdict point_is_valid(const uint8_t point[64])
{
    struct affine_64 a;
    uint64_t x[4], y[4], three[4], left[4], right[4];
    number_load(x, point);
    number_load(y, point + 32);
    const uint64_t is_below = number_subtract(left, x, FIELD_P) & number_subtract(right, y, FIELD_P);
    point_load(&a, point);
    field_square(left, a.y);
    field_square(right, a.x);
    field_double(three, FIELD_ONE);
    field_add(three, three, FIELD_ONE);
    field_subtract(right, right, three);
    field_multiply(right, right, a.x);
    field_add(right, right, FIELD_B);
    const verdict is_solved = decision_equal((const uint8_t *)left, (const uint8_t *)right, sizeof left);
    return decision_both(decision_is((uint32_t)is_below, 1), is_solved);
}

#endif
#endif
