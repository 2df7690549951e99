/*
 * The engines for x86-64: with MULX, ADCX and ADOX, only where cpu_features() has CPU_ADX; and with that and what
 * AVX-512 IFMA does faster, only where it has CPU_IFMA.
 */
#define FIELD_ADX

#include "p256/engine_64.h"

#if defined(__x86_64__)

#include "p256/engine_64_body.h"
#include "p256/engine_ifma_x86.h"

const struct p256_engine p256_adx = {.name = "MULX and ADX", ENGINE_64, .base = engine_base,
                                     .combine_known = engine_combine_known};

const struct p256_engine p256_ifma = {.name = "AVX-512 IFMA", ENGINE_64, .base = ifma_base,
                                      .combine_known = ifma_combine_known,
                                      .combine_many = ifma_combine_many, .many = 8};

#endif
