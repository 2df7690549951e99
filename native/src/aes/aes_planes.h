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

/*
 * SubBytes (FIPS 197, section 5.1.1) without its constant 0x63, which is part of the round keys instead: it
 * passes through ShiftRows and MixColumns unchanged.
 *
 * in:  planes of 32 bytes
 * out: the planes of their substitutes, XOR 0x63 each
 */
void aes_sbox(uint32_t plane[8]);

/*
 * Between bytes and planes: an 8 x 8 matrix of bits transposed at each of the four byte positions.
 *
 * in:  w[0..8)
 * out: bit i of byte b of w[p] = what bit p of byte b of w[i] was; twice gives back what there was
 */
void aes_transpose(uint32_t w[8]);

#endif
