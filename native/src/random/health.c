/*
 * Health tests of a noise source.
 *
 * The samples become seeds, so the tests do not branch on them; only the verdict tells.  A source that
 * stays stuck or biased keeps failing, so that one missed sample hides nothing.
 */
#include "random/health.h"

#include "common/mask.h"

#define NO_SAMPLE 256u /* unlike every byte */

void health_begin(struct health *health, uint32_t repetitions, uint32_t proportion)
{
    health->repetitions = repetitions;
    health->proportion = proportion;
    health->last = NO_SAMPLE;
    health->run = 0;
    health->first = NO_SAMPLE;
    health->matches = 0;
    health->seen = 0;
    health->healthy = VERDICT_ACCEPT;
}

/* All ones if count >= cutoff. */
static mask reaches(uint32_t count, uint32_t cutoff)
{
    return ~mask_of_bit((uint32_t)(((uint64_t)count - cutoff) >> 63));
}

/* Repetition count test (section 4.4.1).  Returns all ones if it fails. */
static mask test_repetition(struct health *health, uint32_t sample)
{
    health->run = (health->run & mask_is_zero(sample ^ health->last)) + 1;
    health->last = sample;
    return reaches(health->run, health->repetitions);
}

/* Adaptive proportion test (section 4.4.2): how often a window's first sample occurs in it.  Returns as above. */
static mask test_proportion(struct health *health, uint32_t sample)
{
    if (health->seen == 0) {
        health->first = sample;
        health->matches = 0;
    }
    health->matches += mask_is_zero(sample ^ health->first) & 1;
    health->seen = (health->seen + 1) % HEALTH_WINDOW;
    return reaches(health->matches, health->proportion);
}

verdict health_test(struct health *health, const uint8_t *samples, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const mask failed = test_repetition(health, samples[i]) | test_proportion(health, samples[i]);
        health->healthy = mask_select(failed, VERDICT_REJECT, health->healthy);
    }
    return health->healthy;
}
