/*
 * Counter mode: the counter, and which code makes the key stream.
 */
#include "aes/ctr.h"

#include "aes/aes_code.h"
#include "aes/aes_slice.h"
#include "common/bytes.h"
#include "common/clear.h"

/* counter + n, big-endian, in its last `size` bytes (4 or 16).  Branches on the counter, which is public. */
static void count(uint8_t counter[AES_BLOCK], uint32_t n, size_t size)
{
    for (size_t at = AES_BLOCK - 4; n && at + size >= AES_BLOCK; at -= 4) {
        const uint32_t sum = load_be32(counter + at) + n;
        store_be32(counter + at, sum);
        n = sum < n;
    }
}

static void sliced(const struct aes *aes, uint8_t counter[AES_BLOCK], size_t size, const uint8_t *in, uint8_t *out,
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

void aes_ctr(const struct aes *aes, uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out, size_t length)
{
    sliced(aes, counter, AES_BLOCK, in, out, length);
}

void aes_ctr32(const struct aes *aes, uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out, size_t length)
{
    sliced(aes, counter, 4, in, out, length);
}
