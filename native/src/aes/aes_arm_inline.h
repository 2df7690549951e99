/*
 * Pieces of AES and GHASH in the registers of ARMv8, for aes_arm.c and gcm_arm.c.
 *
 * Blocks stand as in aes_x86_inline.h: those for GHASH with their bytes reversed, the powers of the hash key over x.
 */
#ifndef ARMILLARY_AES_ARM_INLINE_H
#define ARMILLARY_AES_ARM_INLINE_H

#if defined(__aarch64__)

#include "aes/aes.h"

#if defined(__clang__) && !defined(__ARM_FEATURE_AES)
#define __ARM_FEATURE_AES 1 /* clang's header leaves out what the whole file may not use; a function may say more */
#endif
#include <arm_neon.h>

#if defined(__clang__)
#define ARM_AES __attribute__((target("aes")))
#else
#define ARM_AES __attribute__((target("+crypto")))
#endif
#define ARM_INLINE __attribute__((always_inline)) static inline

ARM_AES ARM_INLINE uint8x16_t round_key(const struct aes *aes, uint32_t round)
{
    return vld1q_u8((const uint8_t *)(aes->words + 4 * round));
}

ARM_AES ARM_INLINE uint8x16_t reverse_bytes(uint8x16_t x)
{
    x = vrev64q_u8(x);
    return vextq_u8(x, x, 8);
}

/* AESE adds the round key first and has no MixColumns; so the last round adds a key more (ARM DDI 0487, C7.2). */
ARM_AES ARM_INLINE uint8x16_t encrypt_block(const struct aes *aes, uint8x16_t x)
{
    for (uint32_t round = 0; round < aes->rounds - 1; round++)
        x = vaesmcq_u8(vaeseq_u8(x, round_key(aes, round)));
    return veorq_u8(vaeseq_u8(x, round_key(aes, aes->rounds - 1)), round_key(aes, aes->rounds));
}

/* The number high:low as a block. */
ARM_AES ARM_INLINE uint8x16_t counter_block(uint64_t high, uint64_t low)
{
    return reverse_bytes(vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high))));
}

#endif
#endif
