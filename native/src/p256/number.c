/*
 * Numbers of 256 bits in portable C: each word through 64 bits, which hold its carry.
 */
#include "p256/number.h"

#include "common/bytes.h"
#include "common/clear.h"

const uint32_t P256_ORDER[NUMBER_WORDS] = {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad,
                                           0xffffffff, 0xffffffff, 0x00000000, 0xffffffff};

void number_load(uint32_t x[8], const uint8_t bytes[32])
{
    for (int i = 0; i < 8; i++)
        x[i] = load_be32(bytes + 28 - 4 * i);
}

void number_store(uint8_t bytes[32], const uint32_t x[8])
{
    for (int i = 0; i < 8; i++)
        store_be32(bytes + 28 - 4 * i, x[i]);
}

uint32_t number_add(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++) {
        sum += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)sum;
        sum >>= 32;
    }
    return (uint32_t)sum;
}

uint32_t number_subtract(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t borrow = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t difference = (uint64_t)a[i] - b[i] - borrow;
        r[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 63);
    }
    return borrow;
}

void number_select(uint32_t r[8], mask m, const uint32_t a[8], const uint32_t b[8])
{
    for (int i = 0; i < 8; i++)
        r[i] = mask_select(m, a[i], b[i]);
}

mask number_is_zero(const uint32_t x[8])
{
    uint32_t any = 0;
    for (int i = 0; i < 8; i++)
        any |= x[i];
    return mask_is_zero(any);
}

uint32_t number_differs(const uint32_t a[8], const uint32_t b[8])
{
    uint32_t any = 0;
    for (int i = 0; i < 8; i++)
        any |= a[i] ^ b[i];
    return any;
}

void number_reduce(uint32_t r[8], uint32_t top, const uint32_t a[8], const uint32_t m[8])
{
    uint32_t less[8];
    uint32_t borrow = number_subtract(less, a, m);

    /* It was below m if the subtraction borrows more than there is at the top. */
    number_select(r, mask_of_bit(borrow & (top ^ 1)), a, less);
    memory_clear(less, sizeof less);
}
