/*
 * The engines for hosts: which there are depends on what is compiled for, which may be used on cpu_features().
 */
#ifndef ARMILLARY_ENGINE_64_H
#define ARMILLARY_ENGINE_64_H

#include "p256/engine.h"

#if defined(__SIZEOF_INT128__)
extern const struct p256_engine p256_64; /* any processor */

/* The fastest of them for a processor with these features of common/cpu.h. */
const struct p256_engine *engine_64_best(uint32_t features);
#endif

#if defined(__x86_64__)
extern const struct p256_engine p256_adx;  /* CPU_ADX */
extern const struct p256_engine p256_ifma; /* CPU_IFMA */
#endif

#endif
