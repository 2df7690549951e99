/*
 * What the processor offers.
 */
#include "common/cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>

uint32_t cpu_used;

/* Whether the operating system keeps the registers of AVX-512 (XCR0 bits 1, 2, 5, 6, 7). */
static int saves_avx512(uint32_t leaf1_c)
{
    uint32_t low, high;
    if (!(leaf1_c & bit_OSXSAVE))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 0xe6) == 0xe6;
}

static int has_all(uint32_t have, uint32_t wanted)
{
    return (have & wanted) == wanted;
}

uint32_t cpu_offers(void)
{
    uint32_t a, b, c, d, b7, c7, found = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d))
        return 0;
    const uint32_t avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    const int is_wide = has_all(b7, avx512) && saves_avx512(c);
    if (has_all(c, bit_SSSE3 | bit_SSE4_1) && has_all(b7, bit_SHA))
        found |= CPU_SHA;
    if (has_all(c, bit_SSSE3 | bit_SSE4_1 | bit_AES | bit_PCLMUL))
        found |= CPU_AES;
    if (is_wide && has_all(found, CPU_AES) && has_all(c7, bit_VAES | bit_VPCLMULQDQ))
        found |= CPU_VAES;
    if (has_all(b7, bit_BMI2 | bit_ADX))
        found |= CPU_ADX;
    if (is_wide && has_all(b7, bit_AVX512IFMA | bit_BMI2 | bit_ADX))
        found |= CPU_IFMA;
    return found;
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

/* Bits of AT_HWCAP (Linux, arch/arm64/include/uapi/asm/hwcap.h). */
#define HAS_AES (1u << 3)
#define HAS_PMULL (1u << 4)
#define HAS_SHA2 (1u << 6)

uint32_t cpu_used;

uint32_t cpu_offers(void)
{
    const unsigned long have = getauxval(AT_HWCAP);
    uint32_t found = 0;
    if (have & HAS_SHA2)
        found |= CPU_SHA;
    if ((have & HAS_AES) && (have & HAS_PMULL))
        found |= CPU_AES;
    return found;
}

#else

uint32_t cpu_offers(void)
{
    return 0;
}

void cpu_restrict(uint32_t allowed)
{
    (void)allowed;
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)

void cpu_restrict(uint32_t allowed)
{
    cpu_used = cpu_offers() & allowed;
}

__attribute__((constructor)) static void use_everything(void)
{
    cpu_restrict(~0u);
}

#endif
