/*
 * Inverses by division steps: Bernstein and Yang, "Fast constant-time gcd computation and modular
 * inversion" (2019), in the variant that begins with delta = 1/2.
 *
 * f = m and g = x are made smaller from the low end; d and e follow them so that d * x = f and e * x = g
 * modulo m.  A step looks at the lowest bit of g and the sign of delta only:
 *
 *     delta > 0 and g odd:  delta, f, g = 1 - delta, g, (g - f) / 2
 *     else:                 delta, f, g = 1 + delta, f, (g + (g mod 2) f) / 2
 *
 * 590 steps bring g to 0 for every x below 2^256 (computed over convex hulls by P. Wuille, machine-checked by
 * R. O'Connor and A. Poelstra); then f = +-1 and d = +-1 / x.  Thirty steps depend on thirty low bits, so they
 * are done on single words and collected in a matrix, which is then applied to the long numbers: 20 times 30.
 *
 * Right shifts of negative numbers keep the sign, as with every compiler that this is built by.
 */
#include "p256/inverse_32.h"

#include "common/clear.h"
#include "common/mask.h"

#define STEPS 30
#define ROUNDS 20
#define LOW_BITS 0x3fffffff

_Static_assert((-1 >> 1) == -1, "shifts keep the sign");

/* A number of up to 270 bits and a sign: limbs 0 to 7 are in 0..2^30, the last one bears the sign. */
struct wide {
    int32_t limb[INVERSE_LIMBS];
};

/* What some steps do: (f, g) becomes (u f + v g, q f + r g) / 2^steps.  |u| + |v| and |q| + |r| are at most 2^steps. */
struct steps {
    int32_t u, v, q, r;
};

struct division {
    struct wide f, g, d, e;
    struct steps steps;
    uint32_t minus_delta; /* -(delta + 1/2), in two's complement */
};

/* Thirty steps on the lowest words of f and g, by products with 0, 1 and -1.  out: division->steps, minus_delta. */
static void divide_low(struct division *division)
{
    uint32_t f = (uint32_t)division->f.limb[0] | (uint32_t)division->f.limb[1] << 30;
    uint32_t g = (uint32_t)division->g.limb[0] | (uint32_t)division->g.limb[1] << 30;
    uint32_t u = 1, v = 0, q = 0, r = 1, minus_delta = division->minus_delta;

    for (int i = 0; i < STEPS; i++) {
        const uint32_t is_odd = mask_hide(g & 1), swaps = mask_hide(is_odd & minus_delta >> 31);
        /* g is replaced by g - f where they swap, by g + f where g is odd; then f by the old g, which is f more. */
        const uint32_t times = is_odd - 2 * swaps;
        g += times * f, q += times * u, r += times * v;
        f += swaps * g, u += swaps * q, v += swaps * r;
        g >>= 1, u <<= 1, v <<= 1;
        minus_delta = (minus_delta ^ (0u - swaps)) - 1;
    }
    division->minus_delta = minus_delta;
    division->steps = (struct steps){(int32_t)u, (int32_t)v, (int32_t)q, (int32_t)r};
}

/* out: f, g = (u f + v g, q f + r g) / 2^30, which is exact. */
static void apply(struct wide *f, struct wide *g, const struct steps *steps)
{
    int64_t a = 0, b = 0;
    for (int i = 0; i < INVERSE_LIMBS; i++) {
        const int32_t x = f->limb[i], y = g->limb[i];
        a += (int64_t)steps->u * x + (int64_t)steps->v * y;
        b += (int64_t)steps->q * x + (int64_t)steps->r * y;
        if (i > 0) {
            f->limb[i - 1] = (int32_t)a & LOW_BITS;
            g->limb[i - 1] = (int32_t)b & LOW_BITS;
        }
        a >>= STEPS, b >>= STEPS;
    }
    f->limb[INVERSE_LIMBS - 1] = (int32_t)a;
    g->limb[INVERSE_LIMBS - 1] = (int32_t)b;
}

/*
 * How often m must be added to t, whose lowest limb is `low`, for 2^30 to divide the sum.
 *
 * in:  start, the multiple added already, whatever it is
 * out: start minus a number from 0 to 2^30 - 1
 */
static int32_t multiple(int32_t start, int64_t low, const struct inverse_modulus *m)
{
    return start - (int32_t)((m->inverse * (uint32_t)low + (uint32_t)start) & LOW_BITS);
}

/*
 * out: d, e = (u d + v e, q d + r e) / 2^30 modulo m.
 * in and out: d and e between -2 m and m.  m is first added to what is negative of them, then what is needed for
 * the division to be exact is subtracted, so that the range is kept.
 */
static void apply_modulo(struct wide *d, struct wide *e, const struct steps *steps, const struct inverse_modulus *m)
{
    const int32_t d_sign = d->limb[INVERSE_LIMBS - 1] >> 31, e_sign = e->limb[INVERSE_LIMBS - 1] >> 31;
    int64_t a = (int64_t)steps->u * d->limb[0] + (int64_t)steps->v * e->limb[0];
    int64_t b = (int64_t)steps->q * d->limb[0] + (int64_t)steps->r * e->limb[0];
    const int32_t a_times = multiple((steps->u & d_sign) + (steps->v & e_sign), a, m);
    const int32_t b_times = multiple((steps->q & d_sign) + (steps->r & e_sign), b, m);

    a = (a + (int64_t)m->limb[0] * a_times) >> STEPS;
    b = (b + (int64_t)m->limb[0] * b_times) >> STEPS;
    for (int i = 1; i < INVERSE_LIMBS; i++) {
        const int32_t x = d->limb[i], y = e->limb[i];
        a += (int64_t)steps->u * x + (int64_t)steps->v * y + (int64_t)m->limb[i] * a_times;
        b += (int64_t)steps->q * x + (int64_t)steps->r * y + (int64_t)m->limb[i] * b_times;
        d->limb[i - 1] = (int32_t)a & LOW_BITS;
        e->limb[i - 1] = (int32_t)b & LOW_BITS;
        a >>= STEPS, b >>= STEPS;
    }
    d->limb[INVERSE_LIMBS - 1] = (int32_t)a;
    e->limb[INVERSE_LIMBS - 1] = (int32_t)b;
}

/* `x` or -x: minus is all ones or zero. */
static uint32_t negate_if(mask minus, uint32_t x)
{
    return (x ^ minus) - minus;
}

/* out: x = +-x + m if that is wanted (all ones), with limbs in range again. */
static void add_modulus(struct wide *x, mask minus, mask wanted, const struct inverse_modulus *m)
{
    int32_t carry = 0;
    for (int i = 0; i < INVERSE_LIMBS; i++) {
        carry += (int32_t)negate_if(minus, (uint32_t)x->limb[i]) + (m->limb[i] & (int32_t)wanted);
        x->limb[i] = i < INVERSE_LIMBS - 1 ? carry & LOW_BITS : carry;
        carry >>= STEPS;
    }
}

static mask is_negative(const struct wide *x)
{
    return mask_of_bit((uint32_t)x->limb[INVERSE_LIMBS - 1] >> 31);
}

static void to_wide(struct wide *wide, const uint32_t x[8])
{
    for (unsigned i = 0; i < INVERSE_LIMBS; i++) {
        const unsigned word = 30 * i / 32, shift = 30 * i % 32;
        uint64_t pair = x[word];
        if (word < 7)
            pair |= (uint64_t)x[word + 1] << 32;
        wide->limb[i] = (int32_t)((uint32_t)(pair >> shift) & LOW_BITS);
    }
}

static void from_wide(uint32_t x[8], const struct wide *wide)
{
    for (unsigned i = 0; i < 8; i++) {
        const unsigned limb = 32 * i / 30, shift = 32 * i % 30;
        x[i] = (uint32_t)wide->limb[limb] >> shift | (uint32_t)wide->limb[limb + 1] << (30 - shift);
    }
}

void inverse_32(uint32_t r[8], const uint32_t x[8], const struct inverse_modulus *m)
{
    struct division division = {.e = {{1}}, .minus_delta = ~0u};

    for (int i = 0; i < INVERSE_LIMBS; i++)
        division.f.limb[i] = m->limb[i];
    to_wide(&division.g, x);
    for (int i = 0; i < ROUNDS; i++) {
        divide_low(&division);
        apply_modulo(&division.d, &division.e, &division.steps, m);
        apply(&division.f, &division.g, &division.steps);
    }
    /* d is between -2 m and m: once into (-m, m), with the sign of f, and once into [0, m). */
    add_modulus(&division.d, 0, is_negative(&division.d), m);
    add_modulus(&division.d, is_negative(&division.f), 0, m);
    add_modulus(&division.d, 0, is_negative(&division.d), m);
    from_wide(r, &division.d);
    memory_clear(&division, sizeof division);
}
