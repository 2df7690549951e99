/*
 * What was computed from a secret and may be known all the same: a refusal, a signature, that a candidate was
 * rejected.  Beside every use stands the reason.
 *
 * Nothing is done, except in the program that watches for branches and addresses that depend on a secret
 * (built with ARMILLARY_WATCHED, run by valgrind): there the value counts as public from here on.
 */
#ifndef ARMILLARY_DECLASSIFY_H
#define ARMILLARY_DECLASSIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef ARMILLARY_WATCHED
#include <valgrind/memcheck.h>
#endif

/* memory[0..length) is public from here on. */
static inline void declassify(const void *memory, size_t length)
{
#ifdef ARMILLARY_WATCHED
    (void)VALGRIND_MAKE_MEM_DEFINED(memory, length);
#else
    (void)memory, (void)length;
#endif
}

/* `x`, public from here on. */
static inline uint32_t declassify_word(uint32_t x)
{
    declassify(&x, sizeof x);
    return x;
}

#endif
