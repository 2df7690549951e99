/*
 * LM-OTS one-time signatures (RFC 8554 section 4, SP 800-208 section 4): what verifier and signer share.
 *
 * A signature holds, for each digit of a message's hash, a value somewhere along a chain of hashes; who
 * hashes it to the end of the chain, which only takes hashing, gets what the public key was made of.  A
 * checksum of the digits goes the other way, so that no digit can be raised without lowering another.
 */
#ifndef ARMILLARY_LMOTS_H
#define ARMILLARY_LMOTS_H

#include <stdint.h>

#define LMS_ID 16         /* bytes of I, which tells keys apart */
#define LMS_DIGEST_MOST 32 /* bytes of a hash value: 32, or 24 in the 192-bit sets */
#define LMOTS_PREFIX 23   /* I, q, i, j: what every hash of a chain begins with (section 4.2) */

#define LMOTS_CHAIN_BEGUN 0x10000u /* what a chain begun adds to the steps: more than all hashes of a signature */

/* A parameter set (RFC 8554 table 1, SP 800-208 table 4). */
struct lmots_set {
    uint8_t size;   /* n: bytes of a hash value */
    uint8_t width;  /* w: bits of a digit */
    uint16_t count; /* p: digits, and so chains */
    uint8_t shift;  /* ls: where the checksum stands in its 16 bits */
};

/* Where in the tree, and whose: I and q. */
struct lmots_place {
    uint8_t bytes[LMS_ID + 4];
};

/* The hash of a message and its checksum: Q || Cksm(Q) (section 4.4). */
struct lmots_digits {
    uint8_t bytes[LMS_DIGEST_MOST + 2];
};

/* The set of an LM-OTS typecode with SHA-256; a set of size 0, which nothing is made of, if there is none. */
struct lmots_set lmots_set_of(uint32_t type);

/* Digit i (section 3.1.3, coef).  in: i < set.count. */
uint32_t lmots_digit(const struct lmots_digits *digits, struct lmots_set set, uint32_t i);

/* out: the two last bytes of digits = the checksum of those before them.  Returns it, before its shift. */
uint32_t lmots_checksum(struct lmots_digits *digits, struct lmots_set set);

/*
 * Hash along chain i from value `from` to value `to` (sections 4.3 and 4.6).
 *
 * in:  from <= to < 2^w; begin[0..size), the value at `from`
 * out: end[0..size) = the value at `to`, may be begin; *steps increased by LMOTS_CHAIN_BEGUN and by the hashes that were computed
 */
void lmots_chain(struct lmots_set set, const struct lmots_place *place, uint32_t i, uint32_t from, uint32_t to,
                 const uint8_t *begin, uint8_t end[LMS_DIGEST_MOST], volatile uint32_t *steps);

#endif
