/*
 * AES key wrap, the in-place form of RFC 3394, sections 2.2.1 and 2.2.2.
 */
#include "aes/keywrap.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "common/decision.h"
#include "common/declassify.h"

#define SEMIBLOCK 8

static const uint8_t INITIAL[SEMIBLOCK] = {0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6}; /* section 2.2.3.1 */

/* block = A | R[i]; A takes the number of the step. */
static void count(uint8_t block[AES_BLOCK], uint32_t step)
{
    store_be32(block + 4, load_be32(block + 4) ^ step);
}

verdict keywrap(const uint8_t *kek, size_t size, const uint8_t *key, size_t length, uint8_t *wrapped)
{
    struct aes aes;
    uint8_t block[AES_BLOCK];
    uint32_t step = 1;

    if (length % SEMIBLOCK || length < 2 * SEMIBLOCK || length > KEYWRAP_MOST)
        return VERDICT_REJECT;
    aes_begin(&aes, kek, size);
    memcpy(block, INITIAL, SEMIBLOCK);
    memmove(wrapped + SEMIBLOCK, key, length);
    for (int pass = 0; pass < 6; pass++)
        for (uint8_t *r = wrapped + SEMIBLOCK; r <= wrapped + length; r += SEMIBLOCK, step++) {
            memcpy(block + SEMIBLOCK, r, SEMIBLOCK);
            aes_encrypt(&aes, block, block);
            memcpy(r, block + SEMIBLOCK, SEMIBLOCK);
            count(block, step);
        }
    memcpy(wrapped, block, SEMIBLOCK);
    memory_clear(&aes, sizeof aes);
    memory_clear(block, sizeof block);
    return VERDICT_ACCEPT;
}

/* All steps backwards, over key[0..length).  in: block begins with the last A.  out: it begins with the first. */
static void unwind(const struct aes *aes, uint8_t block[AES_BLOCK], uint8_t *key, size_t length)
{
    uint32_t step = (uint32_t)(6 * length / SEMIBLOCK);

    for (int pass = 0; pass < 6; pass++)
        for (size_t at = length; at > 0; at -= SEMIBLOCK, step--) {
            count(block, step);
            memcpy(block + SEMIBLOCK, key + at - SEMIBLOCK, SEMIBLOCK);
            aes_decrypt(aes, block, block);
            memcpy(key + at - SEMIBLOCK, block + SEMIBLOCK, SEMIBLOCK);
        }
}

verdict keyunwrap(const uint8_t *kek, size_t size, const uint8_t *wrapped, size_t length, uint8_t *key)
{
    struct aes aes;
    uint8_t block[AES_BLOCK];
    verdict result = VERDICT_REJECT;

    if (length % SEMIBLOCK || length < 3 * SEMIBLOCK || length > KEYWRAP_MOST + SEMIBLOCK) {
        if (length > SEMIBLOCK)
            memory_clear(key, length - SEMIBLOCK);
        return result;
    }
    aes_begin(&aes, kek, size);
    memcpy(block, wrapped, SEMIBLOCK);
    memmove(key, wrapped + SEMIBLOCK, length - SEMIBLOCK);
    unwind(&aes, block, key, length - SEMIBLOCK);
    result = declassify_word(decision_equal(block, INITIAL, SEMIBLOCK)); /* whether it is refused may be known */
    if (result != VERDICT_ACCEPT)
        memory_clear(key, length - SEMIBLOCK);
    memory_clear(&aes, sizeof aes);
    memory_clear(block, sizeof block);
    return result;
}
