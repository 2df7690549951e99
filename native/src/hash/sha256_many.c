/*
 * SHA-256 of many messages: as many side by side as the processor takes.
 */
#include "common/clear.h"
#include "hash/sha256_group_x86.h"
#include "hash/sha256_together.h"

/* One job by itself. */
static void alone(const struct sha256 *start, const struct sha256_job *job)
{
    struct sha256 hash = *start;

    sha256_update(&hash, job->data, job->length);
    sha256_end(&hash, job->digest);
    memory_clear(&hash, sizeof hash);
}

void sha256_together(const struct sha256 *start, const struct sha256_job *jobs, size_t count)
{
    while (count) {
        size_t done = 0;
#if defined(__x86_64__)
        done = sha256_x86_group(start, jobs, count);
#endif
        if (done == 0) {
            alone(start, jobs);
            done = 1;
        }
        jobs += done;
        count -= done;
    }
}

void sha256_together_pages(const struct sha256 *start, const uint8_t *data, size_t length, size_t size,
                           uint8_t *digests)
{
    struct sha256_job jobs[SHA256_TOGETHER];

    while (length) {
        size_t count = 0;
        for (; count < SHA256_TOGETHER && length; count++, digests += SHA256_DIGEST) {
            const size_t page = length < size ? length : size;
            jobs[count] = (struct sha256_job){data, page, digests};
            data += page;
            length -= page;
        }
        sha256_together(start, jobs, count);
    }
}

void sha256_many(const struct sha256_job *jobs, size_t count)
{
    struct sha256 start;

    sha256_begin(&start);
    sha256_together(&start, jobs, count);
}

void sha256_pages(const uint8_t *data, size_t count, size_t size, uint8_t *digests)
{
    struct sha256 start;

    sha256_begin(&start);
    if (size)
        sha256_together_pages(&start, data, count * size, size, digests);
    for (; size == 0 && count; count--, digests += SHA256_DIGEST)
        sha256_hash(NULL, 0, digests);
}
