/*
 * ECDSA verification (FIPS 186-5, section 6.4.2), made to survive a fault.
 *
 * Whoever can make a processor skip an instruction or misread a register attacks this function first.  What a
 * single fault can reach is met so:
 *
 *  - The answer is no branch's.  Each finding is a verdict in a place of its own, which refuses from the beginning
 *    on; at the end the whole row of them is compared, twice, with a row of VERDICT_ACCEPT.
 *  - Findings that protect something are made twice, from the bytes of the caller: the key is a point, r and s are in
 *    range, the sum's x is r.
 *  - u = e / s and v = r / s are multiplied by s again and compared with the digest and r.  If u could become anything
 *    that does not depend on the message (zero, an earlier u, v), a signature for every message could be made for it.
 *    For the same reason an engine for small processors accounts for the scalars that it used (combine_32.c).
 *  - The sum must be on the curve: arithmetic gone wrong does not lead there.
 *  - The addresses of key, digest and signature arrive with the complement of their sum, which is looked at last.
 *  - The answer is sealed (common/verdict.h) where it is made and opened by the caller's code: no answer to a question
 *    on the way, returned to any of the functions between, is taken for it.
 *  - Nothing is left behind in memory that a later run with a fault could take for its own.
 */
#include "p256/known.h"
#include "p256/p256.h"

#include "common/clear.h"
#include "common/decision.h"
#include "p256/number.h"
#include "p256/p256_parts.h"

#include <string.h>

void proof_begin(struct proof *proof)
{
    for (int i = 0; i < PROOF_PARTS; i++)
        proof->parts[i] = VERDICT_REJECT;
    memset(proof->sum.at, 0xff, sizeof proof->sum.at); /* no coordinate, and nobody's r */
    proof->sum.verdict = VERDICT_REJECT;
}

static verdict signature_in_range(const uint8_t signature[P256_SIGNATURE])
{
    const verdict r = p256_in_range(signature), s = p256_in_range(signature + 32);
    return decision_both(r, s);
}

verdict proof_check(struct proof *proof, const struct p256_engine *engine, const struct p256_claim *claim)
{
    proof->parts[PROOF_KEY] = engine->is_point(claim->public_key);
    proof->parts[PROOF_RANGE] = signature_in_range(claim->signature);
    return decision_both(proof->parts[PROOF_KEY], proof->parts[PROOF_RANGE]);
}

void proof_scalars(struct proof *proof, const struct p256_engine *engine, const struct p256_claim *claim,
                   const uint8_t inverse[32])
{
    p256_reduce(proof->u, claim->digest);
    engine->scalar_multiply(proof->u, proof->u, inverse);
    engine->scalar_multiply(proof->v, claim->signature, inverse);
    proof->sum.u = proof->u;
    proof->sum.v = proof->v;
    proof->sum.point = claim->public_key;
}

/* Are u s the digest and v s r, modulo n? */
static verdict scalars_are_right(const struct proof *proof, const struct p256_engine *engine,
                                 const struct p256_claim *claim)
{
    uint8_t product[32] = {0}, digest[32];
    uint32_t x[8], wanted[8], wrong;

    p256_reduce(digest, claim->digest);
    number_load(wanted, digest);
    engine->scalar_multiply(product, proof->u, claim->signature + 32);
    number_load(x, product);
    wrong = number_differs(x, wanted);
    number_load(wanted, claim->signature);
    engine->scalar_multiply(product, proof->v, claim->signature + 32);
    number_load(x, product);
    wrong |= number_differs(x, wanted);
    memory_clear(product, sizeof product), memory_clear(digest, sizeof digest), memory_clear(x, sizeof x);
    return decision_is(wrong, 0);
}

/* Is the sum's x, modulo n, the signature's r?  Found out by reducing x. */
__attribute__((noinline)) static verdict is_sum_r(const uint8_t sum[32], const uint8_t r[32])
{
    uint32_t x[8], wanted[8];

    number_load(x, sum);
    number_reduce(x, 0, x, P256_ORDER);
    number_load(wanted, r);
    const uint32_t wrong = number_differs(x, wanted);
    memory_clear(x, sizeof x);
    return decision_is(wrong, 0);
}

/* The same, found out by subtracting: x - r must not borrow, and be 0 or n. */
__attribute__((noinline)) static verdict is_sum_over_r(const uint8_t sum[32], const uint8_t r[32])
{
    uint32_t rest[8], number[8];

    number_load(rest, sum);
    number_load(number, r);
    uint32_t wrong = number_subtract(rest, rest, number);
    (void)number_subtract(number, rest, P256_ORDER);
    wrong |= ~(number_is_zero(rest) | number_is_zero(number));
    memory_clear(rest, sizeof rest), memory_clear(number, sizeof number);
    return decision_is(wrong, 0);
}

/* Are the addresses those that the caller had?  volatile: they are read from memory each time. */
static verdict are_arguments_right(const volatile struct p256_claim *claim, uintptr_t not_sum)
{
    const uintptr_t first = (uintptr_t)claim->public_key + (uintptr_t)claim->digest + (uintptr_t)claim->signature;
    const uintptr_t second = (uintptr_t)claim->signature + (uintptr_t)claim->digest + (uintptr_t)claim->public_key;
    const verdict is_first = decision_is((uint32_t)(~first != not_sum), 0);
    return decision_both(is_first, decision_is((uint32_t)(second + not_sum + 1 != 0), 0));
}

static const verdict ALL_ACCEPTED[PROOF_PARTS] = {
    VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_ACCEPT,
    VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_ACCEPT,
};

verdict proof_judge(struct proof *proof, const struct p256_engine *engine, const struct p256_claim *claim,
                    uintptr_t not_sum)
{
    volatile verdict result = VERDICT_REJECT;

    proof->parts[PROOF_SCALARS] = scalars_are_right(proof, engine, claim);
    proof->parts[PROOF_SUM] = proof->sum.verdict;
    proof->parts[PROOF_CURVE] = engine->is_point(proof->sum.at);
    proof->parts[PROOF_KEY_AGAIN] = engine->is_point(claim->public_key);
    proof->parts[PROOF_RANGE_AGAIN] = signature_in_range(claim->signature);
    proof->parts[PROOF_MATCH] = is_sum_r(proof->sum.at, claim->signature);
    proof->parts[PROOF_MATCH_AGAIN] = is_sum_over_r(proof->sum.at, claim->signature);
    proof->parts[PROOF_ARGUMENTS] = are_arguments_right(claim, not_sum);
    result = decision_equal((const uint8_t *)proof->parts, (const uint8_t *)ALL_ACCEPTED, sizeof ALL_ACCEPTED);
    return result ^ VERDICT_SEAL;
}

/* out: *sum, by the best way there is. */
static void find_sum(struct p256_sum *sum, const struct p256_engine *engine, const void *table)
{
    if (table)
        sum->verdict = engine->combine_known(sum->at, sum->u, sum->v, table);
    else if (engine->combine_guarded)
        engine->combine_guarded(sum);
    else
        sum->verdict = engine->combine(sum->at, sum->u, sum->v, sum->point);
}

/* Sealed; by the engine and, if there is one, its table of the key.  Not inlined: a skipped call finds a refusal. */
__attribute__((noinline)) static verdict verify(const struct p256_engine *engine, const struct p256_claim *claim,
                                                const void *table, uintptr_t not_sum)
{
    volatile verdict result = VERDICT_REJECT;
    struct proof proof;
    uint8_t inverse[32] = {0};

    proof_begin(&proof);
    if (proof_check(&proof, engine, claim) == VERDICT_ACCEPT) {
        engine->scalar_inverse_public(inverse, claim->signature + 32);
        proof_scalars(&proof, engine, claim, inverse);
        find_sum(&proof.sum, engine, table);
        result = proof_judge(&proof, engine, claim, not_sum);
    }
    memory_clear(&proof, sizeof proof), memory_clear(inverse, sizeof inverse);
    return result;
}

verdict p256_verify_sealed(const uint8_t public_key[P256_PUBLIC], const uint8_t digest[32],
                           const uint8_t signature[P256_SIGNATURE], uintptr_t not_sum)
{
    struct p256_claim claim = {public_key, digest, signature, VERDICT_REJECT};
    volatile verdict result = VERDICT_REJECT;

    result = verify(p256_best(), &claim, NULL, not_sum);
    memory_clear(&claim, sizeof claim);
    return result;
}

/* A table begins with the engine that made it and the key; the engine's own part follows. */
struct known {
    const struct p256_engine *engine;
    uint8_t public_key[P256_PUBLIC];
};

#define KNOWN_HEAD ((sizeof(struct known) + 63) / 64 * 64)

size_t p256_known_size(void)
{
    return KNOWN_HEAD + p256_best()->table_size;
}

verdict p256_known_begin(void *table, const uint8_t public_key[P256_PUBLIC])
{
    struct known *known = table;
    const verdict result = p256_check(public_key);

    known->engine = p256_best();
    memcpy(known->public_key, public_key, P256_PUBLIC);
    if (result == VERDICT_ACCEPT && known->engine->table_size)
        known->engine->table_make((uint8_t *)table + KNOWN_HEAD, public_key);
    return result;
}

verdict p256_known_verify_sealed(const void *table, const uint8_t digest[32],
                                 const uint8_t signature[P256_SIGNATURE])
{
    const struct known *known = table;
    const uintptr_t not_sum = ~((uintptr_t)known->public_key + (uintptr_t)digest + (uintptr_t)signature);
    struct p256_claim claim = {known->public_key, digest, signature, VERDICT_REJECT};
    volatile verdict result = VERDICT_REJECT;

    result = verify(known->engine, &claim, known->engine->table_size ? (const uint8_t *)table + KNOWN_HEAD : NULL,
                    not_sum);
    memory_clear(&claim, sizeof claim);
    return result;
}
