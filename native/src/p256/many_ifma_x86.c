/*
 * Eight sums u * G + v * point at once, a sum to a lane; all public.
 *
 * Both scalars are sums of odd digits, of 4 bits for u, whose table is the first row of TABLE_G, and of 5 bits for v,
 * whose table is made here.  From the highest bit down: a doubling, and an addition where a digit begins.
 * Where all digits are odd, every lane does the same at the same time.
 *
 * If equal or opposite points met, which somebody who chooses keys and signatures can arrange, the lane ends
 * at Z = 0, and that sum is done again by the engine for one.
 */
#define FIELD_ADX

#include "p256/engine_ifma_x86.h"

#if defined(__x86_64__)

#include "p256/engine_64.h"
#include "p256/engine_64_body.h"
#include "p256/point_ifma_x86.h"
#include "p256/scalar_64.h"

#define V_WIDTH 5
#define V_LENGTH 260
#define V_DIGITS 16

/* The scalars of eight sums: digits, and the lanes in which the opposite scalar stands (scalar_64.h). */
struct lanes_scalars {
    uint64_t digits[8][5];
    __mmask8 negated;
};

static void scalars_begin(struct lanes_scalars *r, const uint8_t *const scalars[8], unsigned length)
{
    unsigned negated = 0;
    for (unsigned i = 0; i < 8; i++)
        negated |= (unsigned)(scalar_64_odd_digits(r->digits[i], scalars[i], length) & 1) << i;
    r->negated = (__mmask8)negated;
}

/* out: index[i]: that of lane i's digit at this bit.  Returns the lanes where what it means is negative. */
static __mmask8 scalars_digit(uint64_t index[8], const struct lanes_scalars *scalars, unsigned at, unsigned width)
{
    unsigned negative = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint32_t j;
        negative |= (unsigned)(digit_sign(digit_at(scalars->digits[i], at, width), width, &j) & 1) << i;
        index[i] = j;
    }
    return (__mmask8)(negative ^ scalars->negated);
}

/* out: *sum += the multiple of G that the digit of u at this bit means. */
IFMA static void add_g(struct lanes_point *sum, const struct lanes_scalars *u, unsigned at)
{
    uint64_t index[8];
    __m512i rows[8];
    struct lanes_affine entry;
    const __mmask8 negative = scalars_digit(index, u, at, 4);
    for (int i = 0; i < 8; i++)
        rows[i] = _mm512_load_si512(&TABLE_G.points[0][index[i]]);
    lanes_affine_from_rows(&entry, rows);
    entry.y = lanes_negate_if(entry.y, negative);
    lanes_add_affine(sum, sum, &entry);
}

/* out: *r = *a in the lanes of m, else *r as it was. */
IFMA_INLINE void lanes_choose(struct lanes *r, __mmask8 m, const struct lanes *a)
{
    for (int i = 0; i < 5; i++)
        r->limb[i] = _mm512_mask_mov_epi64(r->limb[i], m, a->limb[i]);
}

/* out: *sum += the multiple of its point that the digit of v at this bit means. */
IFMA static void add_point(struct lanes_point *sum, const struct lanes_point odd[V_DIGITS],
                           const struct lanes_scalars *v, unsigned at)
{
    uint64_t index[8];
    struct lanes_point entry = odd[0];
    const __mmask8 negative = scalars_digit(index, v, at, V_WIDTH);
    const __m512i wanted = _mm512_loadu_si512(index);
    for (int j = 1; j < V_DIGITS; j++) { /* going over all is as fast as gathering */
        const __mmask8 here = _mm512_cmpeq_epi64_mask(wanted, every(j));
        lanes_choose(&entry.x, here, &odd[j].x);
        lanes_choose(&entry.y, here, &odd[j].y);
        lanes_choose(&entry.z, here, &odd[j].z);
    }
    entry.y = lanes_negate_if(entry.y, negative);
    lanes_add(sum, sum, &entry);
}

/* out: odd[j], lane i: (2 * j + 1) * the i-th point. */
IFMA static void lanes_odd_multiples(struct lanes_point odd[V_DIGITS], const uint8_t *const points[8])
{
    struct affine_64 affine;
    __m512i rows[8];
    struct lanes_affine all;
    struct lanes_point twice;
    for (int i = 0; i < 8; i++) {
        point_load(&affine, points[i]);
        rows[i] = _mm512_loadu_si512(&affine);
    }
    lanes_affine_from_rows(&all, rows);
    lanes_from_affine(&odd[0], &all);
    lanes_double(&twice, &odd[0]);
    for (int j = 1; j < V_DIGITS; j++)
        lanes_add(&odd[j], &odd[j - 1], &twice);
}

/* out: points[i] = u[i] * G + v[i] * point[i], or Z = 0 if exceptional. */
IFMA static void eight_sums(struct point_64 sums[8], const uint8_t *const u[8], const uint8_t *const v[8],
                            const uint8_t *const points[8])
{
    struct lanes_point odd[V_DIGITS], sum;
    struct lanes_scalars u_scalars, v_scalars;
    uint64_t index[8];

    scalars_begin(&u_scalars, u, 256);
    scalars_begin(&v_scalars, v, V_LENGTH);
    lanes_odd_multiples(odd, points);
    sum = odd[0]; /* the highest digit of v always means 1 */
    sum.y = lanes_negate_if(sum.y, scalars_digit(index, &v_scalars, V_LENGTH - V_WIDTH, V_WIDTH));
    for (unsigned at = V_LENGTH - V_WIDTH; at-- > 0;) {
        lanes_double(&sum, &sum);
        if (at % V_WIDTH == 0)
            add_point(&sum, odd, &v_scalars, at);
        if (at % 4 == 0)
            add_g(&sum, &u_scalars, at);
    }
    lanes_to_points(sums, &sum);
}

/* Eight or fewer. */
static void block(struct p256_sum *sums, size_t count)
{
    static const uint8_t one[32] = {[31] = 1};
    const uint8_t *u[8], *v[8], *points[8];
    struct point_64 ends[8];
    struct affine_64 affine[8];
    uint32_t again = 0;

    for (size_t i = 0; i < 8; i++) {
        const struct p256_sum *from = &sums[i < count ? i : 0];
        uint64_t k[4];
        number_load(k, from->u);
        u[i] = number_is_zero(k) ? one : from->u;
        again |= (uint32_t)(number_is_zero(k) & 1) << i;
        number_load(k, from->v);
        v[i] = number_is_zero(k) ? one : from->v;
        again |= (uint32_t)(number_is_zero(k) & 1) << i;
        points[i] = from->point;
    }
    eight_sums(ends, u, v, points);
    for (size_t i = 0; i < 8; i++)
        if (number_is_zero(ends[i].z)) {
            again |= 1u << i;
            point_from_affine(&ends[i], &TABLE_G.points[0][0]);
        }
    normalise(affine, ends);
    for (size_t i = 0; i < count; i++) {
        if (again >> i & 1) {
            sums[i].verdict = p256_adx.combine(sums[i].at, sums[i].u, sums[i].v, sums[i].point);
            continue;
        }
        field_store(sums[i].at, affine[i].x);
        field_store(sums[i].at + 32, affine[i].y);
        sums[i].verdict = VERDICT_ACCEPT;
    }
}

void ifma_combine_many(struct p256_sum *sums, size_t count)
{
    while (count) {
        const size_t now = count < 8 ? count : 8;
        if (now == 1)
            sums->verdict = p256_adx.combine(sums->at, sums->u, sums->v, sums->point);
        else
            block(sums, now);
        sums += now;
        count -= now;
    }
}

#endif
