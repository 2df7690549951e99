/*
 * SHA-256 blocks by the ARMv8 cryptographic extension (Arm ARM, C7.2: SHA256H, SHA256H2, SHA256SU0,
 * SHA256SU1).
 *
 * The state is two registers, (A B C D) and (E F G H), lowest word first; SHA256H and SHA256H2 do four
 * rounds on them.  The message schedule is a window of sixteen words in four registers.
 */
#include "hash/sha256_arm.h"

#if defined(__aarch64__)

#include "hash/sha256_constants.h"

#include <arm_neon.h>

#if defined(__clang__)
#define TARGET __attribute__((target("sha2")))
#else
#define TARGET __attribute__((target("+sha2")))
#endif

/*
 * The four instructions by their names in the manual.  Not as intrinsics: not every arm_neon.h has them
 * unless the whole file is compiled for the extension.
 */
TARGET static inline uint32x4_t sha256h(uint32x4_t d, uint32x4_t n, uint32x4_t m)
{
    __asm__("sha256h %q0, %q1, %2.4s" : "+w"(d) : "w"(n), "w"(m));
    return d;
}

TARGET static inline uint32x4_t sha256h2(uint32x4_t d, uint32x4_t n, uint32x4_t m)
{
    __asm__("sha256h2 %q0, %q1, %2.4s" : "+w"(d) : "w"(n), "w"(m));
    return d;
}

TARGET static inline uint32x4_t sha256su0(uint32x4_t d, uint32x4_t n)
{
    __asm__("sha256su0 %0.4s, %1.4s" : "+w"(d) : "w"(n));
    return d;
}

TARGET static inline uint32x4_t sha256su1(uint32x4_t d, uint32x4_t n, uint32x4_t m)
{
    __asm__("sha256su1 %0.4s, %1.4s, %2.4s" : "+w"(d) : "w"(n), "w"(m));
    return d;
}

/* Four rounds with the words `w`. */
TARGET static inline void four_rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t w, int t)
{
    const uint32x4_t sum = vaddq_u32(w, vld1q_u32(SHA256_K + t)), before = *abcd;
    *abcd = sha256h(*abcd, *efgh, sum);
    *efgh = sha256h2(*efgh, before, sum);
}

TARGET static inline void one_block(uint32x4_t *abcd, uint32x4_t *efgh, const uint8_t *data)
{
    uint32x4_t w[4], a = *abcd, e = *efgh;

    for (int i = 0; i < 4; i++) {
        w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        four_rounds(&a, &e, w[i], 4 * i);
    }
    for (int t = 16; t < 64; t += 4) {
        const uint32x4_t next = sha256su1(sha256su0(w[0], w[1]), w[2], w[3]);
        w[0] = w[1], w[1] = w[2], w[2] = w[3], w[3] = next;
        four_rounds(&a, &e, next, t);
    }
    *abcd = vaddq_u32(*abcd, a);
    *efgh = vaddq_u32(*efgh, e);
}

TARGET void sha256_arm_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

    for (; blocks; blocks--, data += 64)
        one_block(&abcd, &efgh, data);
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

#endif
