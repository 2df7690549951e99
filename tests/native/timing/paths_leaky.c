/*
 * What constant-time code must not do, done: each of these must be caught by whatever watches the others.
 */
#include "paths.h"

static const uint8_t KNOWN[64] = {1, 2, 3};
static volatile uint32_t sink;

/* A table of a substitution, its entries far enough apart to lie in different cache lines. */
static uint8_t box[256];
static uint32_t multiples[16][16];

/* A comparison that ends at the first difference. */
static void leaky_compare(const uint8_t *secret)
{
    for (volatile int i = 0; i < 64; i++)
        if (secret[i] != KNOWN[i])
            return;
}

/* An S-box that is looked up. */
static void leaky_box(const uint8_t *secret)
{
    for (int i = 0; i < 16; i++)
        sink = ((const volatile uint8_t *)box)[secret[i]];
}

/* Double and add, as the book has it. */
static void leaky_bits(const uint8_t *secret)
{
    uint32_t sum = 1;
    for (int bit = 0; bit < 256; bit++) {
        sum = sum * 2 + 1;
        if (secret[bit / 8] >> bit % 8 & 1)
            sink = sum *= 3;
    }
    sink = sum;
}

/* A window of the nonce that indexes a table of points. */
static void leaky_window(const uint8_t *secret)
{
    for (int i = 0; i < 32; i++)
        sink = ((const volatile uint32_t *)multiples[secret[i] & 15])[3];
}

const struct path PATHS_LEAKY[] = {
    {"leaky_compare", leaky_compare}, {"leaky_box", leaky_box}, {"leaky_bits", leaky_bits},
    {"leaky_window", leaky_window}, {NULL, NULL},
};
