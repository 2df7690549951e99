/*
 * UNROLL before a loop: every pass in its own copy of the code, at any level of optimisation that knows how.
 *
 * For at most sixteen passes, where an array indexed by the loop has to become registers.
 */
#ifndef ARMILLARY_UNROLL_H
#define ARMILLARY_UNROLL_H

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
