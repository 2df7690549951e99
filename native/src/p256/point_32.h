/*
 * Points of P-256 over field_32.
 */
#ifndef ARMILLARY_POINT_32_H
#define ARMILLARY_POINT_32_H

#include "common/verdict.h"
#include "p256/field_32.h"

/* A point that is not the neutral element, by its coordinates. */
struct affine {
    uint32_t x[8], y[8];
};

/* Jacobian coordinates: the affine point is (x / z^2, y / z^3); z = 0 is the neutral element. */
struct point {
    uint32_t x[8], y[8], z[8];
};

/* The odd multiples 1, 3, ... 15 of a point. */
#define ODD_MULTIPLES 8

/* out: *r = *a. */
void point_32_from_affine(struct point *r, const struct affine *a);

/* out: *p = 2 *p, the neutral element included. */
void point_32_double(struct point *p);

/*
 * out: *p = *p + *q, unless they are equal.
 * in:  *p is not the neutral element
 * Returns zero, or all ones if they are equal: then *p means nothing.  Opposite points give the neutral element.
 */
mask point_32_add(struct point *p, const struct affine *q);

/* out: X || Y of *p, or zeros for the neutral element. */
void point_32_store(uint8_t bytes[64], const struct point *p);

/* out: *r.  Returns VERDICT_ACCEPT if the coordinates are below p and the point is on the curve. */
verdict point_32_load(struct affine *r, const uint8_t bytes[64]);

/* out: table[i] = (2 i + 1) *point. */
void point_32_odd_multiples(struct affine table[ODD_MULTIPLES], const struct affine *point);

#endif
