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

#include <string.h>

static const uint32_t CURVE_B[8] = {0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd,
                                    0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d};

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
    uint32_t m[8], s[8], t[8];

    square(t, p->z);
    field_32_add(m, p->x, t);
    field_32_subtract(t, p->x, t);
    field_32_multiply(m, m, t);
    field_32_add(t, m, m);
    field_32_add(m, m, t);
    field_32_add(s, p->y, p->y);
    field_32_multiply(p->z, s, p->z);
    square(s, s);
    field_32_multiply(t, p->x, s);
    square(s, s);
    field_32_halve(s, s);
    square(p->x, m);
    field_32_subtract(p->x, p->x, t);
    field_32_subtract(p->x, p->x, t);
    field_32_subtract(t, t, p->x);
    field_32_multiply(p->y, m, t);
    field_32_subtract(p->y, p->y, s);
    memory_clear(m, sizeof m), memory_clear(s, sizeof s), memory_clear(t, sizeof t);
}

/* With h = x2 z^2 - x, d = y2 z^3 - y, v = x h^2: x' = d^2 - h^3 - 2 v, y' = d (v - x') - y h^3, z' = z h. */
mask point_32_add(struct point *p, const struct affine *q)
{
    uint32_t h[8], d[8], v[8], w[8];

    square(w, p->z);
    field_32_multiply(h, q->x, w);
    field_32_subtract(h, h, p->x);
    field_32_multiply(w, w, p->z);
    field_32_multiply(d, q->y, w);
    field_32_subtract(d, d, p->y);
    const mask is_same = number_is_zero(h) & number_is_zero(d);

    field_32_multiply(p->z, p->z, h);
    square(w, h);
    field_32_multiply(v, p->x, w);
    field_32_multiply(h, h, w);
    square(p->x, d);
    field_32_subtract(p->x, p->x, h);
    field_32_subtract(p->x, p->x, v);
    field_32_subtract(p->x, p->x, v);
    field_32_subtract(v, v, p->x);
    field_32_multiply(d, d, v);
    field_32_multiply(h, h, p->y);
    field_32_subtract(p->y, d, h);
    memory_clear(h, sizeof h), memory_clear(d, sizeof d), memory_clear(v, sizeof v), memory_clear(w, sizeof w);
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

/* out: *r.  Returns zero if the coordinates are below p and y^2 - x (x^2 - 3) - b = 0. */
static uint32_t load(struct affine *r, const uint8_t bytes[64])
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
