/*
 * Counter mode: the counter, and which code makes the key stream.
 */
#include "aes/ctr.h"

#include "aes/aes_code.h"
#include "aes/aes_fast.h"
#include "aes/aes_slice.h"
#include "aes/aes_wide.h"
#include "common/bytes.h"
#include "common/clear.h"

/* counter + n, big-endian, in its last `size` bytes (4 or 16), in constant time. */
static void count(uint8_t counter[AES_BLOCK], uint32_t n, size_t size)
{
    for (uint8_t *word = counter + AES_BLOCK; size > 0; size -= 4) {
        word -= 4;
        const uint64_t sum = (uint64_t)load_be32(word) + n;
        store_be32(word, (uint32_t)sum);
        n = (uint32_t)(sum >> 32);
    }
}

/* Up to one block.  The one length for which nothing depends on the counter, which may be secret (gcm.c). */
static void single(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
                   size_t length)
{
    uint8_t stream[AES_BLOCK];

    aes_encrypt(aes, counter, stream);
    count(counter, length > 0, size);
    for (size_t i = 0; i < length; i++)
        out[i] = in[i] ^ stream[i];
    memory_clear(stream, sizeof stream);
}

/* Any length, two blocks at a time. */
static void by_pairs(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
                     size_t length)
{
    uint8_t stream[AES_PAIR];

    while (length) {
        const size_t taken = length < AES_PAIR ? length : AES_PAIR;
        memcpy(stream, counter, AES_BLOCK);
        count(counter, 1, size);
        memcpy(stream + AES_BLOCK, counter, AES_BLOCK);
        count(counter, taken > AES_BLOCK, size);
        aes_slice_encrypt(aes, stream, stream);
        for (size_t i = 0; i < taken; i++)
            out[i] = in[i] ^ stream[i];
        in += taken, out += taken, length -= taken;
    }
    memory_clear(stream, sizeof stream);
}

/* Eight blocks at a time, by counters from a multiple of 8 on; of the first and the last eight some may be left out. */
static void by_eights(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
                      size_t length)
{
    struct aes_wide wide;
    uint8_t stream[AES_EIGHT], first[AES_BLOCK];

    aes_wide_begin(&wide, aes);
    while (length) {
        const size_t skipped = AES_BLOCK * (counter[AES_BLOCK - 1] % 8u), room = AES_EIGHT - skipped;
        const size_t taken = length < room ? length : room;
        if (taken == AES_EIGHT)
            aes_wide_crypt(&wide, counter, in, out);
        else {
            memcpy(first, counter, AES_BLOCK);
            first[AES_BLOCK - 1] &= 0xf8;
            memset(stream, 0, sizeof stream);
            aes_wide_crypt(&wide, first, stream, stream);
            for (size_t i = 0; i < taken; i++)
                out[i] = in[i] ^ stream[skipped + i];
        }
        count(counter, (uint32_t)(taken + AES_BLOCK - 1) / AES_BLOCK, size);
        in += taken, out += taken, length -= taken;
    }
    memory_clear(stream, sizeof stream);
    memory_clear(&wide, sizeof wide);
}

/* Making a key ready for eight blocks costs as much as two blocks. */
static void sliced(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
                   size_t length)
{
    if (length > 4 * AES_BLOCK)
        by_eights(aes, counter, size, in, out, length);
    else
        by_pairs(aes, counter, size, in, out, length);
}

#if defined(AES_FAST)

/* In runs, within which the last 31 bits of the counter do not overflow. */
static void accelerated(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
                        size_t length)
{
    for (size_t blocks = length / AES_BLOCK; blocks;) {
        const uint32_t room = 0x80000000 - (load_be32(counter + 12) & 0x7fffffff);
        const size_t run = blocks < room ? blocks : room;
        aes_fast_ctr(aes, counter, in, out, run);
        count(counter, (uint32_t)run, size);
        in += AES_BLOCK * run, out += AES_BLOCK * run, blocks -= run;
    }
    if (length % AES_BLOCK)
        single(aes, counter, size, in, out, length % AES_BLOCK);
}

#endif

static void crypt(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
                  size_t length)
{
    if (length <= AES_BLOCK) {
        single(aes, counter, size, in, out, length);
        return;
    }
#if defined(AES_FAST)
    if (aes->code != AES_SLICED) {
        accelerated(aes, counter, size, in, out, length);
        return;
    }
#endif
    sliced(aes, counter, size, in, out, length);
}

void aes_ctr(const struct aes *aes, uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out, size_t length)
{
    crypt(aes, counter, AES_BLOCK, in, out, length);
}

void aes_ctr32(const struct aes *aes, uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out, size_t length)
{
    crypt(aes, counter, 4, in, out, length);
}
