/*
 * P-256: points, keys and signatures from anywhere are judged alike on every path of the processor, alone, in a batch
 * and by a table; the input says how many, then a public key, a digest, a signature, and a private key that signs.
 */
#include "fuzz.h"

#include "common/cpu.h"
#include "p256/known.h"
#include "p256/p256.h"

static const uint32_t PATHS[] = {0, CPU_ADX, ~0u};
#define BATCH 9
#define HAS_TABLE 16

static _Alignas(64) uint8_t table[1 << 18];

/* The verdict of every way there is, which must be one. */
static int is_signed(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature, uint8_t kind)
{
    const int alone = is_accepted(p256_verify(public_key, digest, signature));
    struct p256_claim claims[BATCH];
    for (size_t i = 0; i < BATCH; i++)
        claims[i] = (struct p256_claim){public_key, digest, signature, VERDICT_ACCEPT};
    p256_verify_many(claims, 1u + kind % BATCH);
    for (size_t i = 0; i < 1u + kind % BATCH; i++)
        HOLDS(is_accepted(claims[i].verdict) == alone);
    if (!(kind & HAS_TABLE)) /* a table costs as much as a hundred verifications */
        return alone;
    HOLDS(p256_known_size() <= sizeof table);
    const int is_known = is_accepted(p256_known_begin(table, public_key));
    HOLDS(is_known == is_accepted(p256_check(public_key)));
    HOLDS((is_known && is_accepted(p256_known_verify(table, digest, signature))) == alone);
    return alone;
}

/* in: at: 64 + 32 + 64 + 32 bytes.  out: what came of them, to be compared. */
static void one_way(const uint8_t *at, uint8_t kind, uint8_t out[64 + 64 + 32 + 3])
{
    const uint8_t *public_key = at, *digest = at + 64, *signature = at + 96, *own = at + 160;
    uint8_t changed[64];
    memset(out, 0xa5, 64 + 64 + 32);
    out[160] = (uint8_t)is_signed(public_key, digest, signature, kind);
    out[161] = (uint8_t)is_accepted(p256_ecdh(own, public_key, out + 128));
    out[162] = (uint8_t)is_accepted(p256_public(own, out));
    HOLDS(out[162] == is_accepted(p256_is_private(own)));
    HOLDS(out[162] == is_accepted(p256_sign(own, digest, out + 64)));
    HOLDS(out[161] == (out[162] && is_accepted(p256_check(public_key))));
    HOLDS(out[161] || is_zeros(out + 128, 32));
    HOLDS(out[162] || is_zeros(out, 128));
    if (out[162]) {
        HOLDS(is_accepted(p256_check(out)));
        HOLDS(is_signed(out, digest, out + 64, kind));
        memcpy(changed, out + 64, 64);
        changed[kind % 64] ^= (uint8_t)(1u << kind % 8);
        HOLDS(!is_signed(out, digest, changed, kind));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const uint8_t kind = take_byte(&input);
    uint8_t *at = take(&input, 64 + 32 + 64 + 32), first[163], other[163];
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        cpu_restrict(PATHS[i]);
        one_way(at, kind, i ? other : first);
        HOLDS(i == 0 || memcmp(first, other, sizeof first) == 0);
    }
    free(at);
    return 0;
}
