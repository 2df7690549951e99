/*
 * AES by the ARMv8 cryptographic extension: one block, or eight of a counter.
 */
#include "aes/aes_fast.h"

#if defined(__aarch64__)

#include "aes/aes_arm_inline.h"
#include "common/bytes.h"

/* SubWord (section 5.2): AESE without a key is SubBytes, and ShiftRows, which leaves equal columns as they are. */
ARM_AES static uint32_t substitute(uint32_t word)
{
    const uint8x16_t x = vreinterpretq_u8_u32(vdupq_n_u32(word));
    return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(x, vdupq_n_u8(0))), 0);
}

ARM_AES void aes_fast_begin(struct aes *aes, const uint8_t *key, size_t size)
{
    const uint32_t step = (uint32_t)size / 4;
    uint32_t *const word = aes->words, constant = 1;

    aes->rounds = step + 6;
    memcpy(word, key, size);
    for (uint32_t i = step; i < 4 * (aes->rounds + 1); i++) {
        uint32_t last = word[i - 1];
        if (i % step == 0) {
            last = substitute(last >> 8 | last << 24) ^ constant;
            constant = constant < 0x80 ? constant << 1 : 0x1b;
        } else if (i % step == 4)
            last = substitute(last);
        word[i] = word[i - step] ^ last;
    }
}

ARM_AES void aes_fast_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    vst1q_u8(out, encrypt_block(aes, vld1q_u8(in)));
}

/* The equivalent inverse cipher (section 5.3.5): the round keys between go through InvMixColumns. */
ARM_AES void aes_fast_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    uint8x16_t x = vaesimcq_u8(vaesdq_u8(vld1q_u8(in), round_key(aes, aes->rounds)));

    for (uint32_t round = aes->rounds - 1; round > 1; round--)
        x = vaesimcq_u8(vaesdq_u8(x, vaesimcq_u8(round_key(aes, round))));
    x = vaesdq_u8(x, vaesimcq_u8(round_key(aes, 1)));
    vst1q_u8(out, veorq_u8(x, round_key(aes, 0)));
}

ARM_AES void aes_fast_ctr(const struct aes *aes, const uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out,
                          size_t blocks)
{
    const uint64_t high = load_be64(counter);
    uint64_t low = load_be64(counter + 8);

    for (; blocks >= 8; blocks -= 8, low += 8, in += 128, out += 128) {
        uint8x16_t x[8];
        for (int i = 0; i < 8; i++)
            x[i] = encrypt_block(aes, counter_block(high, low + (uint64_t)i));
        for (int i = 0; i < 8; i++)
            vst1q_u8(out + 16 * i, veorq_u8(vld1q_u8(in + 16 * i), x[i]));
    }
    for (; blocks; blocks--, low++, in += 16, out += 16)
        vst1q_u8(out, veorq_u8(vld1q_u8(in), encrypt_block(aes, counter_block(high, low))));
}

#endif
