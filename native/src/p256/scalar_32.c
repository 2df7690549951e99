/*
 * Arithmetic modulo the order of P-256: few products are needed, so that small code is better than fast code.
 */
#include "p256/scalar_32.h"

#include "common/clear.h"
#include "p256/inverse_32.h"
#include "p256/number.h"

#define MINUS_INVERSE 0xee00bc4fu /* -1 / n modulo 2^32 */

static const struct inverse_modulus ORDER_LIMBS = {
    {0x3c632551, 0x0ee72b0b, 0x3179e84f, 0x39beab69, 0x3fffffbc, 0x3fffffff, 0x00000fff, 0x3fffc000, 0x0000ffff},
    0x11ff43b1,
};

/* 2^512 modulo n */
static const uint32_t SQUARE[8] = {0xbe79eea2, 0x83244c95, 0x49bd6fa6, 0x4699799c,
                                   0x2b6bec59, 0x2845b239, 0xf3d95620, 0x66e12d94};

/* out: t[0..8) += a[0..8) * b.  Returns the carry. */
static uint32_t add_product(uint32_t *t, const uint32_t a[8], uint32_t b)
{
    uint32_t carry = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t x = (uint64_t)a[i] * b + t[i] + carry;
        t[i] = (uint32_t)x;
        carry = (uint32_t)(x >> 32);
    }
    return carry;
}

/* out: r = a b / 2^256 modulo n (Montgomery's product), a word of b at a time. */
static void montgomery(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t t[17] = {0};

    for (int i = 0; i < 8; i++) {
        /* t[i + 8] is 0 or 1, the top of a sum below 2 n * 2^(32 i). */
        uint64_t top = (uint64_t)t[i + 8] + add_product(t + i, a, b[i]);
        top += add_product(t + i, P256_ORDER, t[i] * MINUS_INVERSE);
        t[i + 8] = (uint32_t)top;
        t[i + 9] = (uint32_t)(top >> 32);
    }
    number_reduce(r, t[16], t + 8, P256_ORDER);
    memory_clear(t, sizeof t);
}

void scalar_32_multiply(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    montgomery(r, a, b);
    montgomery(r, r, SQUARE);
}

void scalar_32_inverse(uint32_t r[8], const uint32_t a[8])
{
    inverse_32(r, a, &ORDER_LIMBS);
}
