/*
 * GCM by AES and PMULL of the ARMv8 cryptographic extension: eight blocks at once, hashed with eight powers of the hash
 * key and one reduction.  As in gcm_x86.c, whose comments hold here.
 */
#include "aes/aes_fast.h"

#if defined(__aarch64__)

#include "aes/aes_arm_inline.h"
#include "common/bytes.h"

#define AT_ONCE 8

/* A number of 128 bits: halves 0, the low one, and 1. */
typedef uint64x2_t half_pair;

ARM_AES ARM_INLINE half_pair product_of(uint64_t a, uint64_t b)
{
    return vreinterpretq_u64_p128(vmull_p64((poly64_t)a, (poly64_t)b));
}

ARM_AES ARM_INLINE half_pair swap_halves(half_pair x)
{
    return vextq_u64(x, x, 1);
}

ARM_AES ARM_INLINE half_pair load_number(const uint8_t *at)
{
    return vreinterpretq_u64_u8(reverse_bytes(vld1q_u8(at)));
}

/* A sum of products of 255 bits, not yet reduced: low and high halves, and what belongs in the middle. */
struct product {
    half_pair low, middle, high;
};

ARM_AES ARM_INLINE void add_product(struct product *sum, half_pair a, half_pair b)
{
    const uint64_t a0 = vgetq_lane_u64(a, 0), a1 = vgetq_lane_u64(a, 1);
    const uint64_t b0 = vgetq_lane_u64(b, 0), b1 = vgetq_lane_u64(b, 1);

    sum->low = veorq_u64(sum->low, product_of(a0, b0));
    sum->high = veorq_u64(sum->high, product_of(a1, b1));
    sum->middle = veorq_u64(sum->middle, veorq_u64(product_of(a0, b1), product_of(a1, b0)));
}

/* Modulo x^128 + x^7 + x^2 + x + 1, as reduce_product() in aes_x86_inline.h. */
ARM_AES ARM_INLINE half_pair reduce_product(struct product sum)
{
    const uint64_t polynomial = 0xc200000000000000;
    half_pair middle = veorq_u64(sum.middle, swap_halves(sum.low)), low;

    middle = veorq_u64(middle, product_of(vgetq_lane_u64(sum.low, 0), polynomial));
    low = veorq_u64(swap_halves(middle), product_of(vgetq_lane_u64(middle, 0), polynomial));
    return veorq_u64(sum.high, low);
}

ARM_AES ARM_INLINE struct product no_product(void)
{
    return (struct product){vdupq_n_u64(0), vdupq_n_u64(0), vdupq_n_u64(0)};
}

/* The power n of the hash key, over x. */
ARM_AES ARM_INLINE half_pair power(const struct gcm_key *key, size_t n)
{
    return vreinterpretq_u64_u8(vld1q_u8(key->powers + 16 * (GCM_POWERS - n)));
}

/* h / x: the bits move up; a one that falls out is x^-1 = x^127 + x^6 + x + 1. */
ARM_AES static half_pair divide_by_x(const uint8_t h[16])
{
    const uint64_t high = load_be64(h), low = load_be64(h + 8), fell = 0 - (high >> 63);
    const uint64_t up = (high << 1 | low >> 63) ^ (fell & 0xc200000000000000);
    return vcombine_u64(vcreate_u64(low << 1 ^ (fell & 1)), vcreate_u64(up));
}

ARM_AES void gcm_fast_powers(struct gcm_key *key, const uint8_t h[16])
{
    vst1q_u8(key->powers + 16 * (GCM_POWERS - 1), vreinterpretq_u8_u64(divide_by_x(h)));
    for (size_t n = 2; n <= GCM_POWERS; n++) {
        struct product square = no_product();
        add_product(&square, power(key, n / 2), power(key, n - n / 2));
        vst1q_u8(key->powers + 16 * (GCM_POWERS - n), vreinterpretq_u8_u64(reduce_product(square)));
    }
}

ARM_AES void gcm_fast_hash(const struct gcm_key *key, uint8_t hash[16], const uint8_t *data, size_t blocks)
{
    half_pair state = load_number(hash);

    while (blocks) {
        const size_t some = blocks < AT_ONCE ? blocks : AT_ONCE;
        struct product sum = no_product();
        for (size_t i = 0; i < some; i++, data += 16) {
            state = veorq_u64(state, load_number(data));
            add_product(&sum, state, power(key, some - i));
            state = vdupq_n_u64(0);
        }
        state = reduce_product(sum);
        blocks -= some;
    }
    vst1q_u8(hash, reverse_bytes(vreinterpretq_u8_u64(state)));
}

/* 1 to AT_ONCE blocks of text; of the counter high:low the last 32 bits count. */
ARM_AES ARM_INLINE void crypt_some(const struct aes *aes, uint64_t high, uint64_t low, const uint8_t *in, uint8_t *out,
                                   size_t blocks)
{
    uint8x16_t x[AT_ONCE];

    for (uint32_t i = 0; i < AT_ONCE; i++)
        x[i] = encrypt_block(aes, counter_block(high, (low & 0xffffffff00000000) | (uint32_t)((uint32_t)low + i)));
    for (size_t i = 0; i < blocks; i++)
        vst1q_u8(out + 16 * i, veorq_u8(vld1q_u8(in + 16 * i), x[i]));
}

ARM_AES void gcm_fast_crypt(const struct gcm_key *key, uint8_t hash[16], uint8_t counter[16], const uint8_t *in,
                            uint8_t *out, size_t blocks, enum gcm_way way)
{
    while (blocks) {
        const size_t some = blocks < AT_ONCE ? blocks : AT_ONCE;
        if (way == GCM_OPEN)
            gcm_fast_hash(key, hash, in, some);
        crypt_some(&key->aes, load_be64(counter), load_be64(counter + 8), in, out, some);
        store_be32(counter + 12, load_be32(counter + 12) + (uint32_t)some);
        if (way == GCM_SEAL)
            gcm_fast_hash(key, hash, out, some);
        in += 16 * some, out += 16 * some, blocks -= some;
    }
}

#endif
