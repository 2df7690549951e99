/*
 * SHA-256 blocks by the x86 SHA extensions.  Use only where sha256_x86_is_offered().
 */
#ifndef ARMILLARY_SHA256_X86_H
#define ARMILLARY_SHA256_X86_H

#include <stddef.h>
#include <stdint.h>

/* Whether this processor has SHA, SSSE3 and SSE4.1: 1 or 0.  Slow (a virtual machine traps on cpuid). */
int sha256_x86_is_offered(void);

/* in: data[0..64 * blocks); out: state after these blocks; must not overlap. */
void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

#endif
