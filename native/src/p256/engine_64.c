/*
 * The engine for any processor with 64-bit words and a compiler with 128-bit integers, and the choice among the hosts'.
 */
#include "p256/engine_64.h"

#if defined(__SIZEOF_INT128__)

#include "common/cpu.h"
#include "p256/engine_64_body.h"

const struct p256_engine p256_64 = {.name = "64-bit words", ENGINE_64, .base = engine_base,
                                    .combine_known = engine_combine_known};

const struct p256_engine *engine_64_best(uint32_t features)
{
#if defined(__x86_64__)
    if (features & CPU_IFMA)
        return &p256_ifma;
    if (features & CPU_ADX)
        return &p256_adx;
#endif
    (void)features;
    return &p256_64;
}

#endif
