/*
 * Sums without doublings, of multiples from a table, in eight lanes.
 *
 * Lane i adds up the eight digits in bits [32 * i, 32 * i + 32) of the scalar; then the lanes are added to
 * one another, four pairs at once, two at once, and the last pair by point_64.h.  As in engine_64_body.h the
 * digits are odd, and equal or opposite points cannot meet but equal ones in the last addition: what lane i
 * has is an odd multiple of 2^(32 * i) below 2^(32 * i + 32), so that no two sums of different lanes are
 * equal or opposite numbers, nor n apart, unless all lanes are in them.
 *
 * A secret digit chooses its entry by masks; the loads are of the whole row, in order.
 */
#define FIELD_ADX

#include "p256/engine_ifma_x86.h"

#if defined(__x86_64__)

#include "p256/engine_64.h"
#include "p256/point_ifma_x86.h"
#include "p256/scalar_64.h"

/* The digits of a scalar as lanes want them, and whether the sum is that of its opposite (scalar_64.h). */
struct lanes_digits {
    __m512i chunks; /* lane i: bits [32 * i, 32 * i + 32) */
    uint64_t is_negated;
};

IFMA_INLINE struct lanes_digits digits_of(const uint8_t scalar[32])
{
    uint64_t digits[5];
    struct lanes_digits r;
    r.is_negated = scalar_64_odd_digits(digits, scalar, 256);
    r.chunks = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(const void *)digits));
    memory_clear(digits, sizeof digits);
    return r;
}

/* What the j-th digit of each lane means: see digit_sign().  out: *index.  Returns the lanes where it is negative. */
IFMA_INLINE __mmask8 digit_of_lanes(const struct lanes_digits *digits, unsigned j, __m512i *index)
{
    const __m512i shifted = _mm512_srl_epi64(digits->chunks, _mm_cvtsi32_si128((int)(4 * j)));
    const __m512i digit = _mm512_and_si512(shifted, every(15));
    const __mmask8 is_negative = _mm512_cmplt_epi64_mask(digit, every(8));
    *index = _mm512_and_si512(_mm512_mask_xor_epi64(digit, is_negative, digit, every(7)), every(7));
    return is_negative;
}

/* out: *r, lane i: the multiple that the j-th digit of lane i means. */
IFMA_INLINE void entries(struct lanes_affine *r, const struct table_64 *table, const struct lanes_digits *digits,
                         unsigned j)
{
    __m512i index, rows[8];
    const __mmask8 is_negative = digit_of_lanes(digits, j, &index);
    for (unsigned lane = 0; lane < 8; lane++) {
        const struct affine_64 *row = table->points[8 * lane + j];
        const __m512i wanted = _mm512_permutexvar_epi64(every(lane), index);
        rows[lane] = every(0);
        for (int i = 0; i < TABLE_DIGITS; i++) {
            const __m512i m = _mm512_movm_epi64(_mm512_cmpeq_epi64_mask(wanted, every(i)));
            rows[lane] = _mm512_ternarylogic_epi64(rows[lane], m, _mm512_load_si512(&row[i]), 0xf8); /* a | (b & c) */
        }
    }
    lanes_affine_from_rows(r, rows);
    r->y = lanes_negate_if(r->y, is_negative);
}

/* The same for public digits. */
IFMA_INLINE void entries_public(struct lanes_affine *r, const struct table_64 *table, const struct lanes_digits *digits,
                                unsigned j)
{
    __m512i index, rows[8];
    uint64_t wanted[8];
    const __mmask8 is_negative = digit_of_lanes(digits, j, &index);
    _mm512_storeu_si512(wanted, index);
    for (unsigned lane = 0; lane < 8; lane++)
        rows[lane] = _mm512_load_si512(&table->points[8 * lane + j][wanted[lane]]);
    lanes_affine_from_rows(r, rows);
    r->y = lanes_negate_if(r->y, is_negative);
}

/* Each lane takes the limbs of another, 128 bits by 128 bits of `a` and then of `b`. */
#define LANES_SHUFFLE(r, a, b, order) \
    do { \
        for (int i_ = 0; i_ < 5; i_++) { \
            (r).x.limb[i_] = _mm512_shuffle_i64x2((a).x.limb[i_], (b).x.limb[i_], order); \
            (r).y.limb[i_] = _mm512_shuffle_i64x2((a).y.limb[i_], (b).y.limb[i_], order); \
            (r).z.limb[i_] = _mm512_shuffle_i64x2((a).z.limb[i_], (b).z.limb[i_], order); \
        } \
    } while (0)

IFMA void ifma_base(uint8_t at[64], const uint8_t scalar[32])
{
    struct lanes_digits digits = digits_of(scalar);
    struct lanes_affine entry;
    struct lanes_point sum, other;
    struct point_64 points[8];

    entries(&entry, &TABLE_G, &digits, 0);
    lanes_from_affine(&sum, &entry);
    for (unsigned j = 1; j < 8; j++) {
        entries(&entry, &TABLE_G, &digits, j);
        lanes_add_affine(&sum, &sum, &entry);
    }
    LANES_SHUFFLE(other, sum, sum, 0x4e);
    lanes_add(&sum, &sum, &other);
    LANES_SHUFFLE(other, sum, sum, 0x39);
    lanes_add(&sum, &sum, &other);
    lanes_to_points(points, &sum);
    point_add_last(&points[0], &points[0], &points[1]);
    field_negate_if(points[0].y, digits.is_negated, points[0].y);
    (void)point_store(at, &points[0], 0);
    memory_clear(&digits, sizeof digits);
    memory_clear(&entry, sizeof entry);
    memory_clear(&sum, sizeof sum);
    memory_clear(&other, sizeof other);
    memory_clear(points, sizeof points);
}

/* Are all words zero?  A public scalar that is has no odd digits. */
static int is_nothing(const uint8_t scalar[32])
{
    uint64_t k[4];
    number_load(k, scalar);
    return number_is_zero(k) != 0;
}

/* out: points[0] = scalar_g * G, points[1] = scalar * the point of the table; public, not 0. */
IFMA static void two_sums(struct point_64 points[2], const uint8_t scalar_g[32], const uint8_t scalar[32],
                          const struct table_64 *table)
{
    const struct lanes_digits g_digits = digits_of(scalar_g), digits = digits_of(scalar);
    struct lanes_affine entry;
    struct lanes_point g_sum, sum, low, high;
    struct point_64 ends[8];

    entries_public(&entry, &TABLE_G, &g_digits, 0);
    lanes_from_affine(&g_sum, &entry);
    entries_public(&entry, table, &digits, 0);
    lanes_from_affine(&sum, &entry);
    for (unsigned j = 1; j < 8; j++) {
        entries_public(&entry, &TABLE_G, &g_digits, j);
        lanes_add_affine(&g_sum, &g_sum, &entry);
        entries_public(&entry, table, &digits, j);
        lanes_add_affine(&sum, &sum, &entry);
    }
    LANES_SHUFFLE(low, g_sum, sum, 0x44);
    LANES_SHUFFLE(high, g_sum, sum, 0xee);
    lanes_add(&low, &low, &high);
    LANES_SHUFFLE(high, low, low, 0xb1);
    lanes_add(&low, &low, &high);
    lanes_to_points(ends, &low);
    point_add_public(&points[0], &ends[0], &ends[1]);
    point_add_public(&points[1], &ends[4], &ends[5]);
    field_negate_if(points[0].y, g_digits.is_negated, points[0].y);
    field_negate_if(points[1].y, digits.is_negated, points[1].y);
}

verdict ifma_combine_known(uint8_t at[64], const uint8_t u[32], const uint8_t v[32], const void *table)
{
    struct point_64 sums[2];
    if (is_nothing(u) || is_nothing(v))
        return p256_adx.combine_known(at, u, v, table);
    two_sums(sums, u, v, table);
    point_add_public(&sums[0], &sums[0], &sums[1]);
    return point_store(at, &sums[0], 1) ? VERDICT_REJECT : VERDICT_ACCEPT;
}

#endif
