/*
 * The sum of two multiples that verifying a signature takes, for the portable engine.
 */
#ifndef ARMILLARY_COMBINE_32_H
#define ARMILLARY_COMBINE_32_H

#include "p256/engine.h"

/* As combine_guarded() in engine.h. */
void combine_32(struct p256_sum *sum);

#endif
