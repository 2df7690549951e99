/*
 * Many signatures at once: the inverses of all s by one inversion, and the sums together where an engine can.
 *
 * Every claim is checked and judged by itself, by the code that a single one is (p256_verify.c).
 */
#include "p256/p256.h"

#include "common/clear.h"
#include "p256/p256_parts.h"

#include <string.h>

#if UINTPTR_MAX > 0xffffffff
#define AT_ONCE 32
#else
#define AT_ONCE 1 /* no engine for small processors gains by more, and their stack is small */
#endif

/* Some of the claims, those that passed the first checks. */
struct group {
    size_t count;
    struct p256_claim *claims[AT_ONCE];
    uintptr_t not_sums[AT_ONCE]; /* as p256_verify() makes them */
    struct proof proofs[AT_ONCE];
    struct p256_sum sums[AT_ONCE];
    uint8_t products[AT_ONCE][32]; /* of the s of the claims up to this one */
};

/* out: u and v of all.  1 / s by one inversion: 1 / s[i] = (s[0] ... s[i-1]) / (s[0] ... s[i]) (Montgomery, 1987). */
static void all_scalars(struct group *group, const struct p256_engine *engine)
{
    uint8_t inverse[32], one[32];

    memcpy(group->products[0], group->claims[0]->signature + 32, 32);
    for (size_t i = 1; i < group->count; i++)
        engine->scalar_multiply(group->products[i], group->products[i - 1], group->claims[i]->signature + 32);
    engine->scalar_inverse_public(inverse, group->products[group->count - 1]);
    for (size_t i = group->count - 1; i > 0; i--) {
        engine->scalar_multiply(one, inverse, group->products[i - 1]);
        engine->scalar_multiply(inverse, inverse, group->claims[i]->signature + 32);
        proof_scalars(&group->proofs[i], engine, group->claims[i], one);
    }
    proof_scalars(&group->proofs[0], engine, group->claims[0], inverse);
}

static void all_sums(struct group *group, const struct p256_engine *engine)
{
    for (size_t i = 0; i < group->count; i++)
        group->sums[i] = group->proofs[i].sum;
    engine->combine_many(group->sums, group->count);
    for (size_t i = 0; i < group->count; i++)
        group->proofs[i].sum = group->sums[i];
}

/* out: the verdicts of the group's claims; the group is empty again. */
static void finish(struct group *group, const struct p256_engine *engine)
{
    if (group->count == 0)
        return;
    all_scalars(group, engine);
    all_sums(group, engine);
    for (size_t i = 0; i < group->count; i++)
        group->claims[i]->verdict =
            verdict_open(proof_judge(&group->proofs[i], engine, group->claims[i], group->not_sums[i]));
    group->count = 0;
}

static void verify_together(struct p256_claim *claims, size_t count, const struct p256_engine *engine)
{
    struct group group;

    group.count = 0;
    for (size_t i = 0; i < count; i++) {
        struct proof *proof = &group.proofs[group.count];
        proof_begin(proof);
        group.not_sums[group.count] =
            ~((uintptr_t)claims[i].public_key + (uintptr_t)claims[i].digest + (uintptr_t)claims[i].signature);
        if (proof_check(proof, engine, &claims[i]) == VERDICT_ACCEPT)
            group.claims[group.count++] = &claims[i];
        if (group.count == AT_ONCE)
            finish(&group, engine);
    }
    finish(&group, engine);
    memory_clear(&group, sizeof group);
}

void p256_verify_many(struct p256_claim *claims, size_t count)
{
    const struct p256_engine *engine = p256_best();

    for (size_t i = 0; i < count; i++)
        claims[i].verdict = VERDICT_REJECT;
    if (engine->combine_many && AT_ONCE > 1) {
        verify_together(claims, count, engine);
        return;
    }
    for (size_t i = 0; i < count; i++)
        claims[i].verdict = p256_verify(claims[i].public_key, claims[i].digest, claims[i].signature);
}
