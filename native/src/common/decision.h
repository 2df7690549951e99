/*
 * The decisions a root of trust lives by, made so that one fault does not turn them.
 *
 * Each is computed twice over different data (the second time over complements), and accepted only by
 * arithmetic that needs both results: no single skipped instruction and no single flipped register
 * leads from a refusal to VERDICT_ACCEPT.  Every one takes the same time for any contents.
 */
#ifndef ARMILLARY_DECISION_H
#define ARMILLARY_DECISION_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Are two secrets equal?
 *
 * in:  a[0..length), b[0..length); length may be 0, for which they are equal
 * out: VERDICT_ACCEPT if every byte is the same
 */
verdict decision_equal(const uint8_t *a, const uint8_t *b, size_t length);

/* Is a counter (a security version, a monotonic count) not below its floor? */
verdict decision_at_least(uint64_t value, uint64_t floor);

/* Is a state (a lifecycle, a mode) exactly the one wanted? */
verdict decision_is(uint32_t state, uint32_t wanted);

/* Do both verdicts accept?  For two halves of a hybrid signature. */
verdict decision_both(verdict first, verdict second);

#endif
