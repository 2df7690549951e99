/*
 * The decisions as anybody would write them.  Right, and turned by one fault: what the sweep must find.
 */
#include "plain.h"

verdict plain_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    return memcmp(a, b, length) == 0 ? VERDICT_ACCEPT : VERDICT_REJECT;
}

verdict plain_at_least(uint64_t value, uint64_t floor)
{
    if (value < floor)
        return VERDICT_REJECT;
    return VERDICT_ACCEPT;
}

verdict plain_is(uint32_t state, uint32_t wanted)
{
    if (state != wanted)
        return VERDICT_REJECT;
    return VERDICT_ACCEPT;
}

verdict plain_both(verdict first, verdict second)
{
    if (first != VERDICT_ACCEPT)
        return VERDICT_REJECT;
    if (second != VERDICT_ACCEPT)
        return VERDICT_REJECT;
    return VERDICT_ACCEPT;
}
