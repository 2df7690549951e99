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

#endif
