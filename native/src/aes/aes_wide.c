/*
 * AES on bit planes, eight blocks of a counter at once.
 *
 * A word holds one plane of one row.  Then MixColumns adds words as they are, ShiftRows is a rotation of a whole word,
 * which the processor gives away with another instruction, and all work is that of the gates.
 *
 * Two rounds are nearly free.  Where only the last byte of the counter changes, one byte changes in the first round,
 * and through it one column, that is, one byte of each row, in the second.  What all others come to is found once
 * (learn).  The first S-box is then one byte for each block, done for 32 blocks at once (substitute_counters); the
 * second four bytes, which is 32 bytes for eight blocks (two_rounds).  What is remembered is chosen by the counter,
 * which is public; nothing is indexed by what is secret.
 */
#include "aes/aes_wide.h"

#include "aes/aes_planes.h"
#include "common/bytes.h"
#include "common/clear.h"

#define ONES 0x01010101u

/* The planes of four bytes, each the same in eight blocks. */
static void spread(uint32_t plane[8], uint32_t bytes)
{
    for (int p = 0; p < 8; p++)
        plane[p] = (bytes >> p & ONES) * 0xff;
}

/* aes->words has planes of two blocks: bits 8 * row + 2 * column, and each once more. */
void aes_wide_begin(struct aes_wide *wide, const struct aes *aes)
{
    wide->rounds = aes->rounds;
    wide->is_known = 0;
    for (uint32_t round = 0; round <= aes->rounds; round++)
        for (int p = 0; p < 8; p++) {
            const uint32_t plane = aes->words[8 * round + (uint32_t)p] & 0x55 * ONES;
            for (int row = 0; row < 4; row++) { /* bits 0, 2, 4, 6 to 0, 8, 16, 24 */
                const uint32_t bits = (plane >> 8 * row & 0xff) * 0x41041;
                wide->keys[round][p][row] = (bits & ONES) * 0xff;
            }
        }
}

/* What the counter's first fifteen bytes, and the key, come to after two rounds. */
static void learn(struct aes_wide *wide, const uint8_t counter[AES_BLOCK])
{
    aes_rows s;

    for (uint32_t row = 0; row < 4; row++) {
        const uint8_t *at = counter + row;
        spread(s[row], (uint32_t)at[12] << 24 | (uint32_t)at[8] << 16 | (uint32_t)at[4] << 8 | at[0]);
        for (int p = 0; p < 8; p++)
            s[row][p] ^= wide->keys[0][p][row];
    }
    aes_substitute(s[0], 4);
    for (int p = 0; p < 8; p++)
        s[3][p] &= 0x00ffffff; /* the byte that changes */
    aes_mix_rows(s, wide->keys[1]);
    for (int p = 0; p < 8; p++)
        wide->column[p] = (s[0][p] & 0xff) | (s[1][p] & 0xff) << 8 | (s[2][p] & 0xff) << 16 | s[3][p] << 24;
    aes_substitute(s[0], 4);
    for (int row = 0; row < 4; row++)
        for (int p = 0; p < 8; p++)
            s[row][p] &= 0xffffff00; /* the column that changes */
    aes_mix_rows(s, wide->keys[2]);
    memcpy(wide->rest, s, sizeof s);
    memcpy(wide->upper, counter, sizeof wide->upper);
    memory_clear(s, sizeof s);
}

/*
 * SubBytes, in the first round, of the last byte of the 32 counters of a group: 32 * group and following.
 * out: bit j of byte i of the planes wide->box is of counter 32 * group + 8 * i + j.
 */
static void substitute_counters(struct aes_wide *wide, uint32_t group)
{
    for (uint32_t j = 0; j < 8; j++)
        wide->box[j] = (32 * group + j) * ONES + 0x18100800;
    aes_transpose(wide->box);
    for (int p = 0; p < 8; p++)
        wide->box[p] ^= (wide->keys[0][p][3] >> 24) * ONES;
    aes_substitute(wide->box, 1);
    wide->group = (uint8_t)group;
}

/* Times two, as it stands in section 4.2.1. */
static void times_two(uint32_t to[8], const uint32_t plane[8])
{
    for (int p = 1; p < 8; p++)
        to[p] = plane[p - 1];
    to[0] = plane[7], to[1] ^= plane[7], to[3] ^= plane[7], to[4] ^= plane[7];
}

/*
 * The state after two rounds, for eight blocks of which wide->box has the substitutes in byte `eight`.
 *
 * MixColumns gives the byte that changed (row 3) to rows 0, 1, 2, 3 of its column times 1, 1, 3, 2; in the second
 * round the column that changed, a byte of which goes to each column: to its own row there times 2, to the row above
 * times 3, to the others times 1.
 */
static void two_rounds(const struct aes_wide *wide, aes_rows s, uint32_t eight)
{
    uint32_t once[8], twice[8];

    for (int p = 0; p < 8; p++)
        once[p] = wide->box[p] >> 8 * eight & 0xff;
    times_two(twice, once);
    for (int p = 0; p < 8; p++)
        once[p] = wide->column[p] ^ once[p] * 0x010101 ^ twice[p] * 0x01010000;
    aes_substitute(once, 1);
    for (int p = 0; p < 8; p++) /* ShiftRows: row r to column -r */
        once[p] = (once[p] & 0x00ff00ff) | (once[p] >> 16 & 0xff00) | (once[p] & 0xff00) << 16;
    times_two(twice, once);
    for (int p = 0; p < 8; p++) {
        const uint32_t x = once[p], y = twice[p];
        s[0][p] = wide->rest[0][p] ^ (x & 0xffffff00) ^ (y & 0xff0000ff);
        s[1][p] = wide->rest[1][p] ^ (x & 0x00ffffff) ^ (y & 0xffff0000);
        s[2][p] = wide->rest[2][p] ^ (x & 0xff00ffff) ^ (y & 0x00ffff00);
        s[3][p] = wide->rest[3][p] ^ (x & 0xffff00ff) ^ (y & 0x0000ffff);
    }
}

/* The last round, without MixColumns; then bytes again, and the text added. */
static void finish(aes_rows s, aes_planes_key key, const uint8_t *in, uint8_t *out)
{
    aes_substitute(s[0], 4);
    for (int p = 0; p < 8; p++) {
        s[0][p] ^= key[p][0];
        s[1][p] = aes_turn(s[1][p], 8) ^ key[p][1];
        s[2][p] = aes_turn(s[2][p], 16) ^ key[p][2];
        s[3][p] = aes_turn(s[3][p], 24) ^ key[p][3];
    }
    for (int row = 0; row < 4; row++)
        aes_transpose(s[row]);
    for (int block = 0; block < 8; block++, in += AES_BLOCK, out += AES_BLOCK) {
        uint32_t a = s[0][block], b = s[1][block], c = s[2][block], d = s[3][block];
        aes_exchange(&a, &b, 0x00ff00ff, 8);
        aes_exchange(&c, &d, 0x00ff00ff, 8);
        aes_exchange(&a, &c, 0x0000ffff, 16);
        aes_exchange(&b, &d, 0x0000ffff, 16);
        store_le32(out, load_le32(in) ^ a);
        store_le32(out + 4, load_le32(in + 4) ^ b);
        store_le32(out + 8, load_le32(in + 8) ^ c);
        store_le32(out + 12, load_le32(in + 12) ^ d);
    }
}

void aes_wide_crypt(struct aes_wide *wide, const uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out)
{
    const uint32_t group = counter[AES_BLOCK - 1] / 32u, eight = counter[AES_BLOCK - 1] / 8u % 4;
    aes_rows s;

    if (!wide->is_known || memcmp(wide->upper, counter, sizeof wide->upper) != 0)
        learn(wide, counter);
    if (!wide->is_known || wide->group != group)
        substitute_counters(wide, group);
    wide->is_known = 1;
    two_rounds(wide, s, eight);
    for (uint32_t round = 3; round < wide->rounds; round++) {
        aes_substitute(s[0], 4);
        aes_mix_rows(s, wide->keys[round]);
    }
    finish(s, wide->keys[wide->rounds], in, out);
    memory_clear(s, sizeof s);
}
