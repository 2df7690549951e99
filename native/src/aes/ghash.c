/*
 * GHASH by ordinary multiplications of integers with holes.
 *
 * Of a product of polynomials over GF(2) an integer multiplication gives the right sums, but with carries.  If
 * only every fourth bit of each factor may be set, at most eight ones meet in one place, and a carry does
 * not reach the next place that counts.  Sixteen such multiplications give the product of 32 by 32 bits.  They take
 * the same time for all values on every processor this runs on without instructions of its own for it (Cortex-M4's
 * UMULL and x86's MUL do; Cortex-M3's UMULL does not).
 */
#include "aes/ghash.h"

#include "common/bytes.h"
#include "common/clear.h"

/* A polynomial of degree below 128, the lowest word first.  GHASH's first bit, x^0, is the highest bit of word 3. */
struct element {
    uint32_t w[4];
};

#define EVERY_FOURTH 0x1111111111111111ull

static inline uint64_t multiply_holed(uint32_t x, uint32_t y)
{
    return (uint64_t)x * y;
}

/* The product of two polynomials of degree below 32.  The bits that are i modulo 4 come of factors' that add up to i. */
static uint64_t multiply_word(uint32_t x, uint32_t y)
{
    const uint32_t a = x & 0x11111111, b = x & 0x22222222, c = x & 0x44444444, d = x & 0x88888888;
    const uint32_t e = y & 0x11111111, f = y & 0x22222222, g = y & 0x44444444, h = y & 0x88888888;
    uint64_t product, sum;

    sum = multiply_holed(a, e) ^ multiply_holed(b, h) ^ multiply_holed(c, g) ^ multiply_holed(d, f);
    product = sum & EVERY_FOURTH;
    sum = multiply_holed(a, f) ^ multiply_holed(b, e) ^ multiply_holed(c, h) ^ multiply_holed(d, g);
    product |= sum & EVERY_FOURTH << 1;
    sum = multiply_holed(a, g) ^ multiply_holed(b, f) ^ multiply_holed(c, e) ^ multiply_holed(d, h);
    product |= sum & EVERY_FOURTH << 2;
    sum = multiply_holed(a, h) ^ multiply_holed(b, g) ^ multiply_holed(c, f) ^ multiply_holed(d, e);
    return product | (sum & EVERY_FOURTH << 3);
}

/* The product of two polynomials of two words each, by Karatsuba: three multiplications instead of four. */
static void multiply_two(uint32_t z[4], const uint32_t a[2], const uint32_t b[2])
{
    const uint64_t low = multiply_word(a[0], b[0]), high = multiply_word(a[1], b[1]);
    const uint64_t middle = multiply_word(a[0] ^ a[1], b[0] ^ b[1]) ^ low ^ high;

    z[0] = (uint32_t)low;
    z[1] = (uint32_t)(low >> 32) ^ (uint32_t)middle;
    z[2] = (uint32_t)high ^ (uint32_t)(middle >> 32);
    z[3] = (uint32_t)(high >> 32);
}

/* The same for four words each. */
static void multiply_four(uint32_t z[8], const uint32_t a[4], const uint32_t b[4])
{
    const uint32_t sum_a[2] = {a[0] ^ a[2], a[1] ^ a[3]}, sum_b[2] = {b[0] ^ b[2], b[1] ^ b[3]};
    uint32_t middle[4];

    multiply_two(z, a, b);
    multiply_two(z + 4, a + 2, b + 2);
    multiply_two(middle, sum_a, sum_b);
    for (int i = 0; i < 4; i++)
        middle[i] ^= z[i] ^ z[i + 4];
    for (int i = 0; i < 4; i++)
        z[i + 2] ^= middle[i];
}

/*
 * z modulo x^128 + x^7 + x^2 + x + 1 (section 6.3).
 *
 * The order of bits is reversed: z, of 255 bits, must first move up by one; then words 0 to 3 hold x^255..x^128, and
 * each goes where it belongs four words up, once as it is and three times moved on.
 */
static void reduce(struct element *x, uint32_t z[8])
{
    for (int i = 7; i > 0; i--)
        z[i] = z[i] << 1 | z[i - 1] >> 31;
    z[0] <<= 1;
    for (int i = 0; i < 4; i++) {
        const uint32_t w = z[i];
        z[i + 4] ^= w ^ w >> 1 ^ w >> 2 ^ w >> 7;
        z[i + 3] ^= w << 31 ^ w << 30 ^ w << 25;
    }
    memcpy(x->w, z + 4, sizeof x->w);
}

static void load(struct element *x, const uint8_t block[16])
{
    for (int i = 0; i < 4; i++)
        x->w[i] = load_be32(block + 12 - 4 * i);
}

void ghash(uint8_t hash[16], const uint8_t h[16], const uint8_t *data, size_t blocks)
{
    struct element state, key, block;
    uint32_t product[8];

    load(&state, hash);
    load(&key, h);
    for (; blocks; blocks--, data += 16) {
        load(&block, data);
        for (int i = 0; i < 4; i++)
            state.w[i] ^= block.w[i];
        multiply_four(product, state.w, key.w);
        reduce(&state, product);
    }
    for (int i = 0; i < 4; i++)
        store_be32(hash + 12 - 4 * i, state.w[i]);
    memory_clear(&state, sizeof state);
    memory_clear(&key, sizeof key);
    memory_clear(&block, sizeof block);
    memory_clear(product, sizeof product);
}
