/*
 * SHA-256 blocks by the x86 SHA extensions: only where cpu_features() has CPU_SHA.
 */
#ifndef ARMILLARY_SHA256_X86_H
#define ARMILLARY_SHA256_X86_H

#include <stddef.h>
#include <stdint.h>

/* in: data[0..64 * blocks); out: state after these blocks; must not overlap. */
void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

/* The same for two messages of as many blocks, side by side: each waits while the other is computed. */
void sha256_x86_two(uint32_t first[8], const uint8_t *first_data, uint32_t second[8], const uint8_t *second_data,
                    size_t blocks);

#endif
