/*
 * What does the arithmetic of P-256: portable C, or code for one kind of processor.
 *
 * p256.c owns the protocol (ranges, equations, decisions) and calls an engine for everything that takes
 * time.  Numbers cross here as 32 bytes big-endian, points as X || Y; `at` is where the result goes.
 */
#ifndef ARMILLARY_ENGINE_H
#define ARMILLARY_ENGINE_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

/* One of several sums: what combine() takes, and what it gives. */
struct p256_sum {
    const uint8_t *u, *v, *point; /* 32, 32, 64 bytes */
    uint8_t at[64];
    verdict verdict;
};

struct p256_engine {
    const char *name;

    /* VERDICT_ACCEPT if both coordinates are below p and the point is on the curve.  in: any bytes, public. */
    verdict (*is_point)(const uint8_t point[64]);

    /* scalar * G, in constant time.  in: 1 <= scalar < n.  out: X || Y. */
    void (*base)(uint8_t at[64], const uint8_t scalar[32]);

    /* scalar * point, in constant time.  in: 1 <= scalar < n; point on the curve.  out: X || Y. */
    void (*multiply)(uint8_t at[64], const uint8_t scalar[32], const uint8_t point[64]);

    /*
     * u * G + v * point; public values, any time.  in: u, v < n; point on the curve.
     * out: X || Y; Returns VERDICT_ACCEPT, or another value if the sum is the neutral element.
     */
    verdict (*combine)(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const uint8_t point[64]);

    /*
     * combine() of *sum that survives a fault: accepts only if what was given was summed; NULL where nobody guards against
     * faults.  All that it reads and writes is reached from one address: if that one flips, *sum stays as it was.
     */
    void (*combine_guarded)(struct p256_sum *sum);

    /* Arithmetic modulo the order n, in constant time.  in: a, b < n; inverse of 0 is 0. */
    void (*scalar_multiply)(uint8_t at[32], const uint8_t a[32], const uint8_t b[32]);
    void (*scalar_inverse)(uint8_t at[32], const uint8_t a[32]);

    /* The same inverse of a public value, in any time. */
    void (*scalar_inverse_public)(uint8_t at[32], const uint8_t a[32]);

    /* What follows is NULL, or 0, where there is nothing faster than the above. */

    /* combine() for each of sums[0..count), best for a multiple of `many`.  out: at and verdict of each. */
    void (*combine_many)(struct p256_sum *sums, size_t count);
    size_t many;

    /* combine() with a point whose multiples are in a table of table_size bytes, aligned to 64. */
    size_t table_size;
    void (*table_make)(void *table, const uint8_t point[64]);
    verdict (*combine_known)(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const void *table);
};

extern const struct p256_engine p256_portable;

/* The best one for this processor, as far as cpu.h allows. */
const struct p256_engine *p256_best(void);

#endif
