/*
 * AES: which code does it.
 */
#include "aes/aes.h"

#include "aes/aes_code.h"
#include "aes/aes_fast.h"
#include "aes/aes_slice.h"
#include "common/clear.h"
#include "common/cpu.h"

#include <string.h>

void aes_begin(struct aes *aes, const uint8_t *key, size_t size)
{
#if defined(AES_FAST)
    if (cpu_features() & CPU_AES) {
        aes->code = cpu_features() & CPU_VAES ? AES_512 : AES_128;
        aes_fast_begin(aes, key, size);
        return;
    }
#endif
    aes->code = AES_SLICED;
    aes_slice_begin(aes, key, size);
}

void aes_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    uint8_t pair[AES_PAIR] = {0};

#if defined(AES_FAST)
    if (aes->code != AES_SLICED) {
        aes_fast_encrypt(aes, in, out);
        return;
    }
#endif
    memcpy(pair, in, AES_BLOCK);
    aes_slice_encrypt(aes, pair, pair);
    memcpy(out, pair, AES_BLOCK);
    memory_clear(pair, sizeof pair);
}

void aes_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    uint8_t pair[AES_PAIR] = {0};

#if defined(AES_FAST)
    if (aes->code != AES_SLICED) {
        aes_fast_decrypt(aes, in, out);
        return;
    }
#endif
    memcpy(pair, in, AES_BLOCK);
    aes_slice_decrypt(aes, pair, pair);
    memcpy(out, pair, AES_BLOCK);
    memory_clear(pair, sizeof pair);
}
