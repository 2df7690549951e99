/*
 * Which engine does the arithmetic: the fastest that the processor has and cpu.h allows.  A build with
 * ARMILLARY_WORDS_32 takes the one for small processors, which hosts can so run under their sanitisers.
 */
#include "p256/engine.h"

#include "common/cpu.h"
#include "p256/engine_64.h"

const struct p256_engine *p256_best(void)
{
#if defined(__SIZEOF_INT128__) && !defined(ARMILLARY_WORDS_32)
    return engine_64_best(cpu_features());
#else
    return &p256_portable;
#endif
}
