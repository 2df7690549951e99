/*
 * LMS verification under two trials that Python cannot make: every length in a buffer of exactly that length
 * (under the address sanitiser), and a hash that fails at each of its calls.
 *
 *     lms_harness lengths FILE        key, message, signature: each its length (u32 little-endian), then itself
 *     lms_harness faults FILE
 *
 * Prints how many trials there were, and how many were accepted.
 */
#include "hash/sha256.h"
#include "lms/lms.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sha256.c is compiled with these names for its functions; what lms.c calls is below, and may fail. */
void real_begin(struct sha256 *hash);
void real_update(struct sha256 *hash, const uint8_t *data, size_t length);
void real_end(const struct sha256 *hash, uint8_t digest[32]);
void real_hash(const uint8_t *data, size_t length, uint8_t digest[32]);

enum kind { SKIP, ZEROS, ONES, KINDS };

static unsigned long calls, failing;
static enum kind kind;

static int is_due(void)
{
    return ++calls == failing;
}

/* What a failed hash leaves: whatever was there, zeros, or ones. */
static void fail(uint8_t digest[32])
{
    if (kind != SKIP)
        memset(digest, kind == ZEROS ? 0 : 0xff, 32);
}

void sha256_begin(struct sha256 *hash)
{
    if (!is_due())
        real_begin(hash);
    else if (kind != SKIP)
        memset(hash, kind == ZEROS ? 0 : 0xff, offsetof(struct sha256, length));
}

void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length)
{
    if (!is_due())
        real_update(hash, data, length);
}

void sha256_end(const struct sha256 *hash, uint8_t digest[32])
{
    if (is_due())
        fail(digest);
    else
        real_end(hash, digest);
}

void sha256_hash(const uint8_t *data, size_t length, uint8_t digest[32])
{
    if (is_due())
        fail(digest);
    else
        real_hash(data, length, digest);
}

struct piece {
    uint8_t *data;
    size_t length;
};

static struct piece pieces[3]; /* key, message, signature */

static void read_pieces(const char *name)
{
    FILE *file = fopen(name, "rb");

    for (int i = 0; file && i < 3; i++) {
        uint8_t head[4];
        if (fread(head, 1, 4, file) != 4)
            exit(3);
        pieces[i].length = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
        pieces[i].data = malloc(pieces[i].length);
        if (!pieces[i].data || fread(pieces[i].data, 1, pieces[i].length, file) != pieces[i].length)
            exit(3);
    }
    if (!file)
        exit(3);
    fclose(file);
}

static int accepts(const struct piece *key, const struct piece *signature)
{
    return lms_verify(key->data, key->length, pieces[1].data, pieces[1].length, signature->data,
                      signature->length) == VERDICT_ACCEPT;
}

/* One length of the key (which is 0) or the signature (2), in memory of that length; one byte too many is a zero. */
static int accepts_length(int which, size_t length)
{
    struct piece cut = {malloc(length ? length : 1), length};
    size_t kept = length < pieces[which].length ? length : pieces[which].length;
    int found;

    if (!cut.data)
        exit(3);
    memset(cut.data, 0, length);
    memcpy(cut.data, pieces[which].data, kept);
    if (!length)
        cut.data = realloc(cut.data, 1); /* nothing of it may be read: the sanitiser sees one byte at most */
    found = accepts(which ? &pieces[0] : &cut, which ? &cut : &pieces[2]);
    free(cut.data);
    return found;
}

static void try_lengths(unsigned long *trials, unsigned long *accepted)
{
    for (int which = 0; which < 3; which += 2)
        for (size_t length = 0; length <= pieces[which].length + 40; length++, ++*trials)
            *accepted += (unsigned long)accepts_length(which, length);
}

static void try_faults(unsigned long *trials, unsigned long *accepted)
{
    unsigned long total;

    failing = calls = 0;
    accepts(&pieces[0], &pieces[2]);
    total = calls;
    for (int each = 0; each < KINDS; each++)
        for (failing = 1; failing <= total; failing++, ++*trials) {
            kind = (enum kind)each;
            calls = 0;
            *accepted += (unsigned long)accepts(&pieces[0], &pieces[2]);
        }
}

int main(int count, char **words)
{
    unsigned long trials = 0, accepted = 0;

    if (count != 3)
        return 2;
    read_pieces(words[2]);
    if (strcmp(words[1], "lengths") == 0)
        try_lengths(&trials, &accepted);
    else
        try_faults(&trials, &accepted);
    printf("%lu %lu\n", trials, accepted);
    for (int i = 0; i < 3; i++)
        free(pieces[i].data);
    return 0;
}
