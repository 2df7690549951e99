/*
 * The nonlinear part of AES on bit planes: 32 bytes at once, bit by bit (bit slicing).
 *
 * Plane p holds bit p (the least significant is 0) of 32 bytes.  No instruction depends on a bit's value but
 * through AND and XOR: there is nothing to time.
 */
#ifndef ARMILLARY_AES_SBOX_H
#define ARMILLARY_AES_SBOX_H

#include <stdint.h>

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
