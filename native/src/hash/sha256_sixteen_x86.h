/*
 * SHA-256 of sixteen messages at once: only where cpu_features() has CPU_VAES, which implies the
 * AVX-512 that it takes.
 */
#ifndef ARMILLARY_SHA256_SIXTEEN_X86_H
#define ARMILLARY_SHA256_SIXTEEN_X86_H

#include <stddef.h>
#include <stdint.h>

/*
 * in:  data[m][0..64 * blocks) of every message m; may be the same for some
 * out: words[i][m] = word i of the state of message m after these blocks; must not overlap data
 */
void sha256_x86_sixteen(uint32_t words[8][16], const uint8_t *const data[16], size_t blocks);

#endif
