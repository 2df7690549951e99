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

/* Which code runs: 1 if the processor's own SHA-256 instructions, 0 if portable C. */
int sha256_is_accelerated(void);

/* As sha256_hash(), by portable C whatever the processor offers: for tests and comparison. */
void sha256_hash_portable(const uint8_t *data, size_t length, uint8_t digest[SHA256_DIGEST]);

#endif
