/*
 * LM-OTS: digits and chains of hashes.
 */
#include "lms/lmots.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "hash/sha256.h"

static const struct lmots_set SETS[] = {
    {32, 1, 265, 7}, {32, 2, 133, 6}, {32, 4, 67, 4}, {32, 8, 34, 0},
    {24, 1, 200, 8}, {24, 2, 101, 6}, {24, 4, 51, 4}, {24, 8, 26, 0},
};

#define TYPES (sizeof SETS / sizeof SETS[0])

struct lmots_set lmots_set_of(uint32_t type)
{
    const struct lmots_set none = {0, 0, 0, 0};

    return type >= 1 && type <= TYPES ? SETS[type - 1] : none;
}

uint32_t lmots_digit(const struct lmots_digits *digits, struct lmots_set set, uint32_t i)
{
    uint32_t bit = i * set.width;

    return (uint32_t)(digits->bytes[bit / 8] >> (8 - set.width - bit % 8)) & ((1u << set.width) - 1);
}

uint32_t lmots_checksum(struct lmots_digits *digits, struct lmots_set set)
{
    uint32_t sum = 0, most = (1u << set.width) - 1, count = 8u * set.size / set.width;

    for (uint32_t i = 0; i < count; i++)
        sum += most - lmots_digit(digits, set, i);
    digits->bytes[set.size] = (uint8_t)(sum << set.shift >> 8);
    digits->bytes[set.size + 1] = (uint8_t)(sum << set.shift);
    return sum;
}

/*
 * Two inputs take turns, each hashed into the other's value, and what was taken is erased at once.  Whose turn
 * it is, the count of steps says: counted without hashing, the next is an input of zeros; hashed without
 * counting, one that was erased.  What begins the chain is copied, and never stands where its end is looked
 * for; copying is counted too, lest a jump back bring it in again after the hashes were counted.
 */
void lmots_chain(struct lmots_set set, const struct lmots_place *place, uint32_t i, uint32_t from, uint32_t to,
                 const uint8_t *begin, uint8_t end[LMS_DIGEST_MOST], volatile uint32_t *steps)
{
    uint8_t input[2][LMOTS_PREFIX + LMS_DIGEST_MOST] = {{0}};
    uint32_t begun;

    for (uint32_t turn = 0; turn < 2; turn++) {
        memcpy(input[turn], place->bytes, sizeof place->bytes);
        input[turn][20] = (uint8_t)(i >> 8);
        input[turn][21] = (uint8_t)i;
    }
    memcpy(input[0] + LMOTS_PREFIX, begin, set.size);
    __asm__ volatile("" ::: "memory"); /* only then: */
    *steps += LMOTS_CHAIN_BEGUN;
    begun = *steps;
    for (uint32_t j = from; j < to; j++) {
        uint32_t now = (*steps ^ begun) & 1;
        input[now][22] = (uint8_t)j;
        sha256_hash(input[now], (size_t)LMOTS_PREFIX + set.size, input[1 - now] + LMOTS_PREFIX);
        memset(input[now] + LMOTS_PREFIX, 0, LMS_DIGEST_MOST);
        *steps += 1;
    }
    memcpy(end, input[(*steps ^ begun) & 1] + LMOTS_PREFIX, set.size);
    memory_clear(input, sizeof input); /* a signer's are secret */
}
