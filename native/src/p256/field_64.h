/*
 * The field of P-256, modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, in four 64-bit words, lowest first.
 *
 * Elements are in Montgomery's form, a * R with R = 2^256, and always below p: there is one representation of each.
 * Because p is -1 modulo 2^96, the multiple of p that cancels the lowest word q is q itself, and q * p - q is
 *     q * 2^96 + q * (2^64 - 2^32 + 1) * 2^192:
 * two shifts and one long product (or again shifts and subtractions) a word.
 *
 * This is the form for any processor; where FIELD_ADX is defined, field_adx_x86.h has the multiplications in MULX,
 * ADCX and ADOX.  Both are constant time: straight code, with the last subtraction chosen by a mask.
 */
#ifndef ARMILLARY_FIELD_64_H
#define ARMILLARY_FIELD_64_H

#include "p256/inverse_64.h"
#include "p256/number_64.h"

#if defined(__SIZEOF_INT128__)

#define FIELD_P3 0xffffffff00000001

static const uint64_t FIELD_P[4] = {0xffffffffffffffff, 0x00000000ffffffff, 0, FIELD_P3};
static const uint64_t FIELD_ONE[4] = {1, 0xffffffff00000000, 0xffffffffffffffff, 0xfffffffe};
static const uint64_t FIELD_B[4] = {0xd89cdf6229c4bddf, 0xacf005cd78843090, 0xe5a220abf7212ed6, 0xdc30061d04874834};
static const uint64_t FIELD_R_SQUARED[4] = {3, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x4fffffffd};

#if defined(FIELD_ADX)
#include "p256/field_adx_x86.h"
#else

/* out: r = a + b; may be a or b. */
static inline void field_add(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    uint64_t carry = 0, sum[4];
    for (int i = 0; i < 4; i++)
        sum[i] = word_add(a[i], b[i], &carry);
    number_reduce_once(r, carry, sum, FIELD_P);
}

/* out: r = a - b; may be a or b. */
static inline void field_subtract(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    const uint64_t is_below = mask_wide(mask_of_bit((uint32_t)number_subtract(r, a, b)));
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++)
        r[i] = word_add(r[i], FIELD_P[i] & is_below, &carry);
}

/*
 * Divide by 2^64.
 *
 * in:  t < 2^320 in five words
 * out: t[0..4] = (t + t[0] * p) / 2^64, below t / 2^64 + p
 */
static inline void field_shift(uint64_t t[5])
{
    const uint64_t q = t[0];
    uint64_t carry = 0, high = 0;
    t[0] = word_add(t[1], q << 32, &carry);
    t[1] = word_add(t[2], q >> 32, &carry);
    high = carry;
    t[2] = word_multiply_add(q, FIELD_P3, t[3], &high);
    carry = 0;
    t[3] = word_add(t[4], high, &carry);
    t[4] = carry;
}

/* out: r = a * b / R; may be a or b.  Not inline: copied into every formula it takes compilers half a minute, and is no faster. */
__attribute__((noinline, unused)) static void field_multiply(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    uint64_t t[5] = {0}; /* below 2 * p, so that with a * b[i] it is below 2^320 */
    for (int i = 0; i < 4; i++) {
        uint64_t high = 0;
        for (int j = 0; j < 4; j++)
            t[j] = word_multiply_add(a[j], b[i], t[j], &high);
        t[4] += high;
        field_shift(t);
    }
    number_reduce_once(r, t[4], t, FIELD_P);
}

/* out: r = a * a / R; may be a. */
static inline void field_square(uint64_t r[4], const uint64_t a[4])
{
    field_multiply(r, a, a);
}

/* out: r = a / 2; may be a. */
static inline void field_halve(uint64_t r[4], const uint64_t a[4])
{
    const uint64_t is_odd = mask_wide(mask_of_bit((uint32_t)a[0] & 1));
    uint64_t carry = 0, sum[4];
    for (int i = 0; i < 4; i++)
        sum[i] = word_add(a[i], FIELD_P[i] & is_odd, &carry);
    for (int i = 0; i < 4; i++)
        r[i] = sum[i] >> 1 | (i < 3 ? sum[i + 1] : carry) << 63;
}

#endif

/* out: r = 2 * a; may be a. */
static inline void field_double(uint64_t r[4], const uint64_t a[4])
{
    field_add(r, a, a);
}

/* out: r = -a where the mask is all ones, else a; may be a. */
static inline void field_negate_if(uint64_t r[4], uint64_t m, const uint64_t a[4])
{
    const uint64_t zero[4] = {0};
    uint64_t negative[4];
    field_subtract(negative, zero, a);
    number_copy(r, a);
    number_choose(r, m, negative);
}

/* in: 32 bytes big-endian, below p.  out: r in Montgomery's form. */
static inline void field_load(uint64_t r[4], const uint8_t bytes[32])
{
    number_load(r, bytes);
    field_multiply(r, r, FIELD_R_SQUARED);
}

static inline void field_store(uint8_t bytes[32], const uint64_t a[4])
{
    const uint64_t one[4] = {1};
    uint64_t plain[4];
    field_multiply(plain, a, one);
    number_store(bytes, plain);
}

/* out: r = 1 / a, or 0 for 0; in constant time unless is_public. */
static inline void field_inverse(uint64_t r[4], const uint64_t a[4], int is_public)
{
    uint64_t t[4];
    const uint64_t one[4] = {1};
    field_multiply(t, a, one);
    if (is_public)
        inverse_64_public(t, t, &INVERSE_P);
    else
        inverse_64(t, t, &INVERSE_P);
    field_multiply(r, t, FIELD_R_SQUARED);
}

#else
typedef int field_64_needs_128_bits;
#endif
#endif
