/*
 * SHA-256 (FIPS 180-4, section 6.2).
 *
 * The time taken depends on the length of the data only, never on its contents.
 */
#ifndef ARMILLARY_SHA256_H
#define ARMILLARY_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK 64
#define SHA256_DIGEST 32

/* A hash in progress.  Holds the data's last bytes: clear it with memory_clear() if they are secret. */
struct sha256 {
    uint32_t state[8];
    uint64_t length;             /* bytes taken so far */
    uint8_t block[SHA256_BLOCK]; /* the length % 64 bytes that do not yet fill a block */
};

/* Begin. out: *hash. */
void sha256_begin(struct sha256 *hash);

/*
 * Take more data.
 *
 * in:  *hash begun; data[0..length), may be NULL if length is 0, must not overlap *hash
 *      at most 2^61 - 1 bytes in all
 * out: *hash
 */
void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length);

/*
 * Finish.
 *
 * in:  *hash begun; digest must not overlap *hash
 * out: digest[0..32) = SHA-256 of all the data; *hash is unchanged and may take more
 */
void sha256_end(const struct sha256 *hash, uint8_t digest[SHA256_DIGEST]);

/*
 * Hash in one go; leaves no copy of the data behind.
 *
 * in:  data[0..length), may be NULL if length is 0
 * out: digest[0..32) = SHA-256(data); may overlap data
 */
void sha256_hash(const uint8_t *data, size_t length, uint8_t digest[SHA256_DIGEST]);

/* One of the buffers for sha256_many(). */
struct sha256_job {
    const uint8_t *data;
    size_t length;
    uint8_t *digest; /* 32 bytes */
};

/*
 * Hash many buffers at once, which is faster than one after the other.
 *
 * in:  jobs[0..count), of any lengths; no digest may overlap another job's data
 * out: the digest of every job
 */
void sha256_many(const struct sha256_job *jobs, size_t count);

/*
 * Hash consecutive pages of one size, as sha256_many() would.
 *
 * in:  data[0..count * size); digests must not overlap data
 * out: digests[32 * i .. 32 * i + 32) = SHA-256 of page i
 */
void sha256_pages(const uint8_t *data, size_t count, size_t size, uint8_t *digests);

#endif
