/*
 * Modular inverses by safegcd.
 *
 * A division step takes (delta, f, g), f odd, to
 *     (1 - delta, g, (g - f) / 2)                    if delta > 0 and g is odd,
 *     (1 + delta, f, (g + (g odd ? f : 0)) / 2)      otherwise,
 * and so keeps gcd(f, g).  Begun at f = modulus, g = a, enough steps end at g = 0, f = +-1.  What one step does
 * depends on delta and the lowest bit of g only: 62 steps can be planned on the low words, as a matrix by which the
 * long numbers are then multiplied once.  The same matrices, applied modulo the modulus to d = 0, e = 1, keep
 * f = a * d and g = a * e, so that in the end d = +-1 / a.
 *
 * In constant time delta begins at 1/2, for which 590 steps suffice at 256 bits (P. Wuille's computation of the
 * convex hulls, checked in Coq by R. O'Connor and A. Poelstra); ten matrices are 620.  A public value goes on
 * until g = 0, from delta = 1.
 *
 * Long numbers are five limbs of 62 bits, lowest first, the last one signed: f and g stay within +-modulus, d and e
 * within (-2 * modulus, modulus).
 */
#include "p256/inverse_64.h"

#include "p256/number_64.h"

#if defined(__SIZEOF_INT128__)

#include "common/clear.h"

#define LOW 0x3fffffffffffffff /* 62 bits */

const struct inverse_modulus INVERSE_P = {
    {0x3fffffffffffffff, 0x3ffffffff, 0x0, 0x3fffffc000000040, 0xff}, 0x3fffffffffffffff};
const struct inverse_modulus INVERSE_N = {
    {0x33b9cac2fc632551, 0x339beab69c5e7a13, 0x3ffffffffffffffb, 0x3fffffc00000003f, 0xff}, 0x332e375511ff43b1};

/* 2^62 times what the steps do: (f, g) becomes (u * f + v * g, q * f + r * g) / 2^62.  |u| + |v|, |q| + |r| <= 2^62. */
struct matrix {
    int64_t u, v, q, r;
};

/* All that changes from matrix to matrix. */
struct state {
    int64_t f[5], g[5], d[5], e[5];
};

/* The multiple of the modulus, from m on downwards by less than 2^62, that makes the low 62 bits of c zero. */
static int64_t cancel(int64_t m, uint64_t c, const struct inverse_modulus *modulus)
{
    return m - (int64_t)((c * modulus->inverse + (uint64_t)m) & LOW);
}

/*
 * 62 steps, without a branch.
 *
 * in:  below = -(delta + 1/2); the low words of f (odd) and g
 * out: *t; returns the next `below`
 */
static int64_t plan(int64_t below, int64_t f_low, int64_t g_low, struct matrix *t)
{
    uint64_t u = 1, v = 0, q = 0, r = 1, f = (uint64_t)f_low, g = (uint64_t)g_low;

    for (int i = 0; i < 62; i++) {
        uint64_t is_positive = (uint64_t)(below >> 63); /* delta > 0, as a mask */
        const uint64_t is_odd = 0 - (g & 1);
        __asm__("" : "+r"(is_positive)); /* what it is must stay unknown, or it becomes a branch */
        g += ((f ^ is_positive) - is_positive) & is_odd;
        q += ((u ^ is_positive) - is_positive) & is_odd;
        r += ((v ^ is_positive) - is_positive) & is_odd;
        const uint64_t is_swap = is_positive & is_odd;
        below = (int64_t)((uint64_t)below ^ is_swap) - 1;
        f += g & is_swap; /* f + (g - f) is the g before */
        u += q & is_swap;
        v += r & is_swap;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    t->u = (int64_t)u, t->v = (int64_t)v, t->q = (int64_t)q, t->r = (int64_t)r;
    return below;
}

/*
 * 62 steps, as fast as the numbers allow.
 *
 * in:  eta = -delta; the low words of f (odd) and g
 * out: *t; returns the next eta
 */
static int64_t plan_public(int64_t eta, int64_t f_low, int64_t g_low, struct matrix *t)
{
    uint64_t u = 1, v = 0, q = 0, r = 1, f = (uint64_t)f_low, g = (uint64_t)g_low;
    int left = 62;

    for (;;) {
        const int zeros = __builtin_ctzll(g | ~(uint64_t)0 << left);
        g >>= zeros, u <<= zeros, v <<= zeros;
        eta -= zeros, left -= zeros;
        if (left == 0)
            break;
        if (eta < 0) {
            const uint64_t old_f = f, old_u = u, old_v = v;
            eta = -eta;
            f = g, u = q, v = r;
            g = 0 - old_f, q = 0 - old_u, r = 0 - old_v;
        }
        /* No swap comes in eta + 1 steps: add the multiple of f that makes as many low bits of g zero, at most 4. */
        const int sure = eta + 1 < left ? (int)eta + 1 : left;
        const uint64_t bits = ~(uint64_t)0 >> (64 - sure) & 15;
        const uint64_t inverse = f + (((f + 1) & 4) << 1); /* 1 / f modulo 16 */
        const uint64_t w = (0 - g * inverse) & bits;
        g += f * w, q += u * w, r += v * w;
    }
    t->u = (int64_t)u, t->v = (int64_t)v, t->q = (int64_t)q, t->r = (int64_t)r;
    return eta;
}

/* out: (f, g) by the matrix; exact. */
static void apply(struct state *s, const struct matrix *t)
{
    signed_wide cf = 0, cg = 0;
    for (int i = 0; i < 5; i++) {
        const int64_t f = s->f[i], g = s->g[i];
        cf += (signed_wide)t->u * f + (signed_wide)t->v * g;
        cg += (signed_wide)t->q * f + (signed_wide)t->r * g;
        if (i) {
            s->f[i - 1] = (int64_t)cf & LOW;
            s->g[i - 1] = (int64_t)cg & LOW;
        }
        cf >>= 62; /* of the first limbs, the 62 low bits are zero */
        cg >>= 62;
    }
    s->f[4] = (int64_t)cf;
    s->g[4] = (int64_t)cg;
}

/*
 * out: (d, e) by the matrix, modulo the modulus: what is added of the modulus makes the low 62 bits zero, and
 *      negative d or e positive beforehand, so that the bounds hold again
 */
static void apply_modulo(struct state *s, const struct matrix *t, const struct inverse_modulus *modulus)
{
    const int64_t sign_d = s->d[4] >> 63, sign_e = s->e[4] >> 63;
    int64_t md = (t->u & sign_d) + (t->v & sign_e), me = (t->q & sign_d) + (t->r & sign_e);
    signed_wide cd = (signed_wide)t->u * s->d[0] + (signed_wide)t->v * s->e[0];
    signed_wide ce = (signed_wide)t->q * s->d[0] + (signed_wide)t->r * s->e[0];

    md = cancel(md, (uint64_t)cd, modulus);
    me = cancel(me, (uint64_t)ce, modulus);
    cd = (cd + (signed_wide)modulus->limbs[0] * md) >> 62;
    ce = (ce + (signed_wide)modulus->limbs[0] * me) >> 62;
    for (int i = 1; i < 5; i++) {
        const int64_t d = s->d[i], e = s->e[i];
        cd += (signed_wide)t->u * d + (signed_wide)t->v * e + (signed_wide)modulus->limbs[i] * md;
        ce += (signed_wide)t->q * d + (signed_wide)t->r * e + (signed_wide)modulus->limbs[i] * me;
        s->d[i - 1] = (int64_t)cd & LOW;
        s->e[i - 1] = (int64_t)ce & LOW;
        cd >>= 62;
        ce >>= 62;
    }
    s->d[4] = (int64_t)cd;
    s->e[4] = (int64_t)ce;
}

/* out: d = d, plus the modulus if d < 0, with every limb but the last in 62 bits. */
static void lift(int64_t d[5], const struct inverse_modulus *modulus)
{
    const int64_t is_negative = d[4] >> 63;
    int64_t carry = 0;
    for (int i = 0; i < 5; i++) {
        const int64_t sum = d[i] + (modulus->limbs[i] & is_negative) + carry;
        d[i] = i < 4 ? sum & LOW : sum;
        carry = sum >> 62;
    }
}

/* out: d = -d if sign is -1; in 62-bit limbs but for the last. */
static void negate_if(int64_t d[5], int64_t sign)
{
    int64_t carry = 0;
    for (int i = 0; i < 5; i++) {
        const int64_t limb = (d[i] ^ sign) - sign + carry;
        d[i] = i < 4 ? limb & LOW : limb;
        carry = limb >> 62;
    }
}

static void begin(struct state *s, const uint64_t a[4], const struct inverse_modulus *modulus)
{
    for (int i = 0; i < 5; i++) {
        s->f[i] = modulus->limbs[i];
        s->d[i] = 0;
        s->e[i] = i == 0;
    }
    s->g[0] = (int64_t)(a[0] & LOW);
    s->g[1] = (int64_t)((a[0] >> 62 | a[1] << 2) & LOW);
    s->g[2] = (int64_t)((a[1] >> 60 | a[2] << 4) & LOW);
    s->g[3] = (int64_t)((a[2] >> 58 | a[3] << 6) & LOW);
    s->g[4] = (int64_t)(a[3] >> 56);
}

/* out: r = d / f, in [0, modulus); f is 1 or -1, or d is 0 modulo the modulus. */
static void end(uint64_t r[4], struct state *s, const struct inverse_modulus *modulus)
{
    lift(s->d, modulus); /* (-modulus, modulus) */
    negate_if(s->d, s->f[4] >> 63);
    lift(s->d, modulus); /* [0, modulus) */
    const uint64_t d[5] = {(uint64_t)s->d[0], (uint64_t)s->d[1], (uint64_t)s->d[2], (uint64_t)s->d[3],
                           (uint64_t)s->d[4]};
    r[0] = d[0] | d[1] << 62;
    r[1] = d[1] >> 2 | d[2] << 60;
    r[2] = d[2] >> 4 | d[3] << 58;
    r[3] = d[3] >> 6 | d[4] << 56;
}

void inverse_64(uint64_t r[4], const uint64_t a[4], const struct inverse_modulus *modulus)
{
    struct state s;
    struct matrix t;
    int64_t below = -1;

    begin(&s, a, modulus);
    for (int i = 0; i < 10; i++) {
        below = plan(below, s.f[0], s.g[0], &t);
        apply_modulo(&s, &t, modulus);
        apply(&s, &t);
    }
    end(r, &s, modulus);
    memory_clear(&s, sizeof s);
    memory_clear(&t, sizeof t);
}

void inverse_64_public(uint64_t r[4], const uint64_t a[4], const struct inverse_modulus *modulus)
{
    struct state s;
    struct matrix t;
    int64_t eta = -1;

    begin(&s, a, modulus);
    while (s.g[0] | s.g[1] | s.g[2] | s.g[3] | s.g[4]) {
        eta = plan_public(eta, s.f[0], s.g[0], &t);
        apply_modulo(&s, &t, modulus);
        apply(&s, &t);
    }
    end(r, &s, modulus);
}

#endif
