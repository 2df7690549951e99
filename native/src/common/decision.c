/*
 * Decisions in two halves, each of which decides by itself.
 *
 * VERDICT_ACCEPT, sealed, is the exclusive or of two halves.  One half comes from the data, the other from its complement
 * or in the opposite direction, and each also finds out whether the two belong together and the work was
 * done to its end.  A half that finds anything against acceptance inverts bits of its value, which no other
 * finding inverts.  The halves are functions of their own: a fault in one, be it a jump, spoils that one, and
 * the other still refuses.
 */
#include "common/decision.h"
#include "common/mask.h"

/* What a half is worth, and what its findings are: by the data, and by its order. */
struct half {
    verdict good;
    uint32_t by_data, by_order;
};

static const struct half FIRST = {0x69c3a53cu, 0x11224488u, 0x88114411u};

/* The other half, of a decision with this seal. */
static inline struct half second(uint32_t seal)
{
    const struct half half = {VERDICT_ACCEPT ^ 0x69c3a53cu ^ seal, 0x44881122u, 0x22448844u};
    return half;
}

#define HALF __attribute__((noinline)) static verdict

/* `x`, of which the compiler now knows nothing: a counter so hidden is counted, not calculated. */
static inline size_t hide(size_t x)
{
    __asm__("" : "+r"(x));
    return x;
}

/* `constant` unless x is zero. */
static inline uint32_t unless_zero(uint64_t x, uint32_t constant)
{
    return ~mask_is_zero(mask_hide((uint32_t)x | (uint32_t)(x >> 32))) & constant;
}

/* What the half is worth if both findings are zero. */
static inline verdict weigh(struct half half, uint64_t data, uint64_t order)
{
    const verdict weighed = mask_hide(half.good) ^ unless_zero(data, half.by_data);
    return mask_hide(weighed) ^ unless_zero(order, half.by_order);
}

/* volatile: memory is read again by the other half, whatever this one saw. */
HALF equal_upwards(const volatile uint8_t *a, const volatile uint8_t *b, size_t length, uintptr_t not_sum)
{
    uint32_t differs = 0;
    size_t done = 0;
    for (; done < length; done = hide(done + 1))
        differs |= (uint32_t)a[done] ^ b[done];
    return weigh(FIRST, differs, (((uintptr_t)a + (uintptr_t)b + done) ^ not_sum) + 1);
}

HALF equal_downwards(const volatile uint8_t *a, const volatile uint8_t *b, size_t length, uintptr_t not_sum)
{
    uint32_t agrees = 0xff;
    size_t done = 0;
    for (; done < length; done = hide(done + 1))
        agrees &= ~((uint32_t)a[length - 1 - done] ^ b[length - 1 - done]);
    return weigh(second(SEAL_EQUAL), agrees ^ 0xff, (((uintptr_t)a + (uintptr_t)b + done) ^ not_sum) + 1);
}

/*
 * in:  not_sum = ~(a + b + length)
 * out: VERDICT_ACCEPT, sealed, if so, and a[i] = b[i] for all i < length
 */
verdict decide_equal(const uint8_t *a, const uint8_t *b, size_t length, uintptr_t not_sum)
{
    const verdict first = equal_upwards(a, b, length, not_sum);
    return mask_hide(first) ^ equal_downwards(a, b, length, not_sum);
}

/* 1 if a < b, else 0. */
static inline uint32_t is_below(uint64_t a, uint64_t b)
{
    return (uint32_t)(((~a & b) | (~(a ^ b) & (a - b))) >> 63);
}

/* Zero if one is the complement of the other. */
static inline uint64_t no_complements(uint64_t x, uint64_t not_x)
{
    return (x ^ not_x) + 1;
}

HALF values_at_least(uint64_t value, uint64_t floor, uint64_t not_value, uint64_t not_floor)
{
    return weigh(FIRST, is_below(value, floor),
                 no_complements(value, not_value) | no_complements(floor, not_floor));
}

HALF complements_at_most(uint64_t value, uint64_t floor, uint64_t not_value, uint64_t not_floor)
{
    return weigh(second(SEAL_AT_LEAST), is_below(not_floor, not_value),
                 no_complements(not_value, value) | no_complements(not_floor, floor));
}

/* in: not_value = ~value, not_floor = ~floor.  out: VERDICT_ACCEPT, sealed, if so, and value >= floor. */
verdict decide_at_least(uint64_t value, uint64_t floor, uint64_t not_value, uint64_t not_floor)
{
    const verdict first = values_at_least(value, floor, not_value, not_floor);
    return mask_hide(first) ^ complements_at_most(value, floor, not_value, not_floor);
}

HALF values_are(uint32_t x, uint32_t y, uint32_t not_x, uint32_t not_y)
{
    return weigh(FIRST, x ^ y, ((x ^ not_x) + 1) | ((y ^ not_y) + 1));
}

HALF complements_are(uint32_t x, uint32_t y, uint32_t not_x, uint32_t not_y)
{
    return weigh(second(SEAL_IS), not_x ^ not_y, ((x ^ not_x) + 1) | ((y ^ not_y) + 1));
}

/* in: not_state = ~state, not_wanted = ~wanted.  out: VERDICT_ACCEPT, sealed, if so, and state = wanted. */
verdict decide_is(uint32_t state, uint32_t wanted, uint32_t not_state, uint32_t not_wanted)
{
    const verdict first = values_are(state, wanted, not_state, not_wanted);
    return mask_hide(first) ^ complements_are(state, wanted, not_state, not_wanted);
}

HALF differ_from_accept(verdict not_first, verdict not_second)
{
    return weigh(FIRST, not_first ^ ~VERDICT_ACCEPT, not_second ^ ~VERDICT_ACCEPT);
}

HALF distant_from_accept(verdict not_first, verdict not_second)
{
    return weigh(second(SEAL_BOTH), not_second + VERDICT_ACCEPT + 1, not_first + VERDICT_ACCEPT + 1);
}

/* in: not_first = ~first, not_second = ~second.  out: VERDICT_ACCEPT, sealed, if both accept. */
verdict decide_both(verdict not_first, verdict not_second)
{
    const verdict first = differ_from_accept(not_first, not_second);
    return mask_hide(first) ^ distant_from_accept(not_first, not_second);
}
