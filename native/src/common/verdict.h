/*
 * A decision that survives one fault.
 *
 * Sixteen bits lie between the two values, and neither is what a cleared register, a set one, or a small
 * integer left over from elsewhere would be.  Whoever acts on a verdict compares it with
 * VERDICT_ACCEPT; everything else is a refusal.
 */
#ifndef ARMILLARY_VERDICT_H
#define ARMILLARY_VERDICT_H

#include <stdint.h>

typedef uint32_t verdict;

#define VERDICT_ACCEPT 0x5a3c96c5u
#define VERDICT_REJECT 0xa5c3963au

/*
 * What a function that asks several questions on its way adds (exclusive or) to its answer, and its caller's
 * code takes off again.  On that way VERDICT_ACCEPT is in r0 whenever one question is answered well; a stack
 * pointer with one bit wrong can then return past everything that was still to be asked.  Such an answer lacks
 * the seal, and taking the seal off makes it a refusal.
 */
#define VERDICT_SEAL 0x33cc55aau

/* The verdict in a sealed answer, by the code of whoever asked. */
static inline verdict verdict_open(verdict sealed)
{
    return sealed ^ VERDICT_SEAL;
}

#endif
