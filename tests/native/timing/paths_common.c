/*
 * Comparison, decisions and clearing.
 */
#include "paths.h"

#include "common/clear.h"
#include "common/compare.h"
#include "common/decision.h"

#include <string.h>

static const uint8_t KNOWN[64] = {1, 2, 3};

static void equal(const uint8_t *secret)
{
    volatile int answer = memory_equal(secret, KNOWN, sizeof KNOWN);
    (void)answer;
}

static void decide_equality(const uint8_t *secret)
{
    volatile verdict answer = decision_equal(secret, KNOWN, sizeof KNOWN);
    (void)answer;
}

static void decide_numbers(const uint8_t *secret)
{
    uint64_t number;
    volatile verdict answer;
    memcpy(&number, secret, sizeof number);
    answer = decision_at_least(number, 1u << 20);
    answer = decision_is((uint32_t)number, 7);
    answer = decision_both((uint32_t)number, (uint32_t)(number >> 32));
    (void)answer;
}

static void clear(const uint8_t *secret)
{
    uint8_t copy[64];
    memcpy(copy, secret, sizeof copy);
    memory_clear(copy, sizeof copy);
}

const struct path PATHS_COMMON[] = {
    {"equal", equal}, {"decide_equality", decide_equality}, {"decide_numbers", decide_numbers}, {"clear", clear},
    {NULL, NULL},
};
