/*
 * New key pairs.
 */
#include "p256/p256.h"

#include "common/clear.h"
#include "p256/number.h"

/* A candidate c is taken if c <= n - 2, and the key is c + 1 (FIPS 186-5, A.2.2): from 1 to n - 1. */
verdict p256_generate(struct drbg *random, uint8_t private_key[P256_PRIVATE], uint8_t public_key[P256_PUBLIC])
{
    static const uint32_t one[8] = {1};
    uint32_t number[8];
    verdict result;

    do {
        result = drbg_generate(random, private_key, P256_PRIVATE, NULL, 0);
        if (result != VERDICT_ACCEPT)
            break;
        number_load(number, private_key);
        (void)number_add(number, number, one);
        number_store(private_key, number);
        result = p256_public(private_key, public_key);
    } while (result != VERDICT_ACCEPT);

    if (result != VERDICT_ACCEPT) {
        memory_clear(private_key, P256_PRIVATE);
        memory_clear(public_key, P256_PUBLIC);
    }
    memory_clear(number, sizeof number);
    return result;
}
