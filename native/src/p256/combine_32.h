/*
 * The sum of two multiples that verifying a signature takes, for the portable engine.
 */
#ifndef ARMILLARY_COMBINE_32_H
#define ARMILLARY_COMBINE_32_H

#include "common/verdict.h"

#include <stdint.h>

/* As combine() in engine.h; refuses also if it finds that something else was summed. */
verdict combine_32(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const uint8_t point[64]);

#endif
