/*
 * AES: which code does it.
 */
#include "aes/aes.h"

#include "aes/aes_code.h"
#include "aes/aes_slice.h"
#include "common/clear.h"
#include "common/cpu.h"

#include <string.h>

void aes_begin(struct aes *aes, const uint8_t *key, size_t size)
{
    aes->code = AES_SLICED;
    aes_slice_begin(aes, key, size);
}

void aes_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    uint8_t pair[AES_PAIR] = {0};

    memcpy(pair, in, AES_BLOCK);
    aes_slice_encrypt(aes, pair, pair);
    memcpy(out, pair, AES_BLOCK);
    memory_clear(pair, sizeof pair);
}

void aes_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    uint8_t pair[AES_PAIR] = {0};

    memcpy(pair, in, AES_BLOCK);
    aes_slice_decrypt(aes, pair, pair);
    memcpy(out, pair, AES_BLOCK);
    memory_clear(pair, sizeof pair);
}
