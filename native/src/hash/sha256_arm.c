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

#if defined(__clang__)
#define TARGET __attribute__((target("sha2")))
#else
#define TARGET __attribute__((target("+crypto")))
#pragma GCC push_options
#pragma GCC target("+crypto") /* the intrinsics are there for functions under this target only */
#endif

#include <arm_neon.h>

/* Four rounds with the words `w`. */
TARGET static inline void four_rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t w, int t)
{
    const uint32x4_t sum = vaddq_u32(w, vld1q_u32(SHA256_K + t)), before = *abcd;
    *abcd = vsha256hq_u32(*abcd, *efgh, sum);
    *efgh = vsha256h2q_u32(*efgh, before, sum);
}

TARGET static inline void one_block(uint32x4_t *abcd, uint32x4_t *efgh, const uint8_t *data)
{
    uint32x4_t w[4], a = *abcd, e = *efgh;

    for (int i = 0; i < 4; i++) {
        w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        four_rounds(&a, &e, w[i], 4 * i);
    }
    for (int t = 16; t < 64; t += 4) {
        const uint32x4_t next = vsha256su1q_u32(vsha256su0q_u32(w[0], w[1]), w[2], w[3]);
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

#if !defined(__clang__)
#pragma GCC pop_options
#endif

#endif
