/*
 * HMAC_DRBG: every state is a one-way function of the one before, so that whoever learns a state learns
 * nothing of what was given out earlier.
 */
#include "random/drbg.h"

#include "common/clear.h"
#include "common/decision.h"
#include "hash/hmac.h"

#include <string.h>

/* A part of what is mixed in; bytes may be NULL if length is 0. */
struct part {
    const uint8_t *bytes;
    size_t length;
};

/* V = HMAC(K, V). */
static void next_value(struct drbg *random)
{
    hmac_sha256(random->key, sizeof random->key, random->value, sizeof random->value, random->value);
}

/* K = HMAC(K, V || round || parts), V = HMAC(K, V). */
static void mix(struct drbg *random, uint8_t round, const struct part parts[3])
{
    struct hmac mac;

    hmac_begin(&mac, random->key, sizeof random->key);
    hmac_update(&mac, random->value, sizeof random->value);
    hmac_update(&mac, &round, 1);
    for (int i = 0; i < 3; i++)
        hmac_update(&mac, parts[i].bytes, parts[i].length);
    hmac_end(&mac, random->key);
    memory_clear(&mac, sizeof mac);
    next_value(random);
}

/* HMAC_DRBG_Update (10.1.2.2). */
static void update(struct drbg *random, struct part first, struct part second, struct part third)
{
    const struct part parts[3] = {first, second, third};

    mix(random, 0x00, parts);
    if (first.length | second.length | third.length)
        mix(random, 0x01, parts);
}

static const struct part NOTHING = {NULL, 0};

void drbg_begin(struct drbg *random, const uint8_t *entropy, size_t entropy_length, const uint8_t *nonce,
                size_t nonce_length, const uint8_t *personalization, size_t personalization_length)
{
    memset(random->key, 0x00, sizeof random->key);
    memset(random->value, 0x01, sizeof random->value);
    update(random, (struct part){entropy, entropy_length}, (struct part){nonce, nonce_length},
           (struct part){personalization, personalization_length});
    random->requests = 1;
}

void drbg_reseed(struct drbg *random, const uint8_t *entropy, size_t entropy_length, const uint8_t *additional,
                 size_t additional_length)
{
    update(random, (struct part){entropy, entropy_length}, (struct part){additional, additional_length}, NOTHING);
    random->requests = 1;
}

/* Fill out[0..length) with successive values (10.1.2.5, step 4).  Returns how many bytes were written. */
static size_t fill(struct drbg *random, uint8_t *out, size_t length)
{
    struct hmac keyed, mac;
    size_t done = 0;

    hmac_begin(&keyed, random->key, sizeof random->key);
    while (done < length) {
        const size_t left = length - done, piece = left < sizeof random->value ? left : sizeof random->value;
        mac = keyed;
        hmac_update(&mac, random->value, sizeof random->value);
        hmac_end(&mac, random->value);
        memcpy(out + done, random->value, piece);
        done += piece;
    }
    memory_clear(&keyed, sizeof keyed);
    memory_clear(&mac, sizeof mac);
    return done;
}

verdict drbg_generate(struct drbg *random, uint8_t *out, size_t length, const uint8_t *additional,
                      size_t additional_length)
{
    const struct part more = {additional, additional_length};
    verdict may;
    size_t done;

    memory_clear(out, length); /* out may be NULL if length is 0 */
    may = decision_both(decision_at_least(DRBG_MOST, length), decision_at_least(DRBG_RESEED_AFTER, random->requests));
    if (may != VERDICT_ACCEPT)
        return VERDICT_REJECT;
    if (additional_length)
        update(random, more, NOTHING, NOTHING);
    done = fill(random, out, length);
    update(random, more, NOTHING, NOTHING);
    random->requests++;
    return decision_both(may, decision_is((uint32_t)done, (uint32_t)length));
}
