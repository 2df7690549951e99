/*
 * SHA-256 blocks in portable C.
 */
#ifndef ARMILLARY_SHA256_PORTABLE_H
#define ARMILLARY_SHA256_PORTABLE_H

#include <stddef.h>
#include <stdint.h>

/* in: data[0..64 * blocks); out: state after these blocks; must not overlap. */
void sha256_portable_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

#endif
