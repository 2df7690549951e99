/*
 * AES on bit planes, two blocks at once.
 *
 * Bit 8 * row + 2 * column + block of plane p is bit p of that byte of that block.  Then ShiftRows rotates each
 * byte of a plane by twice its number, MixColumns' next row is a rotation of the plane by 8, and SubBytes is
 * aes_substitute() for all 32 bytes.  Round keys have the same form, and the S-box's constant in them.
 */
#include "aes/aes_slice.h"

#include "aes/aes_planes.h"
#include "common/bytes.h"
#include "common/clear.h"

#define SBOX_CONSTANT 0x63u

/* The planes of two blocks. */
static void pack(uint32_t q[8], const uint8_t in[AES_PAIR])
{
    for (int i = 0; i < 8; i++) /* q[2 * column + block], row 0 in the low byte */
        q[i] = load_le32(in + 4 * (i >> 1) + AES_BLOCK * (i & 1));
    aes_transpose(q);
}

static void unpack(uint8_t out[AES_PAIR], uint32_t q[8])
{
    aes_transpose(q);
    for (int i = 0; i < 8; i++)
        store_le32(out + 4 * (i >> 1) + AES_BLOCK * (i & 1), q[i]);
}

static void add_round_key(uint32_t q[8], const uint32_t key[8])
{
    for (int p = 0; p < 8; p++)
        q[p] ^= key[p];
}

/* The bits of x in the bytes' places `keep` move down by n, the others up by 8 - n: part of a rotation of bytes. */
static inline uint32_t turn(uint32_t x, int n, uint32_t keep, uint32_t rest)
{
    return (x >> n & keep) | (x << (8 - n) & rest);
}

/* Row r, byte r of each plane, by r columns, two bits each (section 5.1.2). */
static void shift_rows(uint32_t q[8])
{
    for (int p = 0; p < 8; p++)
        q[p] = (q[p] & 0x000000ff) | turn(q[p], 2, 0x00003f00, 0x0000c000) |
               turn(q[p], 4, 0x000f0000, 0x00f00000) | turn(q[p], 6, 0x03000000, 0xfc000000);
}

static void inverse_shift_rows(uint32_t q[8])
{
    for (int p = 0; p < 8; p++)
        q[p] = (q[p] & 0x000000ff) | turn(q[p], 6, 0x00000300, 0x0000fc00) |
               turn(q[p], 4, 0x000f0000, 0x00f00000) | turn(q[p], 2, 0x3f000000, 0xc0000000);
}

/* Each byte times 2 in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1 (section 4.2.1). */
static inline void times_two(uint32_t q[8])
{
    const uint32_t high = q[7];
    for (int p = 7; p > 0; p--)
        q[p] = q[p - 1];
    q[0] = high, q[1] ^= high, q[3] ^= high, q[4] ^= high;
}

/* Section 5.1.3: 2a + 3b + c + d, with a + b as s: 2s + b + (c + d), and c + d is s two rows on. */
static void mix_columns(uint32_t q[8])
{
    uint32_t sum[8];
    for (int p = 0; p < 8; p++) {
        const uint32_t next = aes_turn(q[p], 8);
        sum[p] = q[p] ^ next;
        q[p] = next ^ aes_turn(sum[p], 16);
    }
    times_two(sum);
    add_round_key(q, sum); /* XOR */
}

/* Section 5.3.3: the matrix is that of 5.1.3 times (5 0 4 0), that is, a + 4(a + c) first. */
static void inverse_mix_columns(uint32_t q[8])
{
    uint32_t sum[8];
    for (int p = 0; p < 8; p++)
        sum[p] = q[p] ^ aes_turn(q[p], 16);
    times_two(sum);
    times_two(sum);
    add_round_key(q, sum);
    mix_columns(q);
}

/* The inverse of the S-box's affine map, less constants (FIPS 197, section 5.3.2). */
static void inverse_affine(uint32_t q[8])
{
    uint32_t x[8];
    for (int p = 0; p < 8; p++)
        x[p] = q[(p + 2) & 7] ^ q[(p + 5) & 7] ^ q[(p + 7) & 7];
    memcpy(q, x, sizeof x);
}

/* InvSubBytes of what aes_substitute() gives: inversion, which is the S-box between two inverse affine maps. */
static void inverse_sbox(uint32_t q[8])
{
    inverse_affine(q);
    aes_substitute(q, 1);
    inverse_affine(q);
}

void aes_slice_encrypt(const struct aes *aes, const uint8_t in[AES_PAIR], uint8_t out[AES_PAIR])
{
    uint32_t q[8];

    pack(q, in);
    add_round_key(q, aes->words);
    for (uint32_t round = 1; round <= aes->rounds; round++) {
        aes_substitute(q, 1);
        shift_rows(q);
        if (round < aes->rounds)
            mix_columns(q);
        add_round_key(q, aes->words + 8 * round);
    }
    unpack(out, q);
    memory_clear(q, sizeof q);
}

void aes_slice_decrypt(const struct aes *aes, const uint8_t in[AES_PAIR], uint8_t out[AES_PAIR])
{
    uint32_t q[8];

    pack(q, in);
    for (uint32_t round = aes->rounds; round > 0; round--) {
        add_round_key(q, aes->words + 8 * round);
        if (round < aes->rounds)
            inverse_mix_columns(q);
        inverse_shift_rows(q);
        inverse_sbox(q);
    }
    add_round_key(q, aes->words);
    unpack(out, q);
    memory_clear(q, sizeof q);
}

/* SubWord (section 5.2). */
static uint32_t substitute(uint32_t word)
{
    uint32_t q[8] = {word};
    aes_transpose(q);
    aes_substitute(q, 1);
    aes_transpose(q);
    return q[0] ^ 0x01010101 * SBOX_CONSTANT;
}

/* A round key from words to planes: the same for both blocks. */
static void slice_key(uint32_t at[8], const uint32_t words[4], uint32_t constant)
{
    for (int i = 0; i < 8; i++)
        at[i] = words[i >> 1] ^ 0x01010101 * constant;
    aes_transpose(at);
}

/* Section 5.2.  The words pass through a window of eight, and leave it as planes, four at a time. */
void aes_slice_begin(struct aes *aes, const uint8_t *key, size_t size)
{
    const uint32_t step = (uint32_t)size / 4;
    uint32_t window[8], constant = 1;

    aes->rounds = step + 6;
    for (uint32_t i = 0; i < 4 * (aes->rounds + 1); i++) {
        uint32_t *word = &window[i % 8];
        if (i < step)
            *word = load_le32(key + 4 * i);
        else {
            uint32_t last = window[(i - 1) % 8];
            if (i % step == 0) {
                last = substitute(aes_turn(last, 8)) ^ constant;
                constant = constant << 1 ^ (constant >> 7) * 0x11b;
            } else if (i % step == 4)
                last = substitute(last);
            *word = window[(i - step) % 8] ^ last;
        }
        if (i % 4 == 3)
            slice_key(aes->words + 2 * (i - 3), &window[(i - 3) % 8], i > 3 ? SBOX_CONSTANT : 0);
    }
    memory_clear(window, sizeof window);
}
