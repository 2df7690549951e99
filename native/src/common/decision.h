/*
 * The decisions a root of trust lives by, made so that one fault does not turn them.
 *
 * Each is computed twice over different data (the second time over complements), and accepted only by
 * arithmetic that needs both results: no single skipped instruction and no single flipped register
 * leads from a refusal to VERDICT_ACCEPT.  Every one takes the same time for any contents.
 *
 * What is decided upon arrives twice as well, the second time as a complement or a sum that the caller's
 * code makes: an argument that flips on its way is noticed.  Hence a function for the caller to call, and
 * the decide_...() behind it.
 */
#ifndef ARMILLARY_DECISION_H
#define ARMILLARY_DECISION_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What each decides is sealed (common/verdict.h), each with a seal of its own: a jump from one decision into
 * another, which may be asked something true, is no way to an answer.
 */
#define SEAL_EQUAL 0x0ff0c33cu
#define SEAL_AT_LEAST 0x5aa53c0fu
#define SEAL_IS 0x3c96a569u
#define SEAL_BOTH 0x66995aa5u

verdict decide_equal(const uint8_t *a, const uint8_t *b, size_t length, uintptr_t not_sum);
verdict decide_at_least(uint64_t value, uint64_t floor, uint64_t not_value, uint64_t not_floor);
verdict decide_is(uint32_t state, uint32_t wanted, uint32_t not_state, uint32_t not_wanted);
verdict decide_both(verdict not_first, verdict not_second);

/*
 * Are two secrets equal?
 *
 * in:  a[0..length), b[0..length); length may be 0, for which they are equal
 * out: VERDICT_ACCEPT if every byte is the same
 */
static inline verdict decision_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    uintptr_t not_sum = ~((uintptr_t)a + (uintptr_t)b + length);
    __asm__("" : "+r"(not_sum)); /* a value of its own, not to be derived again from the other three */
    return decide_equal(a, b, length, not_sum) ^ SEAL_EQUAL;
}

/* Is a counter (a security version, a monotonic count) not below its floor? */
static inline verdict decision_at_least(uint64_t value, uint64_t floor)
{
    uint64_t not_value = ~value, not_floor = ~floor;
    __asm__("" : "+r"(not_value), "+r"(not_floor));
    return decide_at_least(value, floor, not_value, not_floor) ^ SEAL_AT_LEAST;
}

/* Is a state (a lifecycle, a mode) exactly the one wanted? */
static inline verdict decision_is(uint32_t state, uint32_t wanted)
{
    uint32_t not_state = ~state, not_wanted = ~wanted;
    __asm__("" : "+r"(not_state), "+r"(not_wanted));
    return decide_is(state, wanted, not_state, not_wanted) ^ SEAL_IS;
}

/*
 * Do both verdicts accept?  For two halves of a hybrid signature.
 *
 * Only complements are handed on: VERDICT_ACCEPT must not lie about where the answer will be.
 */
static inline verdict decision_both(verdict first, verdict second)
{
    return decide_both(~first, ~second) ^ SEAL_BOTH;
}

#endif
