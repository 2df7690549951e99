/*
 * Arithmetic modulo the order n, by Montgomery's method with R = 2^256.
 *
 * Numbers are below n before and after each operation.  Constant time: the loops are fixed, and the last subtraction
 * is chosen by a mask.
 */
#include "p256/scalar_64.h"

#include "p256/inverse_64.h"
#include "p256/number_64.h"

#if defined(__SIZEOF_INT128__)

#include "common/clear.h"

#define MINUS_INVERSE 0xccd1c8aaee00bc4f /* -1 / n modulo 2^64 */

static const uint64_t ORDER[4] = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000};
static const uint64_t R_SQUARED[4] = {0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620};

/* in: a, b < n.  out: r = a * b / R; may be a or b. */
static void multiply(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    uint64_t t[5] = {0}; /* below 2 * n */
    for (int i = 0; i < 4; i++) {
        uint64_t high = 0, carry = 0, top = 0;
        for (int j = 0; j < 4; j++)
            t[j] = word_multiply_add(a[j], b[i], t[j], &high);
        t[4] = word_add(t[4], high, &top);
        const uint64_t q = t[0] * MINUS_INVERSE;
        high = 0;
        (void)word_multiply_add(q, ORDER[0], t[0], &high);
        for (int j = 1; j < 4; j++)
            t[j - 1] = word_multiply_add(q, ORDER[j], t[j], &high);
        t[3] = word_add(t[4], high, &carry);
        t[4] = top + carry;
    }
    number_reduce_once(r, t[4], t, ORDER);
    memory_clear(t, sizeof t);
}

void scalar_64_multiply(uint8_t at[32], const uint8_t a[32], const uint8_t b[32])
{
    uint64_t x[4], y[4];
    number_load(x, a);
    number_load(y, b);
    multiply(x, x, y);
    multiply(x, x, R_SQUARED);
    number_store(at, x);
    memory_clear(x, sizeof x);
    memory_clear(y, sizeof y);
}

void scalar_64_inverse(uint8_t at[32], const uint8_t a[32])
{
    uint64_t x[4];
    number_load(x, a);
    inverse_64(x, x, &INVERSE_N);
    number_store(at, x);
    memory_clear(x, sizeof x);
}

void scalar_64_inverse_public(uint8_t at[32], const uint8_t a[32])
{
    uint64_t x[4];
    number_load(x, a);
    inverse_64_public(x, x, &INVERSE_N);
    number_store(at, x);
}

/*
 * With an odd k, k = sum of (2 * d_i - (2^w - 1)) * 2^(w * i) over i < l / w says that the number of digits d_i is
 * (k + 2^l - 1) / 2 = (k >> 1) + 2^(l - 1).
 */
uint64_t scalar_64_odd_digits(uint64_t r[5], const uint8_t a[32], unsigned length)
{
    uint64_t k[4], other[4];
    number_load(k, a);
    (void)number_subtract(other, ORDER, k);
    const uint64_t is_even = ~mask_wide(mask_of_bit((uint32_t)k[0] & 1));
    number_choose(k, is_even, other);
    for (int i = 0; i < 4; i++)
        r[i] = k[i] >> 1 | (i < 3 ? k[i + 1] << 63 : 0);
    r[4] = 0;
    r[(length - 1) / 64] |= (uint64_t)1 << (length - 1) % 64;
    memory_clear(k, sizeof k);
    memory_clear(other, sizeof other);
    return is_even;
}

#endif
