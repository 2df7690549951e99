/*
 * The field of P-256 in eight 32-bit words: what is not worth writing in assembly, and the portable rest.
 */
#include "p256/field_32.h"

#include "common/clear.h"
#include "p256/inverse_32.h"
#include "p256/number.h"

static const uint32_t PRIME[8] = {0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 1, 0xffffffff};

static const struct inverse_modulus PRIME_LIMBS = {
    {0x3fffffff, 0x3fffffff, 0x3fffffff, 0x0000003f, 0x00000000, 0x00000000, 0x00001000, 0x3fffc000, 0x0000ffff},
    0x3fffffff,
};

/* 1, 2^256 (its form is 2^512) and 2^512 (2^768), modulo p. */
const uint32_t FIELD_32_ONE[8] = {1, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xfffffffe, 0};
static const uint32_t TO_FORM[8] = {3, 0, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 4};
static const uint32_t FROM_INVERSE[8] = {10, 0xfffffffd, 0xfffffff7, 0xffffffed, 0xfffffffc, 5, 1, 24};

#if !FIELD_32_M4

void field_32_add(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t sum[8];
    uint32_t top = number_add(sum, a, b);
    number_reduce(r, top, sum, PRIME);
}

void field_32_subtract(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t difference[8], more[8];
    mask is_negative = mask_of_bit(number_subtract(difference, a, b));
    for (int i = 0; i < 8; i++)
        more[i] = PRIME[i] & is_negative;
    (void)number_add(r, difference, more);
}

void field_32_halve(uint32_t r[8], const uint32_t a[8])
{
    uint32_t even[8];
    mask is_odd = mask_of_bit(a[0] & 1);
    for (int i = 0; i < 8; i++)
        even[i] = PRIME[i] & is_odd;
    uint32_t top = number_add(even, even, a);
    for (int i = 0; i < 7; i++)
        r[i] = even[i] >> 1 | even[i + 1] << 31;
    r[7] = even[7] >> 1 | top << 31;
}

/* out: t[0..length) += x[0..count).  in: count <= length */
static void add_words(uint32_t *t, int length, const uint32_t *x, int count)
{
    uint64_t sum = 0;
    for (int i = 0; i < length; i++) {
        sum += (uint64_t)t[i] + (i < count ? x[i] : 0);
        t[i] = (uint32_t)sum;
        sum >>= 32;
    }
}

/*
 * Montgomery's product a b / 2^256 (P. L. Montgomery, 1985).  t = a b + M p is divisible by 2^256 if
 * M = t[0..8) as it stands when its turn comes: -1 / p = 1 modulo 2^96.  Of
 *
 *     M p = M (2^256 - 2^224) + M 2^192 + M 2^96 - M
 *
 * the last term clears the low words.  M 2^96 comes in as the first carry of the rows 3 to 7.  M 2^192 needs
 * M[0] and M[1] before the rows end: M[0] is known beforehand, M[1] is the carry into the row of the first term.
 * The result is (a b + M p) / 2^256 < 2 p, since a, b < p and M < 2^256.
 */
void field_32_multiply(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t t[17] = {0}, carry;

    t[6] = a[0] * b[0];
    for (int i = 0; i < 8; i++) {
        carry = i < 3 ? 0 : t[i - 3];
        for (int j = 0; j < 8; j++) {
            uint64_t x = (uint64_t)a[j] * b[i] + t[i + j] + carry;
            t[i + j] = (uint32_t)x;
            carry = (uint32_t)(x >> 32);
        }
        t[i + 8] = carry;
    }
    carry = t[1];
    for (int i = 0; i < 8; i++) {
        uint64_t x = (uint64_t)t[i] * 0xffffffff + t[i + 7] + carry;
        t[i + 7] = (uint32_t)x;
        carry = (uint32_t)(x >> 32);
    }
    add_words(t + 15, 2, &carry, 1);
    add_words(t + 8, 9, t + 2, 6);
    add_words(t + 8, 9, t + 5, 3);
    number_reduce(r, t[16], t + 8, PRIME);
    memory_clear(t, sizeof t);
}

#endif

/* 1 / (a 2^256) is 2^-256 / a, which times 2^768 over 2^256 is 2^256 / a. */
void field_32_inverse(uint32_t r[8], const uint32_t a[8])
{
    inverse_32(r, a, &PRIME_LIMBS);
    field_32_multiply(r, r, FROM_INVERSE);
}

mask field_32_load(uint32_t r[8], const uint8_t bytes[32])
{
    uint32_t less[8];
    number_load(r, bytes);
    mask is_below = mask_of_bit(number_subtract(less, r, PRIME));
    field_32_multiply(r, r, TO_FORM);
    return is_below;
}

void field_32_store(uint8_t bytes[32], const uint32_t a[8])
{
    static const uint32_t one[8] = {1};
    uint32_t x[8];
    field_32_multiply(x, a, one);
    number_store(bytes, x);
    memory_clear(x, sizeof x);
}
