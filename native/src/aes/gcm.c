/*
 * AES-GCM: the protocol (SP 800-38D, sections 7.1 and 7.2), piece by piece; in one go is all pieces in turn.
 */
#include "aes/gcm.h"

#include "aes/aes_code.h"
#include "aes/aes_fast.h"
#include "aes/ctr.h"
#include "aes/gcm_code.h"
#include "aes/ghash.h"
#include "common/bytes.h"
#include "common/clear.h"
#include "common/decision.h"
#include "common/declassify.h"

static const uint8_t ZERO[16];

static void hash_blocks(const struct gcm_key *key, uint8_t hash[16], const uint8_t *data, size_t blocks)
{
#if defined(AES_FAST)
    if (key->aes.code != AES_SLICED) {
        gcm_fast_hash(key, hash, data, blocks);
        return;
    }
#endif
    ghash(hash, key->powers, data, blocks);
}

static void crypt_blocks(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t blocks, enum gcm_way way)
{
#if defined(__x86_64__)
    if (gcm->key->aes.code == AES_512) {
        gcm_vaes_crypt(gcm->key, gcm->hash, gcm->counter, in, out, blocks, way);
        return;
    }
#endif
#if defined(AES_FAST)
    if (gcm->key->aes.code == AES_128) {
        gcm_fast_crypt(gcm->key, gcm->hash, gcm->counter, in, out, blocks, way);
        return;
    }
#endif
    if (way == GCM_OPEN)
        hash_blocks(gcm->key, gcm->hash, in, blocks);
    const size_t step = gcm->is_hidden ? 1 : blocks; /* a single block does not show its counter */
    for (size_t at = 0; at < blocks; at += step)
        aes_ctr32(&gcm->key->aes, gcm->counter, in + 16 * at, out + 16 * at, 16 * step);
    if (way == GCM_SEAL)
        hash_blocks(gcm->key, gcm->hash, out, blocks);
}

void gcm_begin(struct gcm_key *key, const uint8_t *bytes, size_t size)
{
    uint8_t h[16];

    aes_begin(&key->aes, bytes, size);
    aes_encrypt(&key->aes, ZERO, h);
#if defined(AES_FAST)
    if (key->aes.code != AES_SLICED)
        gcm_fast_powers(key, h);
    else
#endif
        memcpy(key->powers, h, sizeof h);
    memory_clear(h, sizeof h);
}

/* A block that was begun, of a string of `length` bytes so far, is filled up with zeros. */
static void pad(struct gcm *gcm, uint64_t length)
{
    if (length % 16)
        hash_blocks(gcm->key, gcm->hash, ZERO, 1);
}

/* Hash two lengths, given in bytes: the last block of section 7.1, step 5. */
static void hash_lengths(struct gcm *gcm, uint64_t first, uint64_t second)
{
    uint8_t lengths[16];
    store_be64(lengths, 8 * first);
    store_be64(lengths + 8, 8 * second);
    hash_blocks(gcm->key, gcm->hash, lengths, 1);
}

static void add(uint8_t *at, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        at[i] ^= data[i];
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Hash the next bytes of a string of which there were `before`.  What does not fill a block is added to
 * the state, which is multiplied when the block is full, or by pad().
 */
static void absorb(struct gcm *gcm, uint64_t before, const uint8_t *data, size_t length)
{
    const size_t begun = before % 16, filling = begun ? smaller(16 - begun, length) : 0;

    if (length == 0)
        return; /* data may be NULL */
    add(gcm->hash + begun, data, filling);
    if (filling && begun + filling == 16)
        hash_blocks(gcm->key, gcm->hash, ZERO, 1);
    data += filling, length -= filling;
    if (length >= 16)
        hash_blocks(gcm->key, gcm->hash, data, length / 16);
    add(gcm->hash, data + (length - length % 16), length % 16);
}

/* Bytes [begun, begun + length) of a block of text, whose key stream there is. */
static void take_bytes(struct gcm *gcm, size_t begun, const uint8_t *in, uint8_t *out, size_t length, enum gcm_way way)
{
    for (size_t i = 0; i < length; i++) {
        const uint8_t before = in[i], after = before ^ gcm->stream[begun + i];
        gcm->hash[begun + i] ^= way == GCM_SEAL ? after : before;
        out[i] = after;
    }
    if (begun + length == 16)
        hash_blocks(gcm->key, gcm->hash, ZERO, 1);
}

static void take_text(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length, enum gcm_way way)
{
    const size_t begun = gcm->text % 16, filling = begun ? smaller(16 - begun, length) : 0;
    const size_t rest = (length - filling) % 16, whole = length - filling - rest;

    if (length == 0)
        return;
    if (gcm->text == 0)
        pad(gcm, gcm->additional);
    gcm->text += length;
    if (filling)
        take_bytes(gcm, begun, in, out, filling, way);
    if (whole)
        crypt_blocks(gcm, in + filling, out + filling, whole / 16, way);
    if (rest) {
        aes_ctr32(&gcm->key->aes, gcm->counter, ZERO, gcm->stream, 16);
        take_bytes(gcm, 0, in + filling + whole, out + filling + whole, rest, way);
    }
}

/*
 * The first counter block J0, section 7.1 step 2.
 *
 * If it is a hash of the nonce, it is linear in the hash key: who learns a byte of it, again and again, can forge.
 */
void gcm_start(struct gcm *gcm, const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length)
{
    memset(gcm, 0, sizeof *gcm);
    gcm->key = key;
    if (nonce_length == 12) {
        memcpy(gcm->first, nonce, 12);
        gcm->first[15] = 1;
    } else {
        gcm->is_hidden = 1;
        absorb(gcm, 0, nonce, nonce_length);
        pad(gcm, nonce_length);
        hash_lengths(gcm, 0, nonce_length);
        memcpy(gcm->first, gcm->hash, 16);
        memset(gcm->hash, 0, 16);
    }
    memcpy(gcm->counter, gcm->first, 16);
    store_be32(gcm->counter + 12, load_be32(gcm->first + 12) + 1);
}

void gcm_additional(struct gcm *gcm, const uint8_t *data, size_t length)
{
    absorb(gcm, gcm->additional, data, length);
    gcm->additional += length;
}

void gcm_encrypt(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length)
{
    take_text(gcm, in, out, length, GCM_SEAL);
}

void gcm_decrypt(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length)
{
    take_text(gcm, in, out, length, GCM_OPEN);
}

void gcm_tag(struct gcm *gcm, uint8_t tag[GCM_TAG])
{
    pad(gcm, gcm->text ? gcm->text : gcm->additional);
    hash_lengths(gcm, gcm->additional, gcm->text);
    aes_ctr32(&gcm->key->aes, gcm->first, gcm->hash, tag, 16);
    memory_clear(gcm, sizeof *gcm);
}

verdict gcm_check(struct gcm *gcm, const uint8_t tag[GCM_TAG])
{
    uint8_t right[GCM_TAG];
    verdict result;

    gcm_tag(gcm, right);
    result = declassify_word(decision_equal(right, tag, GCM_TAG)); /* whether it is refused may be known */
    memory_clear(right, sizeof right);
    return result;
}

/* A whole message.  out: text as gcm_seal() or gcm_open() have it, and the tag it should have. */
static void whole(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
                  size_t additional_length, const uint8_t *in, uint8_t *out, size_t length, uint8_t tag[GCM_TAG],
                  enum gcm_way way)
{
    struct gcm gcm;

    gcm_start(&gcm, key, nonce, nonce_length);
#if defined(__x86_64__)
    if (key->aes.code == AES_512) {
        gcm_vaes_message(key, gcm.first, additional, additional_length, in, out, length, tag, way);
        memory_clear(&gcm, sizeof gcm);
        return;
    }
#endif
    gcm_additional(&gcm, additional, additional_length);
    take_text(&gcm, in, out, length, way);
    gcm_tag(&gcm, tag);
}

void gcm_seal(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
              size_t additional_length, const uint8_t *text, size_t length, uint8_t *sealed, uint8_t tag[GCM_TAG])
{
    whole(key, nonce, nonce_length, additional, additional_length, text, sealed, length, tag, GCM_SEAL);
}

verdict gcm_open(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
                 size_t additional_length, const uint8_t *sealed, size_t length, const uint8_t tag[GCM_TAG],
                 uint8_t *text)
{
    uint8_t right[GCM_TAG];
    verdict result;

    whole(key, nonce, nonce_length, additional, additional_length, sealed, text, length, right, GCM_OPEN);
    result = declassify_word(decision_equal(right, tag, GCM_TAG)); /* whether it is refused may be known */
    memory_clear(right, sizeof right);
    if (result != VERDICT_ACCEPT && length)
        memory_clear(text, length);
    return result;
}
