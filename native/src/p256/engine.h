/*
 * What does the arithmetic of P-256: portable C, or code for one kind of processor.
 *
 * p256.c owns the protocol (ranges, equations, decisions) and calls an engine for everything that takes
 * time.  Numbers cross here as 32 bytes big-endian, points as X || Y; `at` is where the result goes.
 */
#ifndef ARMILLARY_ENGINE_H
#define ARMILLARY_ENGINE_H

#include "common/verdict.h"

#include <stdint.h>

struct p256_engine {
    const char *name;

    /* scalar * G, in constant time.  in: 1 <= scalar < n.  out: X || Y. */
    void (*base)(uint8_t at[64], const uint8_t scalar[32]);

    /* scalar * point, in constant time.  in: 1 <= scalar < n; point on the curve.  out: X || Y. */
    void (*multiply)(uint8_t at[64], const uint8_t scalar[32], const uint8_t point[64]);

    /*
     * u * G + v * point; public values, any time.  in: u, v < n; point on the curve.
     * out: X || Y; Returns VERDICT_ACCEPT, or another value if the sum is the neutral element.
     */
    verdict (*combine)(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const uint8_t point[64]);

    /* Arithmetic modulo the order n, in constant time.  in: a, b < n; inverse of 0 is 0. */
    void (*scalar_multiply)(uint8_t at[32], const uint8_t a[32], const uint8_t b[32]);
    void (*scalar_inverse)(uint8_t at[32], const uint8_t a[32]);

    /* The same inverse of a public value, in any time. */
    void (*scalar_inverse_public)(uint8_t at[32], const uint8_t a[32]);
};

extern const struct p256_engine p256_portable;

/* The best one for this processor, as far as cpu.h allows. */
const struct p256_engine *p256_best(void);

#endif
