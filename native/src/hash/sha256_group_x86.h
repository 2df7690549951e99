/*
 * SHA-256 of some messages side by side on x86: two by the SHA extensions, sixteen by AVX-512.
 */
#ifndef ARMILLARY_SHA256_GROUP_X86_H
#define ARMILLARY_SHA256_GROUP_X86_H

#include "hash/sha256.h"

/*
 * Hash the first few of these jobs, as many as go together.
 *
 * in:  as sha256_together(); count > 0
 * Returns how many were done; 0 if the first has to be hashed alone
 */
size_t sha256_x86_group(const struct sha256 *start, const struct sha256_job *jobs, size_t count);

#endif
