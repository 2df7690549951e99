/*
 * Which engine does the arithmetic: the fastest that the processor has and cpu.h allows.
 */
#include "p256/engine.h"

#include "common/cpu.h"
#include "p256/engine_64.h"

const struct p256_engine *p256_best(void)
{
#if defined(__SIZEOF_INT128__)
    return engine_64_best(cpu_features());
#else
    return &p256_portable;
#endif
}
