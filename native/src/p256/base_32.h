/*
 * Odd multiples of the base point, for engine_32.c; base_32.c is written by make_base_32.py.
 */
#ifndef ARMILLARY_BASE_32_H
#define ARMILLARY_BASE_32_H

#include "p256/point_32.h"

#define BASE_COLUMNS 4

/* BASE_32[j][i] = (2 i + 1) 2^(64 j) G. */
extern const struct affine BASE_32[BASE_COLUMNS][ODD_MULTIPLES];

#endif
