/*
 * A run of the C code on memory of exactly the stated sizes, to be built with the address and
 * undefined-behaviour sanitisers.  Prints "ok" if the two implementations of SHA-256 agree, however
 * the data is cut, and comparison and clearing keep to their bounds.
 */
#include "common/clear.h"
#include "common/compare.h"
#include "common/cpu.h"
#include "hash/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 600

static void fail(const char *what, size_t length)
{
    printf("%s at length %zu\n", what, length);
    exit(1);
}

/* Heap memory of exactly `length` bytes, so that one byte too far is seen. */
static uint8_t *exactly(size_t length)
{
    uint8_t *memory = malloc(length ? length : 1);
    if (!memory)
        fail("no memory", length);
    for (size_t i = 0; i < length; i++)
        memory[i] = (uint8_t)(i * 7 + length);
    return memory;
}

static void stream(const uint8_t *data, size_t length, size_t step, uint8_t digest[SHA256_DIGEST])
{
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_update(&hash, NULL, 0);
    for (size_t at = 0; at < length; at += step)
        sha256_update(&hash, data + at, length - at < step ? length - at : step);
    sha256_end(&hash, digest);
}

static void check_hash(size_t length)
{
    uint8_t *data = exactly(length), *one = exactly(SHA256_DIGEST), *other = exactly(SHA256_DIGEST);

    cpu_restrict(0);
    sha256_hash(length ? data : NULL, length, one);
    cpu_restrict(~0u);
    sha256_hash(length ? data : NULL, length, other);
    if (memcmp(one, other, SHA256_DIGEST))
        fail("the implementations differ", length);
    for (size_t step = 1; step <= 130; step += 43) {
        stream(data, length, step, other);
        if (memcmp(one, other, SHA256_DIGEST))
            fail("cutting matters", length);
    }
    if (length >= SHA256_DIGEST) {
        sha256_hash(data, length, data); /* the digest may overlap the data */
        if (memcmp(one, data, SHA256_DIGEST))
            fail("overlap matters", length);
    }
    free(data), free(one), free(other);
}

static void check_memory(size_t length)
{
    uint8_t *a = exactly(length), *b = exactly(length);

    if (!memory_equal(a, b, length))
        fail("equals differ", length);
    for (size_t i = 0; i < length; i++) {
        b[i] ^= 0x80;
        if (memory_equal(a, b, length))
            fail("a difference is missed", length);
        b[i] ^= 0x80;
    }
    memory_clear(a, length);
    for (size_t i = 0; i < length; i++)
        if (a[i])
            fail("not cleared", length);
    free(a), free(b);
}

int main(void)
{
    for (size_t length = 0; length <= LONGEST; length++)
        check_hash(length);
    for (size_t length = 0; length <= 100; length++)
        check_memory(length);
    printf("ok\n");
    return 0;
}
