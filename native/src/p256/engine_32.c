/*
 * The portable engine: 32-bit words, and on a Cortex-M4 the field in assembly.  combine_32.c has what is public.
 *
 * A scalar is made odd (k or n - k) and written in 64 digits of four bits, each odd and between -15 and 15: with
 * the nibbles b of (k - 1) / 2 + 2^255 it is the sum of (2 b - 15) 16^i.  So there is no digit 0 and no neutral
 * element: every step adds, from a table of the odd multiples 1 to 15.
 *
 * Where the scalar is secret, additions of equal points can happen in the last step only, and only there are
 * provided for.  Before digit i is added the sum is s = 16 a with a >= 1, times the point; |digit| < 16 <= s.  Equal or
 * opposite modulo n would mean s = n - digit or s = n + digit, that is s > n - 16, which is possible only for the last
 * digit; and there s + digit = k is not 0 modulo n, so that they are not opposite.  With the four columns of the
 * base point it is the same: before the last digit all that is summed or added is even (the last row's digits times
 * 2^64, 2^128, 2^192, and 16 times the rest), while n is odd, so that s +- digit = n cannot be.
 */
#include "common/clear.h"
#include "p256/base_32.h"
#include "p256/combine_32.h"
#include "p256/engine.h"
#include "p256/number.h"
#include "p256/point_32.h"
#include "p256/scalar_32.h"

#include <string.h>

#define DIGITS 64
#define ROWS (DIGITS / BASE_COLUMNS)

/* An odd scalar in digits, and all ones if its negative is meant. */
struct digits {
    uint32_t nibbles[8];
    mask is_negative;
};

/* out: the digits of the scalar.  in: scalar < n. */
static void recode(struct digits *digits, const uint8_t scalar[32])
{
    uint32_t k[8], negative[8];

    number_load(k, scalar);
    (void)number_subtract(negative, P256_ORDER, k);
    digits->is_negative = ~mask_of_bit(k[0] & 1);
    number_select(k, digits->is_negative, negative, k);
    for (int i = 0; i < 7; i++)
        digits->nibbles[i] = k[i] >> 1 | k[i + 1] << 31;
    digits->nibbles[7] = k[7] >> 1 | 1u << 31;
    memory_clear(k, sizeof k), memory_clear(negative, sizeof negative);
}

static uint32_t nibble(const struct digits *digits, int i)
{
    return digits->nibbles[i >> 3] >> (4 * (i & 7)) & 15;
}

/* out: r = -r if the mask is all ones. */
static void negate_if(struct affine *r, mask wanted)
{
    static const uint32_t zero[8] = {0};
    uint32_t negative[8];
    field_32_subtract(negative, zero, r->y);
    number_select(r->y, wanted, negative, r->y);
    memory_clear(negative, sizeof negative);
}

/* out: *r = the point's multiple by digit i, for which the whole table is read. */
static void look_up(struct affine *r, const struct affine table[ODD_MULTIPLES], const struct digits *digits, int i)
{
    const uint32_t b = nibble(digits, i);
    const mask is_below = mask_of_bit((b >> 3) ^ 1); /* 2 b - 15 < 0 */
    const uint32_t wanted = (b ^ is_below) & 7;
    uint32_t *to = r->x;

    memset(r, 0, sizeof *r);
    for (uint32_t entry = 0; entry < ODD_MULTIPLES; entry++) {
        const mask is_it = mask_is_zero(entry ^ wanted);
        for (int word = 0; word < 8; word++) {
            to[word] |= table[entry].x[word] & is_it;
            r->y[word] |= table[entry].y[word] & is_it;
        }
    }
    negate_if(r, is_below ^ digits->is_negative);
}

/* out: *sum = *sum + *q, where they may be equal, but are not opposite. */
static void add_last(struct point *sum, const struct affine *q)
{
    struct point twice;

    point_32_from_affine(&twice, q);
    point_32_double(&twice);
    const mask is_same = point_32_add(sum, q);
    number_select(sum->x, is_same, twice.x, sum->x);
    number_select(sum->y, is_same, twice.y, sum->y);
    number_select(sum->z, is_same, twice.z, sum->z);
    memory_clear(&twice, sizeof twice);
}

static void multiply(uint8_t at[64], const uint8_t scalar[32], const uint8_t bytes[64])
{
    struct affine table[ODD_MULTIPLES], entry;
    struct digits digits;
    struct point sum;

    (void)point_32_load(&entry, bytes);
    point_32_odd_multiples(table, &entry);
    recode(&digits, scalar);
    look_up(&entry, table, &digits, DIGITS - 1);
    point_32_from_affine(&sum, &entry);
    for (int i = DIGITS - 2; i >= 0; i--) {
        for (int twice = 0; twice < 4; twice++)
            point_32_double(&sum);
        look_up(&entry, table, &digits, i);
        if (i > 0)
            (void)point_32_add(&sum, &entry);
    }
    add_last(&sum, &entry);
    point_32_store(at, &sum);
    memory_clear(&entry, sizeof entry), memory_clear(&digits, sizeof digits), memory_clear(&sum, sizeof sum);
}

static void base(uint8_t at[64], const uint8_t scalar[32])
{
    struct affine entry;
    struct digits digits;
    struct point sum;

    recode(&digits, scalar);
    look_up(&entry, BASE_32[BASE_COLUMNS - 1], &digits, DIGITS - 1);
    point_32_from_affine(&sum, &entry);
    for (int i = DIGITS - 2; i >= 0; i--) {
        /* Digits in order of rows, and of columns in them: ROWS apart in the scalar. */
        const int row = i / BASE_COLUMNS, column = i % BASE_COLUMNS;
        for (int twice = 0; twice < 4 && column == BASE_COLUMNS - 1; twice++)
            point_32_double(&sum);
        look_up(&entry, BASE_32[column], &digits, ROWS * column + row);
        if (i > 0)
            (void)point_32_add(&sum, &entry);
    }
    add_last(&sum, &entry);
    point_32_store(at, &sum);
    memory_clear(&entry, sizeof entry), memory_clear(&digits, sizeof digits), memory_clear(&sum, sizeof sum);
}

static verdict combine(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const uint8_t point[64])
{
    struct p256_sum sum = {.u = u, .v = v, .point = point};
    combine_32(&sum);
    memcpy(at, sum.at, sizeof sum.at);
    return sum.verdict;
}

static verdict is_point(const uint8_t bytes[64])
{
    struct affine point;
    return point_32_load(&point, bytes);
}

static void scalar_multiply(uint8_t at[32], const uint8_t a[32], const uint8_t b[32])
{
    uint32_t x[8], y[8];
    number_load(x, a);
    number_load(y, b);
    scalar_32_multiply(x, x, y);
    number_store(at, x);
    memory_clear(x, sizeof x), memory_clear(y, sizeof y);
}

static void scalar_inverse(uint8_t at[32], const uint8_t a[32])
{
    uint32_t x[8];
    number_load(x, a);
    scalar_32_inverse(x, x);
    number_store(at, x);
    memory_clear(x, sizeof x);
}

const struct p256_engine p256_portable = {
    .name = "portable",
    .is_point = is_point,
    .base = base,
    .multiply = multiply,
    .combine = combine,
    .combine_guarded = combine_32,
    .scalar_multiply = scalar_multiply,
    .scalar_inverse = scalar_inverse,
    .scalar_inverse_public = scalar_inverse,
};
