/*
 * What every target shares: taking its input apart, and the end of a run that found something.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold is a crash, which the fuzzer keeps the input of. */
#define HOLDS(what) \
    do { \
        if (!(what)) \
            abort(); \
    } while (0)

struct input {
    const uint8_t *at;
    size_t left;
};

/* The next `length` bytes in memory of exactly that size, zeros where there are none left; to be freed. */
static inline uint8_t *take(struct input *input, size_t length)
{
    uint8_t *copy = calloc(1, length ? length : 1);
    const size_t there = length < input->left ? length : input->left;
    HOLDS(copy != NULL);
    if (there)
        memcpy(copy, input->at, there);
    input->at += there, input->left -= there;
    return copy;
}

static inline uint8_t take_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline int is_zeros(const uint8_t *data, size_t length)
{
    uint32_t any = 0;
    for (size_t i = 0; i < length; i++)
        any |= data[i];
    return any == 0;
}

/* A decision is one of two values, and this says which. */
static inline int is_accepted(verdict decision)
{
    return decision == VERDICT_ACCEPT;
}

#endif
