/*
 * Health tests of a noise source (NIST SP 800-90B, section 4.4), for samples of one byte.
 */
#ifndef ARMILLARY_HEALTH_H
#define ARMILLARY_HEALTH_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

#define HEALTH_WINDOW 512 /* samples of the adaptive proportion test, section 4.4.2 */

struct health {
    uint32_t repetitions, proportion; /* the cutoffs */
    uint32_t last, run;               /* repetition count test */
    uint32_t first, matches, seen;    /* adaptive proportion test */
    verdict healthy;                  /* once refused, refused until health_begin() */
};

/*
 * in: cutoffs for the min-entropy claimed: repetitions = 1 + ceil(30 / H) (section 4.4.1),
 *     proportion = 1 + CRITBINOM(512, 2^-H, 1 - 2^-30) (section 4.4.2)
 */
void health_begin(struct health *health, uint32_t repetitions, uint32_t proportion);

/* Take samples.  Returns VERDICT_ACCEPT while no test has failed since health_begin(). */
verdict health_test(struct health *health, const uint8_t *samples, size_t length);

#endif
