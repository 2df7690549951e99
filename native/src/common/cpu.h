/*
 * Which accelerated code runs: what the processor offers (and the operating system saves), less what
 * was restricted.  Found once when the library is loaded.
 */
#ifndef ARMILLARY_CPU_H
#define ARMILLARY_CPU_H

#include <stdint.h>

#define CPU_SHA 1u   /* SHA-256 instructions: x86 SHA + SSE4.1, or ARMv8 SHA2 */
#define CPU_AES 2u   /* AES and carry-less multiplication by 128 bits: x86 AES-NI + PCLMULQDQ, or ARMv8 AES + PMULL */
#define CPU_VAES 4u  /* the same by 512 bits: VAES, VPCLMULQDQ, AVX-512 F BW DQ VL */
#define CPU_ADX 8u   /* BMI2 and ADX: MULX, ADCX, ADOX */
#define CPU_IFMA 16u /* AVX-512 F BW DQ VL IFMA: eight 52-bit multiplications at once */

#if defined(__x86_64__) || defined(__aarch64__)
extern uint32_t cpu_used;

/* The features that code may use now. */
static inline uint32_t cpu_features(void)
{
    return cpu_used;
}
#else
static inline uint32_t cpu_features(void)
{
    return 0;
}
#endif

/* What there is, restricted or not. */
uint32_t cpu_offers(void);

/*
 * From now on use only features in `allowed`: 0 leaves the portable code, ~0 gives everything back.
 * For tests and comparison; not while another thread is computing.
 */
void cpu_restrict(uint32_t allowed);

#endif
