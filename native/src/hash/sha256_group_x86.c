/*
 * SHA-256 of some messages side by side on x86.
 *
 * Each message is three runs of blocks: what *start left over together with its first bytes, blocks that
 * are taken from where they lie, and its last bytes with the padding.
 */
#include "hash/sha256_group_x86.h"

#if defined(__x86_64__)

#include "common/bytes.h"
#include "common/clear.h"
#include "common/cpu.h"
#include "hash/sha256_blocks.h"
#include "hash/sha256_sixteen_x86.h"
#include "hash/sha256_together.h"
#include "hash/sha256_x86.h"

#include <string.h>

#define MOST SHA256_TOGETHER
#define SIXTEEN_PAYS 9 /* so many in sixteen lanes are faster than two by two */

struct group {
    uint32_t words[8][MOST]; /* word i of message m in [i][m], as sixteen lanes take them */
    const uint8_t *data[MOST];
    uint8_t edges[MOST][2 * SHA256_BLOCK]; /* blocks that do not lie in memory as they are: the first, the last */
};

/* One message alone. */
static void take_one(struct group *group, size_t message, const uint8_t *data, size_t blocks)
{
    uint32_t state[8];

    for (int i = 0; i < 8; i++)
        state[i] = group->words[i][message];
    sha256_blocks(state, data, blocks);
    for (int i = 0; i < 8; i++)
        group->words[i][message] = state[i];
}

static void take_two(struct group *group, size_t blocks)
{
    uint32_t first[8], second[8];

    for (int i = 0; i < 8; i++)
        first[i] = group->words[i][0], second[i] = group->words[i][1];
    sha256_x86_two(first, group->data[0], second, group->data[1], blocks);
    for (int i = 0; i < 8; i++)
        group->words[i][0] = first[i], group->words[i][1] = second[i];
}

/* Take as many blocks of each message; lanes without a message do as the last one. */
static void take(struct group *group, size_t count, size_t blocks)
{
    if (count == 2) {
        take_two(group, blocks);
        return;
    }
    for (size_t m = count; m < MOST; m++)
        group->data[m] = group->data[count - 1];
    sha256_x86_sixteen(group->words, group->data, blocks);
}
/* Take blocks[m] of message m: side by side as far as they go, then the rest of the longer ones. */
static void take_each(struct group *group, size_t count, const size_t blocks[MOST])
{
    size_t common = blocks[0];

    for (size_t m = 1; m < count; m++)
        common = blocks[m] < common ? blocks[m] : common;
    if (common)
        take(group, count, common);
    for (size_t m = 0; m < count; m++)
        if (blocks[m] > common)
            take_one(group, m, group->data[m] + common * SHA256_BLOCK, blocks[m] - common);
}

/* The blocks that *start has begun.  Returns how many bytes of each message are in them. */
static size_t take_first(struct group *group, const struct sha256 *start, const struct sha256_job *jobs, size_t count)
{
    const size_t used = (size_t)(start->length % SHA256_BLOCK), more = SHA256_BLOCK - used;

    for (int i = 0; i < 8; i++)
        for (size_t m = 0; m < MOST; m++)
            group->words[i][m] = start->state[i];
    if (used == 0)
        return 0;
    for (size_t m = 0; m < count; m++) {
        memcpy(group->edges[m], start->block, used);
        memcpy(group->edges[m] + used, jobs[m].data, more);
        group->data[m] = group->edges[m];
    }
    take(group, count, 1);
    return more;
}

static void hash_group(struct group *group, const struct sha256 *start, const struct sha256_job *jobs, size_t count)
{
    const size_t skip = take_first(group, start, jobs, count);
    size_t blocks[MOST];

    for (size_t m = 0; m < count; m++) {
        group->data[m] = jobs[m].data + skip;
        blocks[m] = (jobs[m].length - skip) / SHA256_BLOCK;
    }
    take_each(group, count, blocks);
    for (size_t m = 0; m < count; m++) {
        const uint8_t *rest = jobs[m].data + skip + blocks[m] * SHA256_BLOCK;
        blocks[m] = sha256_pad(group->edges[m], rest, start->length + jobs[m].length);
        group->data[m] = group->edges[m];
    }
    take_each(group, count, blocks);
    for (size_t m = 0; m < count; m++)
        for (int i = 0; i < 8; i++)
            store_be32(jobs[m].digest + 4 * i, group->words[i][m]);
}

/* How many of these jobs go together; 0 if the first has to go alone. */
static size_t together(const struct sha256 *start, const struct sha256_job *jobs, size_t count)
{
    const size_t used = (size_t)(start->length % SHA256_BLOCK), least = used ? SHA256_BLOCK - used : 0;
    size_t same = 1;

    if (jobs[0].length < least)
        return 0;
    while (same < count && same < MOST && jobs[same].length == jobs[0].length)
        same++;
    if (same >= SIXTEEN_PAYS && cpu_features() & CPU_VAES)
        return same;
    return cpu_features() & CPU_SHA && count > 1 && jobs[1].length >= least ? 2 : 0;
}

size_t sha256_x86_group(const struct sha256 *start, const struct sha256_job *jobs, size_t count)
{
    struct group group;
    const size_t done = together(start, jobs, count);

    if (done) {
        hash_group(&group, start, jobs, done);
        memory_clear(&group, sizeof group);
    }
    return done;
}

#endif
