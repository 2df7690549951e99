/*
 * The nonlinear part of AES on bit planes: 32 bytes at once, bit by bit (bit slicing).
 *
 * Plane p holds bit p (the least significant is 0) of 32 bytes.  No instruction depends on a bit's value but
 * through AND and XOR: there is nothing to time.
 */
#ifndef ARMILLARY_AES_PLANES_H
#define ARMILLARY_AES_PLANES_H

#include <stdint.h>

/* x, turned n bits to the right.  in: 0 < n < 32 */
static inline uint32_t aes_turn(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* Bits change places: those of *a at `mask` << distance with those of *b at `mask`. */
static inline void aes_exchange(uint32_t *a, uint32_t *b, uint32_t mask, int distance)
{
    const uint32_t changed = ((*a >> distance) ^ *b) & mask;
    *b ^= changed;
    *a ^= changed << distance;
}

/* Planes 0 to 7 of each row of the state of eight blocks: bit 8 * column + block. */
typedef uint32_t aes_rows[4][8];

/* A round key for them: rows 0 to 3 of each plane. */
typedef uint32_t aes_planes_key[8][4];

/*
 * SubBytes (FIPS 197, section 5.1.1) without its constant 0x63, which is part of the round keys instead: it
 * passes through ShiftRows and MixColumns unchanged.
 *
 * in:  planes[0..8 * groups), groups > 0: each eight the planes of 32 bytes
 * out: the planes of their substitutes, XOR 0x63 each
 */
void aes_substitute(uint32_t *planes, uint32_t groups);

/* ShiftRows, MixColumns and AddRoundKey (sections 5.1.2 to 5.1.4).  in and out: rows. */
void aes_mix_rows(aes_rows rows, aes_planes_key key);

/*
 * Between bytes and planes: an 8 x 8 matrix of bits transposed at each of the four byte positions.
 *
 * in:  w[0..8)
 * out: bit i of byte b of w[p] = what bit p of byte b of w[i] was; twice gives back what there was
 */
void aes_transpose(uint32_t w[8]);

#endif
