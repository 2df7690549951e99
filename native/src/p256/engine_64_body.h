/*
 * An engine over the field of field_64.h: engine_64.c and engine_adx_x86.c compile this text, each with its own
 * multiplication.
 *
 * Secret scalars are odd, or n less the scalar is (scalar_64.h); as a sum of odd digits +-1, +-3.. they have
 * no digit that is zero, so that no neutral element occurs and every step is an addition.  Equal or opposite
 * points, which the additions of point_64.h do not take, cannot meet before the last addition, because
 *   - without doublings, the digits before sum to less than the next one's 16^i in absolute value,
 *   - with doublings, the sum so far is a multiple of 2^width and not 0, a digit is smaller;
 * and both stay below n.  Only the last sum may reach beyond n, as sum - digit = +-n: then the two points are equal
 * (n - 2 is such a scalar), and point_add_last() is right.  Opposite they are not: the scalar is not 0.
 *
 * Table entries are read by going over all of a row and keeping one by masks.
 */
#ifndef ARMILLARY_ENGINE_64_BODY_H
#define ARMILLARY_ENGINE_64_BODY_H

#include "p256/engine.h"
#include "p256/point_64.h"
#include "p256/scalar_64.h"

#if defined(__SIZEOF_INT128__)

#define SECRET_WIDTH 5 /* of the digits of a secret multiple of any point: 52 digits, table of 16 points */
#define SECRET_LENGTH 260
#define PUBLIC_WIDTH 5 /* of a public one's non-adjacent form: digits below 16, table of 8 points */

/* The digit at [at, at + width), 0 <= it < 2^width. */
static inline uint32_t digit_at(const uint64_t digits[5], unsigned at, unsigned width)
{
    const unsigned word = at / 64, bit = at % 64;
    const uint64_t low = digits[word] >> bit;
    const uint64_t high = bit + width > 64 ? digits[word + 1] << (64 - bit) : 0;
    return (uint32_t)(low | high) & ((1u << width) - 1);
}

/*
 * What a digit d means: the multiple 2 * d - (2^width - 1).
 *
 * out: all ones if it is negative, else zero; *index: (|multiple| - 1) / 2
 */
static inline uint64_t digit_sign(uint32_t digit, unsigned width, uint32_t *index)
{
    const uint32_t half = 1u << (width - 1);
    const mask is_negative = mask_of_bit((digit >> (width - 1)) ^ 1);
    *index = (digit ^ is_negative) & (half - 1);
    return mask_wide(is_negative);
}

/* out: r = row[index] of `count` entries of `words` words each, all of which are read. */
static inline void scan(uint64_t *r, const uint64_t *row, uint32_t index, uint32_t count, int words)
{
    for (int i = 0; i < words; i++)
        r[i] = 0;
    for (uint32_t j = 0; j < count; j++) {
        const uint64_t m = mask_wide(mask_is_zero(j ^ index));
        for (int i = 0; i < words; i++)
            r[i] |= m & row[j * (uint32_t)words + (uint32_t)i];
    }
}

/* out: *r = the multiple that `digit` means of the point of this row, in constant time. */
static inline void table_read(struct affine_64 *r, const struct affine_64 row[TABLE_DIGITS], uint32_t digit)
{
    uint32_t index;
    const uint64_t is_negative = digit_sign(digit, 4, &index);
    scan(r->x, row[0].x, index, TABLE_DIGITS, 8);
    field_negate_if(r->y, is_negative, r->y);
}

/* The same for a public digit. */
static inline void table_read_public(struct affine_64 *r, const struct affine_64 row[TABLE_DIGITS], uint32_t digit)
{
    uint32_t index;
    const uint64_t is_negative = digit_sign(digit, 4, &index);
    *r = row[index];
    field_negate_if(r->y, is_negative, r->y);
}

/* scalar * G: one addition for each of the 64 digits, and no doubling. */
static inline void engine_base(uint8_t at[64], const uint8_t scalar[32])
{
    struct point_64 sum, last;
    struct affine_64 entry;
    uint64_t digits[5], slope[4];
    const uint64_t is_negated = scalar_64_odd_digits(digits, scalar, 256);

    table_read(&entry, TABLE_G.points[0], digit_at(digits, 0, 4));
    point_from_affine(&sum, &entry);
    for (unsigned i = 1; i < TABLE_WINDOWS - 1; i++) {
        table_read(&entry, TABLE_G.points[i], digit_at(digits, 4 * i, 4));
        (void)point_add_affine(&sum, &sum, &entry, slope);
    }
    table_read(&entry, TABLE_G.points[TABLE_WINDOWS - 1], digit_at(digits, 252, 4));
    point_from_affine(&last, &entry);
    point_add_last(&sum, &sum, &last);
    field_negate_if(sum.y, is_negated, sum.y);
    (void)point_store(at, &sum, 0);
    memory_clear(digits, sizeof digits);
    memory_clear(&entry, sizeof entry);
    memory_clear(&last, sizeof last);
    memory_clear(&sum, sizeof sum);
}

/* out: odd[j] = (2 * j + 1) * point. */
static inline void odd_multiples(struct point_64 *odd, uint32_t count, const struct point_64 *point)
{
    struct point_64 twice;
    uint64_t slope[4];
    odd[0] = *point;
    point_double(&twice, point);
    for (uint32_t j = 1; j < count; j++)
        (void)point_add(&odd[j], &odd[j - 1], &twice, slope);
}

/* out: *r = the multiple that `digit` means, of 16 odd ones, in constant time. */
static inline void odd_read(struct point_64 *r, const struct point_64 odd[16], uint32_t digit)
{
    uint32_t index;
    const uint64_t is_negative = digit_sign(digit, SECRET_WIDTH, &index);
    scan(r->x, odd[0].x, index, 16, 12);
    field_negate_if(r->y, is_negative, r->y);
}

/* scalar * point: 51 times five doublings and an addition.  The highest digit always means 1 (scalar_64.h). */
static inline void engine_multiply(uint8_t at[64], const uint8_t scalar[32], const uint8_t point[64])
{
    struct point_64 odd[16], sum, entry;
    struct affine_64 affine;
    uint64_t digits[5], slope[4];
    const uint64_t is_negated = scalar_64_odd_digits(digits, scalar, SECRET_LENGTH);

    point_load(&affine, point);
    point_from_affine(&sum, &affine);
    odd_multiples(odd, 16, &sum);
    for (unsigned i = SECRET_LENGTH / SECRET_WIDTH - 1; i-- > 0;) {
        for (int j = 0; j < SECRET_WIDTH; j++)
            point_double(&sum, &sum);
        odd_read(&entry, odd, digit_at(digits, SECRET_WIDTH * i, SECRET_WIDTH));
        if (i)
            (void)point_add(&sum, &sum, &entry, slope);
        else
            point_add_last(&sum, &sum, &entry);
    }
    field_negate_if(sum.y, is_negated, sum.y);
    (void)point_store(at, &sum, 0);
    memory_clear(digits, sizeof digits);
    memory_clear(&entry, sizeof entry);
    memory_clear(&sum, sizeof sum);
}

/* out: naf[0..257), a public scalar's non-adjacent form: of five digits in a row at most one is not 0, but odd. */
static inline void public_digits(int8_t naf[257], const uint8_t scalar[32])
{
    uint64_t k[6] = {0};
    unsigned at = 0;
    int carry = 0;
    number_load(k, scalar);
    memset(naf, 0, 257);
    while (at < 257) {
        if ((int)digit_at(k, at, 1) == carry) {
            at++;
            continue;
        }
        const int digit = (int)digit_at(k, at, PUBLIC_WIDTH) + carry;
        carry = digit >> (PUBLIC_WIDTH - 1);
        naf[at] = (int8_t)(digit - (carry << PUBLIC_WIDTH));
        at += PUBLIC_WIDTH;
    }
}

/* u * G + v * point, bit by bit from the highest, for both at once. */
static inline verdict engine_combine(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const uint8_t point[64])
{
    struct point_64 odd[8], sum = {{0}, {0}, {0}}, entry;
    struct affine_64 affine;
    int8_t u_digits[257], v_digits[257];

    public_digits(u_digits, u);
    public_digits(v_digits, v);
    point_load(&affine, point);
    point_from_affine(&entry, &affine);
    odd_multiples(odd, 8, &entry);
    for (int i = 256; i >= 0; i--) {
        point_double(&sum, &sum);
        if (v_digits[i]) {
            entry = odd[(v_digits[i] < 0 ? -v_digits[i] : v_digits[i]) / 2];
            field_negate_if(entry.y, v_digits[i] < 0 ? ~(uint64_t)0 : 0, entry.y);
            point_add_public(&sum, &sum, &entry);
        }
        if (u_digits[i]) {
            affine = TABLE_G.points[0][(u_digits[i] < 0 ? -u_digits[i] : u_digits[i]) / 2];
            field_negate_if(affine.y, u_digits[i] < 0 ? ~(uint64_t)0 : 0, affine.y);
            point_add_affine_public(&sum, &sum, &affine);
        }
    }
    return point_store(at, &sum, 1) ? VERDICT_REJECT : VERDICT_ACCEPT;
}

/* out: *r = scalar * the point of the table; public. */
static inline void table_sum(struct point_64 *r, const struct table_64 *table, const uint8_t scalar[32])
{
    struct affine_64 entry;
    uint64_t k[4], digits[5], slope[4];
    number_load(k, scalar);
    if (number_is_zero(k)) {
        *r = (struct point_64){{0}, {0}, {0}};
        return;
    }
    const uint64_t is_negated = scalar_64_odd_digits(digits, scalar, 256);
    table_read_public(&entry, table->points[0], digit_at(digits, 0, 4));
    point_from_affine(r, &entry);
    for (unsigned i = 1; i < TABLE_WINDOWS; i++) {
        table_read_public(&entry, table->points[i], digit_at(digits, 4 * i, 4));
        if (i < TABLE_WINDOWS - 1)
            (void)point_add_affine(r, r, &entry, slope);
        else
            point_add_affine_public(r, r, &entry);
    }
    field_negate_if(r->y, is_negated, r->y);
}

static inline verdict engine_combine_known(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const void *table)
{
    struct point_64 first, second;
    table_sum(&first, &TABLE_G, u);
    table_sum(&second, table, v);
    point_add_public(&first, &first, &second);
    return point_store(at, &first, 1) ? VERDICT_REJECT : VERDICT_ACCEPT;
}

/* out: affine[0..8) the same points, none of which is neutral; one inversion for all (P. Montgomery). */
static inline void normalise(struct affine_64 affine[TABLE_DIGITS], const struct point_64 points[TABLE_DIGITS])
{
    uint64_t products[TABLE_DIGITS][4], inverse[4], one[4], square[4];
    number_copy(products[0], points[0].z);
    for (int j = 1; j < TABLE_DIGITS; j++)
        field_multiply(products[j], products[j - 1], points[j].z);
    field_inverse(inverse, products[TABLE_DIGITS - 1], 1);
    for (int j = TABLE_DIGITS - 1; j >= 0; j--) {
        number_copy(one, inverse);
        if (j) {
            field_multiply(one, inverse, products[j - 1]);
            field_multiply(inverse, inverse, points[j].z);
        }
        field_square(square, one);
        field_multiply(affine[j].x, points[j].x, square);
        field_multiply(square, square, one);
        field_multiply(affine[j].y, points[j].y, square);
    }
}

static inline void engine_table_make(void *table, const uint8_t point[64])
{
    struct table_64 *made = table;
    struct point_64 odd[TABLE_DIGITS], next;
    struct affine_64 affine;
    point_load(&affine, point);
    point_from_affine(&next, &affine);
    for (int i = 0; i < TABLE_WINDOWS; i++) {
        odd_multiples(odd, TABLE_DIGITS, &next);
        normalise(made->points[i], odd);
        for (int j = 0; j < 4; j++)
            point_double(&next, &next);
    }
}

/* What every engine over this has; left out is what some do otherwise: base, combine_known. */
#define ENGINE_64 \
    .is_point = point_is_valid, .multiply = engine_multiply, .combine = engine_combine, \
    .scalar_multiply = scalar_64_multiply, .scalar_inverse = scalar_64_inverse, \
    .scalar_inverse_public = scalar_64_inverse_public, .table_size = sizeof(struct table_64), \
    .table_make = engine_table_make

#endif
#endif
