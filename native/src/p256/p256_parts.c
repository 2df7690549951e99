/*
 * Numbers modulo the order, as the protocol meets them: in 32 bytes.
 */
#include "p256/p256_parts.h"

#include "common/clear.h"
#include "common/decision.h"
#include "p256/number.h"

/* First x - n must borrow and x not be zero; then n - 1 - x and x - 1 must not borrow. */
verdict p256_in_range(const uint8_t number[32])
{
    static const uint32_t one[8] = {1};
    uint32_t x[8], rest[8];

    number_load(x, number);
    const uint32_t first = number_is_zero(x) | (number_subtract(rest, x, P256_ORDER) ^ 1);

    number_load(x, number);
    uint32_t second = number_subtract(rest, P256_ORDER, one);
    second |= number_subtract(rest, rest, x);
    second |= number_subtract(rest, x, one);
    const verdict result = decision_both(decision_is(first, 0), decision_is(second, 0));
    memory_clear(x, sizeof x), memory_clear(rest, sizeof rest);
    return result;
}

void p256_reduce(uint8_t r[32], const uint8_t x[32])
{
    uint32_t number[8];
    number_load(number, x);
    number_reduce(number, 0, number, P256_ORDER);
    number_store(r, number);
    memory_clear(number, sizeof number);
}
