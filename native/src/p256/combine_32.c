/*
 * u G + v Q for public scalars: one row of doublings for both, and additions where a digit is not zero.
 *
 * With b[i] the bits of a scalar, b[-1] = b[256] = 0, it is the sum of (b[i-1] - b[i]) 2^i.  Five such differences,
 * beginning with one that is not zero, are together a digit between -16 and 16, which without its factors of two is odd
 * and at most 15; differences that are zero are passed over.  On the average a digit is used in six bits.
 *
 * Every digit that was added is also put into a number, which must be the scalar in the end.  A sum with another u than
 * the digest's, which a fault could make (a zero, a part, v in its place), would be the same for every message, and a
 * signature for it could be found.
 */
#include "p256/combine_32.h"

#include "common/clear.h"
#include "common/decision.h"
#include "p256/base_32.h"
#include "p256/number.h"
#include "p256/point_32.h"

#include <string.h>

#define HIGHEST 256 /* place of the first difference that may not be zero */
#define WIDTH 5     /* differences in a digit */

/* A scalar that is read from its highest bit on. */
struct reading {
    uint32_t scalar[8];
    uint32_t used[8]; /* sum of the digits that were added */
    int32_t digit;    /* the one to be added next, or 0 */
    int place;        /* where, in bits */
};

struct combination {
    struct affine table[ODD_MULTIPLES];
    struct reading u, v;
    struct point sum;
};

static int32_t bit(const uint32_t x[8], int i)
{
    return i >= 0 && i < 256 ? (int32_t)(x[i >> 5] >> (i & 31) & 1) : 0;
}

/* out: the digit that begins at bit i, and its place, unless one is waiting or the difference is zero. */
static void read_digit(struct reading *r, int i)
{
    if (r->digit || bit(r->scalar, i) == bit(r->scalar, i - 1))
        return;
    r->digit = -bit(r->scalar, i);
    for (int k = 1; k < WIDTH; k++)
        r->digit = 2 * r->digit + bit(r->scalar, i - k);
    r->digit += bit(r->scalar, i - WIDTH);
    r->place = i - WIDTH + 1;
    while (r->digit % 2 == 0)
        r->digit /= 2, r->place++;
}

/* out: r->used += digit 2^place modulo 2^256. */
static void note_digit(struct reading *r)
{
    uint32_t term[9] = {0};
    const uint32_t size = (uint32_t)(r->digit < 0 ? -r->digit : r->digit);

    if (r->place < HIGHEST) {
        const uint64_t shifted = (uint64_t)size << (r->place & 31);
        term[r->place >> 5] = (uint32_t)shifted;
        term[(r->place >> 5) + 1] = (uint32_t)(shifted >> 32);
    }
    if (r->digit < 0)
        (void)number_subtract(r->used, r->used, term);
    else
        (void)number_add(r->used, r->used, term);
}

/* out: *sum = *sum + *q, whatever they are. */
static void add(struct point *sum, const struct affine *q)
{
    if (number_is_zero(sum->z)) {
        point_32_from_affine(sum, q);
    } else if (point_32_add(sum, q)) {
        point_32_from_affine(sum, q);
        point_32_double(sum);
    }
}

/* What bit i of a scalar asks for, with the odd multiples of its point. */
static void step(struct point *sum, struct reading *r, const struct affine table[ODD_MULTIPLES], int i)
{
    static const uint32_t zero[8] = {0};

    read_digit(r, i);
    if (r->digit == 0 || r->place != i)
        return;
    struct affine entry = table[(r->digit < 0 ? -r->digit : r->digit) >> 1];
    if (r->digit < 0)
        field_32_subtract(entry.y, zero, entry.y);
    add(sum, &entry);
    note_digit(r);
    r->digit = 0;
}

/* Zero if the digits that were used are the scalar. */
static uint32_t misused(const struct reading *r, const uint8_t scalar[32])
{
    uint32_t given[8];
    number_load(given, scalar);
    return number_differs(given, r->used);
}

/* Zero if it was done with the scalars and the point that were given, and the sum is a point. */
__attribute__((noinline)) static uint32_t undone(const struct combination *c, const struct p256_sum *sum)
{
    struct affine given;
    uint32_t wrong = point_32_load(&given, sum->point) ^ VERDICT_ACCEPT;

    wrong |= number_differs(given.x, c->table[0].x) | number_differs(given.y, c->table[0].y);
    wrong |= misused(&c->u, sum->u) | misused(&c->v, sum->v);
    return wrong | number_is_zero(c->sum.z);
}

void combine_32(struct p256_sum *sum)
{
    struct combination c;
    uint32_t first, second;

    sum->verdict = VERDICT_REJECT;
    memset(&c, 0, sizeof c);
    (void)point_32_load(&c.table[0], sum->point);
    point_32_odd_multiples(c.table, &c.table[0]);
    number_load(c.u.scalar, sum->u);
    number_load(c.v.scalar, sum->v);
    for (int i = HIGHEST; i >= 0; i--) {
        point_32_double(&c.sum);
        step(&c.sum, &c.v, c.table, i);
        step(&c.sum, &c.u, BASE_32[0], i);
    }
    point_32_store(sum->at, &c.sum);
    first = undone(&c, sum);
    second = undone(&c, sum);
    sum->verdict = decision_both(decision_is(first, 0), decision_is(second, 0));
    memory_clear(&c, sizeof c);
}
