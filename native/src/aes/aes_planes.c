/*
 * Bit planes: the S-box as a circuit of 113 gates (81 XOR, 32 AND), and MixColumns.
 *
 * The S-box's inversion in GF(2^8) is done in the tower of fields GF(((2^2)^2)^2), with linear maps into and out
 * of it: the circuit of Boyar and Peralta with the shorter output map of Calik, Turan and Peralta.  Their names are
 * kept: x0 is the most significant bit, y and t as they go along, z the products.
 */
#include "aes/aes_planes.h"

#include <string.h>

#if !defined(__thumb2__) /* aes_planes_m4.c has its own */

static void substitute(uint32_t plane[8])
{
    const uint32_t x0 = plane[7], x1 = plane[6], x2 = plane[5], x3 = plane[4];
    const uint32_t x4 = plane[3], x5 = plane[2], x6 = plane[1], x7 = plane[0];

    /* Into the tower. */
    const uint32_t y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5;
    const uint32_t t0 = x1 ^ x2, y1 = t0 ^ x7, y4 = y1 ^ x3, y12 = y13 ^ y14;
    const uint32_t y2 = y1 ^ x0, y5 = y1 ^ x6, y3 = y5 ^ y8, t1 = x4 ^ y12;
    const uint32_t y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7, y10 = y15 ^ t0;
    const uint32_t y11 = y20 ^ y9, y7 = x7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8;
    const uint32_t y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;

    /* The norm of the element, in GF(16). */
    const uint32_t t2 = y12 & y15, t4 = (y3 & y6) ^ t2, t6 = (y4 & x7) ^ t2;
    const uint32_t t7 = y13 & y16, t9 = (y5 & y1) ^ t7, t11 = (y2 & y7) ^ t7;
    const uint32_t t12 = y9 & y11, t14 = (y14 & y17) ^ t12, t16 = (y8 & y10) ^ t12;
    const uint32_t t21 = t4 ^ t14 ^ y20, t22 = t6 ^ t16 ^ y19, t23 = t9 ^ t14 ^ y21, t24 = t11 ^ t16 ^ y18;

    /* Its inverse: (t29, t33, t37, t40), and the sums that multiplying needs. */
    const uint32_t t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26, t29 = (t25 & t27) ^ t22;
    const uint32_t t30 = t23 ^ t24, t31 = t22 ^ t26, t33 = (t31 & t30) ^ t24, t34 = t23 ^ t33;
    const uint32_t t36 = t24 & (t27 ^ t33), t37 = t36 ^ t34, t40 = t25 ^ (t29 & (t27 ^ t36));
    const uint32_t t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37, t45 = t42 ^ t41;

    /* Times the conjugate. */
    const uint32_t z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7, z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
    const uint32_t z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
    const uint32_t z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2, z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

    /* Out of the tower, with the affine map of section 5.1.1 less its constant. */
    const uint32_t c1 = z15 ^ z16, c2 = z10 ^ c1, c3 = z9 ^ c2, c4 = z0 ^ z2, c6 = z3 ^ z4, c8 = z7 ^ c6;
    const uint32_t c10 = c8 ^ z8 ^ z12 ^ c4, c14 = c4 ^ z3 ^ z5, c16 = z6 ^ c8, c17 = z14 ^ c10;
    const uint32_t c18 = z13 ^ c1 ^ c14, s3 = c3 ^ c6 ^ z1 ^ z0;

    plane[7] = c3 ^ c16;
    plane[6] = s3 ^ c16;
    plane[5] = c17 ^ z15 ^ c16 ^ z17;
    plane[4] = s3;
    plane[3] = c14 ^ s3;
    plane[2] = c17 ^ c2 ^ z11;
    plane[1] = c10 ^ c18;
    plane[0] = z12 ^ c18;
}

void aes_substitute(uint32_t *planes, uint32_t groups)
{
    for (; groups; groups--, planes += 8)
        substitute(planes);
}

/*
 * Plane p of ShiftRows, MixColumns and AddRoundKey.
 *
 * With a + b as sum: 2 sum + b + (c + d), as in aes_slice.c.  `doubled` is plane p of 2 sum; out: sum.
 */
static inline void mix_plane(aes_rows s, aes_planes_key key, int p, const uint32_t doubled[4], uint32_t sum[4])
{
    const uint32_t a = s[0][p], b = aes_turn(s[1][p], 8), c = aes_turn(s[2][p], 16), d = aes_turn(s[3][p], 24);

    sum[0] = a ^ b, sum[1] = b ^ c, sum[2] = c ^ d, sum[3] = d ^ a;
    s[0][p] = doubled[0] ^ b ^ sum[2] ^ key[p][0];
    s[1][p] = doubled[1] ^ c ^ sum[3] ^ key[p][1];
    s[2][p] = doubled[2] ^ d ^ sum[0] ^ key[p][2];
    s[3][p] = doubled[3] ^ a ^ sum[1] ^ key[p][3];
}

/* Times two: a plane moves up, the highest to planes 0, 1, 3 and 4 (section 4.2.1). */
void aes_mix_rows(aes_rows rows, aes_planes_key key)
{
    uint32_t top[4], doubled[4], sum[4];
    const uint32_t a = rows[0][7], b = aes_turn(rows[1][7], 8);
    const uint32_t c = aes_turn(rows[2][7], 16), d = aes_turn(rows[3][7], 24);

    top[0] = a ^ b, top[1] = b ^ c, top[2] = c ^ d, top[3] = d ^ a;
    memcpy(doubled, top, sizeof doubled);
    for (int p = 0; p < 8; p++) {
        mix_plane(rows, key, p, doubled, sum);
        for (int row = 0; row < 4; row++)
            doubled[row] = p == 0 || p == 2 || p == 3 ? sum[row] ^ top[row] : sum[row];
    }
}

#endif

void aes_transpose(uint32_t w[8])
{
    for (int i = 0; i < 8; i += 2)
        aes_exchange(&w[i], &w[i + 1], 0x55555555, 1);
    for (int i = 0; i < 8; i += 4) {
        aes_exchange(&w[i], &w[i + 2], 0x33333333, 2);
        aes_exchange(&w[i + 1], &w[i + 3], 0x33333333, 2);
    }
    for (int i = 0; i < 4; i++)
        aes_exchange(&w[i], &w[i + 4], 0x0f0f0f0f, 4);
}
