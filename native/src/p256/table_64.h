/*
 * Odd multiples of a point, enough of them that a sum without doublings is any multiple.
 *
 * points[i][j] is (2 * j + 1) * 16^i times the point, so that the sum over i of +-points[i][...] is the
 * scalar whose odd digits choose j and sign (scalar_64.h).
 */
#ifndef ARMILLARY_TABLE_64_H
#define ARMILLARY_TABLE_64_H

#include <stdint.h>

#define TABLE_WINDOWS 64
#define TABLE_DIGITS 8

/* A point but the neutral one, in the form of field_64.h: 64 bytes, a line of the cache. */
struct affine_64 {
    uint64_t x[4], y[4];
};

struct table_64 {
    struct affine_64 points[TABLE_WINDOWS][TABLE_DIGITS];
};

/* The table of the base point G; table_64.c is written by make_tables.py. */
extern const struct table_64 TABLE_G;

#endif
