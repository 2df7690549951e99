/*
 * What the files of the protocol share: ranges, and the parts of a verification.
 */
#ifndef ARMILLARY_P256_PARTS_H
#define ARMILLARY_P256_PARTS_H

#include "p256/engine.h"
#include "p256/p256.h"

/* VERDICT_ACCEPT if 1 <= number < n.  In constant time. */
verdict p256_in_range(const uint8_t number[32]);

/* out: r = x modulo n.  in: any x; below 2^256, which is less than 2 n.  In constant time. */
void p256_reduce(uint8_t r[32], const uint8_t x[32]);

/* What has to be accepted for a signature to be. */
enum {
    PROOF_ARGUMENTS,
    PROOF_KEY,
    PROOF_RANGE,
    PROOF_SUM,
    PROOF_KEY_AGAIN,
    PROOF_RANGE_AGAIN,
    PROOF_SCALARS,
    PROOF_CURVE,
    PROOF_MATCH,
    PROOF_MATCH_AGAIN,
    PROOF_PARTS
};

/* A verification on its way: every part refuses until it is decided. */
struct proof {
    volatile verdict parts[PROOF_PARTS];
    uint8_t u[32], v[32]; /* the digest's part and r's part: e / s and r / s */
    struct p256_sum sum;  /* u G + v Q */
};

/* Nothing is accepted, nothing is known. */
void proof_begin(struct proof *proof);

/* out: parts KEY and RANGE.  Returns VERDICT_ACCEPT if it is worth going on. */
verdict proof_check(struct proof *proof, const struct p256_engine *engine, const struct p256_claim *claim);

/* out: u, v, and *sum but for its result.  in: inverse of s modulo n */
void proof_scalars(struct proof *proof, const struct p256_engine *engine, const struct p256_claim *claim,
                   const uint8_t inverse[32]);

/*
 * in:  sum, by the engine; not_sum = ~(the sum of the claim's three addresses), made where they came from
 * out: all other parts
 * Returns the verdict, sealed.
 */
verdict proof_judge(struct proof *proof, const struct p256_engine *engine, const struct p256_claim *claim,
                    uintptr_t not_sum);

#endif
