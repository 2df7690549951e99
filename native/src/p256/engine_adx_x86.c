/*
 * The engine for x86-64 with MULX, ADCX and ADOX: only where cpu_features() has CPU_ADX.
 */
#define FIELD_ADX

#include "p256/engine_64.h"

#if defined(__x86_64__)

#include "p256/engine_64_body.h"

const struct p256_engine p256_adx = {.name = "MULX and ADX", ENGINE_64};

#endif
