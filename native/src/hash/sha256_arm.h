/*
 * SHA-256 blocks by the ARMv8 cryptographic extension: only where cpu_features() has CPU_SHA.
 */
#ifndef ARMILLARY_SHA256_ARM_H
#define ARMILLARY_SHA256_ARM_H

#include <stddef.h>
#include <stdint.h>

/* in: data[0..64 * blocks); out: state after these blocks; must not overlap. */
void sha256_arm_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

#endif
