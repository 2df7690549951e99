/*
 * GHASH (NIST SP 800-38D, section 6.4) in portable C, in constant time where multiplication is.
 */
#ifndef ARMILLARY_GHASH_H
#define ARMILLARY_GHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * in:  hash, a state, zeros to begin with; h, the hash subkey; data[0..16 * blocks)
 * out: hash, the state after these blocks
 */
void ghash(uint8_t hash[16], const uint8_t h[16], const uint8_t *data, size_t blocks);

#endif
