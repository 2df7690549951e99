/*
 * Points of P-256: the formulas "dbl-2001-b" and "madd" of the Explicit-Formulas Database, for a = -3, arranged for
 * four multiplications, four squares and ten short steps, and eight, three and seven.
 *
 * No formula contains the curve's b, so that they hold on every curve that an isomorphism leads to.
 */
#include "p256/point_32.h"

#include "common/clear.h"
#include "common/decision.h"
#include "p256/number.h"

#include <stddef.h>
#include <string.h>

static const uint32_t CURVE_B[8] = {0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd,
                                    0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d};

/* Intermediate results. */
struct scratch {
    uint32_t m[8], s[8], t[8], w[8];
};

static void square(uint32_t r[8], const uint32_t a[8])
{
    field_32_multiply(r, a, a);
}

void point_32_from_affine(struct point *r, const struct affine *a)
{
    memcpy(r->x, a->x, sizeof r->x);
    memcpy(r->y, a->y, sizeof r->y);
    memcpy(r->z, FIELD_32_ONE, sizeof r->z);
}

/* With s = 2 y, m = 3 (x + z^2) (x - z^2), t = x s^2: x' = m^2 - 2 t, y' = m (t - x') - s^4 / 2, z' = s z. */
void point_32_double(struct point *p)
{
    struct scratch c;

    square(c.t, p->z);
    field_32_add(c.m, p->x, c.t);
    field_32_subtract(c.t, p->x, c.t);
    field_32_multiply(c.m, c.m, c.t);
    field_32_add(c.t, c.m, c.m);
    field_32_add(c.m, c.m, c.t);
    field_32_add(c.s, p->y, p->y);
    field_32_multiply(p->z, c.s, p->z);
    square(c.s, c.s);
    field_32_multiply(c.t, p->x, c.s);
    square(c.s, c.s);
    field_32_halve(c.s, c.s);
    square(p->x, c.m);
    field_32_subtract(p->x, p->x, c.t);
    field_32_subtract(p->x, p->x, c.t);
    field_32_subtract(c.t, c.t, p->x);
    field_32_multiply(p->y, c.m, c.t);
    field_32_subtract(p->y, p->y, c.s);
    memory_clear(&c, offsetof(struct scratch, w));
}

/* With t = x2 z^2 - x, s = y2 z^3 - y, m = x t^2: x' = s^2 - t^3 - 2 m, y' = s (m - x') - y t^3, z' = z t. */
mask point_32_add(struct point *p, const struct affine *q)
{
    struct scratch c;

    square(c.w, p->z);
    field_32_multiply(c.t, q->x, c.w);
    field_32_subtract(c.t, c.t, p->x);
    field_32_multiply(c.w, c.w, p->z);
    field_32_multiply(c.s, q->y, c.w);
    field_32_subtract(c.s, c.s, p->y);
    const mask is_same = number_is_zero(c.t) & number_is_zero(c.s);

    field_32_multiply(p->z, p->z, c.t);
    square(c.w, c.t);
    field_32_multiply(c.m, p->x, c.w);
    field_32_multiply(c.t, c.t, c.w);
    square(p->x, c.s);
    field_32_subtract(p->x, p->x, c.t);
    field_32_subtract(p->x, p->x, c.m);
    field_32_subtract(p->x, p->x, c.m);
    field_32_subtract(c.m, c.m, p->x);
    field_32_multiply(c.s, c.s, c.m);
    field_32_multiply(c.t, c.t, p->y);
    field_32_subtract(p->y, c.s, c.t);
    memory_clear(&c, sizeof c);
    return is_same;
}

/* out: *r, by 1 / z. */
static void to_affine(struct affine *r, const uint32_t x[8], const uint32_t y[8], const uint32_t z_inverse[8])
{
    uint32_t power[8];
    square(power, z_inverse);
    field_32_multiply(r->x, x, power);
    field_32_multiply(power, power, z_inverse);
    field_32_multiply(r->y, y, power);
    memory_clear(power, sizeof power);
}

void point_32_store(uint8_t bytes[64], const struct point *p)
{
    struct affine a;
    uint32_t inverse[8];

    field_32_inverse(inverse, p->z);
    to_affine(&a, p->x, p->y, inverse);
    field_32_store(bytes, a.x);
    field_32_store(bytes + 32, a.y);
    memory_clear(&a, sizeof a), memory_clear(inverse, sizeof inverse);
}

/* out: *r.  Returns zero if the coordinates are below p and y^2 - x (x^2 - 3) - b = 0.  Called twice, hence not inlined. */
__attribute__((noinline)) static uint32_t load(struct affine *r, const uint8_t bytes[64])
{
    uint32_t side[8], rest[8];
    mask is_right = field_32_load(r->x, bytes);

    is_right &= field_32_load(r->y, bytes + 32);
    square(side, r->x);
    for (int i = 0; i < 3; i++)
        field_32_subtract(side, side, FIELD_32_ONE);
    field_32_multiply(side, side, r->x);
    field_32_add(side, side, CURVE_B);
    square(rest, r->y);
    field_32_subtract(rest, rest, side);
    return ~(is_right & number_is_zero(rest));
}

verdict point_32_load(struct affine *r, const uint8_t bytes[64])
{
    const uint32_t first = load(r, bytes), second = load(r, bytes);
    return decision_both(decision_is(first, 0), decision_is(second, 0));
}

/*
 * out: table[1..8) = 3, 5, ... times *point, each still to be divided by its z.
 *
 * The double has a z, but on the isomorphic curve where that is 1 the point is (x z^2, y z^3), and the formulas are
 * the same: there the others follow by adding an affine point, and their z is to be multiplied by it.
 */
static void walk(struct affine table[ODD_MULTIPLES], uint32_t z[ODD_MULTIPLES][8], const struct affine *point)
{
    struct point twice, sum;
    struct affine step;

    point_32_from_affine(&twice, point);
    point_32_double(&twice);
    memcpy(step.x, twice.x, sizeof step.x);
    memcpy(step.y, twice.y, sizeof step.y);
    square(sum.z, twice.z);
    field_32_multiply(sum.x, point->x, sum.z);
    field_32_multiply(sum.z, sum.z, twice.z);
    field_32_multiply(sum.y, point->y, sum.z);
    memcpy(sum.z, FIELD_32_ONE, sizeof sum.z);
    for (int i = 1; i < ODD_MULTIPLES; i++) {
        (void)point_32_add(&sum, &step);
        memcpy(table[i].x, sum.x, sizeof sum.x);
        memcpy(table[i].y, sum.y, sizeof sum.y);
        field_32_multiply(z[i], sum.z, twice.z);
    }
}

/* One inverse, of the product of all z, gives the inverse of each (P. L. Montgomery, 1987). */
void point_32_odd_multiples(struct affine table[ODD_MULTIPLES], const struct affine *point)
{
    uint32_t z[ODD_MULTIPLES][8], product[ODD_MULTIPLES][8], inverse[8], one[8];

    table[0] = *point;
    walk(table, z, point);
    memcpy(product[1], z[1], sizeof z[1]);
    for (int i = 2; i < ODD_MULTIPLES; i++)
        field_32_multiply(product[i], product[i - 1], z[i]);
    field_32_inverse(inverse, product[ODD_MULTIPLES - 1]);
    for (int i = ODD_MULTIPLES - 1; i > 1; i--) {
        field_32_multiply(one, inverse, product[i - 1]);
        field_32_multiply(inverse, inverse, z[i]);
        to_affine(&table[i], table[i].x, table[i].y, one);
    }
    to_affine(&table[1], table[1].x, table[1].y, inverse);
}
