/*
 * What the engine p256_ifma does by AVX-512 IFMA: only where cpu_features() has CPU_IFMA.  Contracts as in engine.h.
 */
#ifndef ARMILLARY_ENGINE_IFMA_X86_H
#define ARMILLARY_ENGINE_IFMA_X86_H

#include "p256/engine.h"

#if defined(__x86_64__)

void ifma_base(uint8_t at[64], const uint8_t scalar[32]);
verdict ifma_combine_known(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const void *table);
void ifma_combine_many(struct p256_sum *sums, size_t count);

#endif
#endif
