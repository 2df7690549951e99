/*
 * Many messages side by side, each going on from the same hash in progress.
 */
#ifndef ARMILLARY_SHA256_TOGETHER_H
#define ARMILLARY_SHA256_TOGETHER_H

#include "hash/sha256.h"

/* As many messages as are worth handing over at once. */
#if defined(__x86_64__)
#define SHA256_TOGETHER 16
#else
#define SHA256_TOGETHER 1
#endif

/*
 * in:  *start, common to all; jobs[0..count) of any lengths; no digest may overlap another job's data
 * out: the digest of each: of what *start took and then the job's data
 */
void sha256_together(const struct sha256 *start, const struct sha256_job *jobs, size_t count);

/*
 * The same for consecutive pages of one size, of which the last may be shorter.
 *
 * in:  data[0..length), size > 0; digests must not overlap data
 * out: digests[32 * i .. 32 * i + 32) of page i
 */
void sha256_together_pages(const struct sha256 *start, const uint8_t *data, size_t length, size_t size,
                           uint8_t *digests);

#endif
