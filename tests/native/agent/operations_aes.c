/*
 * AES, and what is made of it: counter mode, GCM, CMAC, key wrap.
 */
#include "agent.h"

#include "aes/aes.h"
#include "aes/cmac.h"
#include "aes/ctr.h"
#include "aes/gcm.h"
#include "aes/keywrap.h"
#include "common/clear.h"

#include <string.h>

#define OPERATION(number, name, least, most) operation do_##name;
#include "operations.h"
#undef OPERATION

static int is_key(const struct bytes *key)
{
    return key->length == 16 || key->length == 32;
}

typedef void cipher(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);

/* Blocks one by one, each both apart and in place. */
static enum status by_block(struct call *call, cipher *run)
{
    const struct bytes *key = &call->argument[0], *data = &call->argument[1];
    if (!is_key(key) || data->length % AES_BLOCK != 0)
        return UNFIT;
    struct aes aes;
    aes_begin(&aes, key->data, key->length);
    uint8_t *out = answer(call, data->length), *both = copy_of(data);
    for (size_t at = 0; at < data->length; at += AES_BLOCK) {
        run(&aes, data->data + at, out + at);
        run(&aes, both + at, both + at);
    }
    memory_clear(&aes, sizeof aes);
    return memcmp(out, both, data->length) == 0 ? DONE : DISAGREES;
}

/* key, blocks */
enum status do_aes_encrypt(struct call *call)
{
    return by_block(call, aes_encrypt);
}

/* key, blocks */
enum status do_aes_decrypt(struct call *call)
{
    return by_block(call, aes_decrypt);
}

/* key, block: a thousand times over itself, and back */
enum status do_aes_monte(struct call *call)
{
    const struct bytes *key = &call->argument[0], *block = &call->argument[1];
    if (!is_key(key) || !is_length(block, AES_BLOCK))
        return UNFIT;
    struct aes aes;
    aes_begin(&aes, key->data, key->length);
    uint8_t *out = answer(call, AES_BLOCK), back[AES_BLOCK];
    memcpy(out, block->data, AES_BLOCK);
    for (uint32_t i = 0; i < 1000; i++)
        aes_encrypt(&aes, out, out);
    memcpy(back, out, AES_BLOCK);
    for (uint32_t i = 0; i < 1000; i++)
        aes_decrypt(&aes, back, back);
    return memcmp(back, block->data, AES_BLOCK) == 0 ? DONE : DISAGREES;
}

/* key, counter, data; the answer ends with the next counter */
enum status do_aes_ctr(struct call *call)
{
    const struct bytes *key = &call->argument[0], *counter = &call->argument[1], *data = &call->argument[2];
    if (!is_key(key) || !is_length(counter, AES_BLOCK))
        return UNFIT;
    struct aes aes;
    aes_begin(&aes, key->data, key->length);
    uint8_t *out = answer(call, data->length + AES_BLOCK), *next = copy_of(counter);
    aes_ctr(&aes, next, data->data, out, data->length);
    memcpy(out + data->length, next, AES_BLOCK);
    uint8_t *both = copy_of(data);
    memcpy(next, counter->data, AES_BLOCK);
    aes_ctr(&aes, next, both, both, data->length);
    return memcmp(both, out, data->length) == 0 && memcmp(next, out + data->length, AES_BLOCK) == 0 ? DONE : DISAGREES;
}

/* key, counter, data, sizes in blocks */
enum status do_aes_ctr_pieces(struct call *call)
{
    const struct bytes *key = &call->argument[0], *counter = &call->argument[1], *data = &call->argument[2];
    const struct bytes *sizes = &call->argument[3];
    if (!is_key(key) || !is_length(counter, AES_BLOCK) || !pieces_are_fit(sizes))
        return UNFIT;
    struct aes aes;
    aes_begin(&aes, key->data, key->length);
    uint8_t *out = answer(call, data->length + AES_BLOCK), *next = copy_of(counter);
    for (size_t at = 0, turn = 0; at < data->length;) {
        const size_t left = data->length - at, blocks = next_piece(sizes, &turn, (left + AES_BLOCK - 1) / AES_BLOCK);
        const size_t piece = blocks * AES_BLOCK < left ? blocks * AES_BLOCK : left;
        aes_ctr(&aes, next, data->data + at, out + at, piece);
        at += piece;
    }
    memcpy(out + data->length, next, AES_BLOCK);
    return DONE;
}

/* key, nonce, additional, text; the answer is sealed text and tag */
enum status do_gcm_seal(struct call *call)
{
    const struct bytes *key = &call->argument[0], *nonce = &call->argument[1], *additional = &call->argument[2];
    const struct bytes *text = &call->argument[3];
    if (!is_key(key) || nonce->length == 0)
        return UNFIT;
    struct gcm_key ready;
    gcm_begin(&ready, key->data, key->length);
    uint8_t *out = answer(call, text->length + GCM_TAG), *both = copy_of(text), *tag = room(GCM_TAG);
    gcm_seal(&ready, nonce->data, nonce->length, additional->data, additional->length, text->data, text->length, out,
             out + text->length);
    gcm_seal(&ready, nonce->data, nonce->length, additional->data, additional->length, both, text->length, both, tag);
    memory_clear(&ready, sizeof ready);
    return memcmp(both, out, text->length) == 0 && memcmp(tag, out + text->length, GCM_TAG) == 0 ? DONE : DISAGREES;
}

/* key, nonce, additional, sealed, tag; the answer is the text, zeros if refused */
enum status do_gcm_open(struct call *call)
{
    const struct bytes *key = &call->argument[0], *nonce = &call->argument[1], *additional = &call->argument[2];
    const struct bytes *sealed = &call->argument[3], *tag = &call->argument[4];
    if (!is_key(key) || nonce->length == 0 || !is_length(tag, GCM_TAG))
        return UNFIT;
    struct gcm_key ready;
    gcm_begin(&ready, key->data, key->length);
    uint8_t *out = answer(call, sealed->length), *both = copy_of(sealed);
    const verdict apart = gcm_open(&ready, nonce->data, nonce->length, additional->data, additional->length,
                                   sealed->data, sealed->length, tag->data, out);
    const verdict in_place = gcm_open(&ready, nonce->data, nonce->length, additional->data, additional->length, both,
                                      sealed->length, tag->data, both);
    memory_clear(&ready, sizeof ready);
    return apart == in_place && memcmp(out, both, sealed->length) == 0 ? decided(apart) : DISAGREES;
}

static void additional_in_pieces(struct gcm *gcm, const struct bytes *additional, const struct bytes *sizes)
{
    for (size_t at = 0, turn = 0; at < additional->length;) {
        const size_t piece = next_piece(sizes, &turn, additional->length - at);
        gcm_additional(gcm, additional->data + at, piece);
        at += piece;
    }
}

typedef void stream(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length);

/* Every other piece is worked on in place. */
static void text_in_pieces(struct gcm *gcm, stream *run, const struct bytes *text, const struct bytes *sizes,
                           uint8_t *out)
{
    for (size_t at = 0, turn = 0; at < text->length;) {
        const size_t piece = next_piece(sizes, &turn, text->length - at);
        if (turn % 2 == 0)
            memcpy(out + at, text->data + at, piece);
        run(gcm, turn % 2 == 0 ? out + at : text->data + at, out + at, piece);
        at += piece;
    }
}

/* key, nonce, additional, text, sizes */
enum status do_gcm_seal_pieces(struct call *call)
{
    const struct bytes *key = &call->argument[0], *nonce = &call->argument[1], *text = &call->argument[3];
    const struct bytes *sizes = &call->argument[4];
    if (!is_key(key) || nonce->length == 0 || !pieces_are_fit(sizes))
        return UNFIT;
    struct gcm_key ready;
    struct gcm gcm;
    gcm_begin(&ready, key->data, key->length);
    gcm_start(&gcm, &ready, nonce->data, nonce->length);
    additional_in_pieces(&gcm, &call->argument[2], sizes);
    uint8_t *out = answer(call, text->length + GCM_TAG);
    text_in_pieces(&gcm, gcm_encrypt, text, sizes, out);
    gcm_tag(&gcm, out + text->length);
    return DONE;
}

/* key, nonce, additional, sealed, tag, sizes; the answer is the text, refused or not */
enum status do_gcm_open_pieces(struct call *call)
{
    const struct bytes *key = &call->argument[0], *nonce = &call->argument[1], *sealed = &call->argument[3];
    const struct bytes *tag = &call->argument[4], *sizes = &call->argument[5];
    if (!is_key(key) || nonce->length == 0 || !is_length(tag, GCM_TAG) || !pieces_are_fit(sizes))
        return UNFIT;
    struct gcm_key ready;
    struct gcm gcm;
    gcm_begin(&ready, key->data, key->length);
    gcm_start(&gcm, &ready, nonce->data, nonce->length);
    additional_in_pieces(&gcm, &call->argument[2], sizes);
    text_in_pieces(&gcm, gcm_decrypt, sealed, sizes, answer(call, sealed->length));
    return decided(gcm_check(&gcm, tag->data));
}

/* key, data */
enum status do_cmac(struct call *call)
{
    const struct bytes *key = &call->argument[0], *data = &call->argument[1];
    if (!is_key(key))
        return UNFIT;
    cmac_aes(key->data, key->length, data->data, data->length, answer(call, CMAC_TAG));
    return DONE;
}

/* key, data, sizes */
enum status do_cmac_pieces(struct call *call)
{
    const struct bytes *key = &call->argument[0], *data = &call->argument[1], *sizes = &call->argument[2];
    if (!is_key(key) || !pieces_are_fit(sizes))
        return UNFIT;
    struct cmac mac;
    cmac_begin(&mac, key->data, key->length);
    for (size_t at = 0, turn = 0; at < data->length;) {
        const size_t piece = next_piece(sizes, &turn, data->length - at);
        cmac_update(&mac, data->data + at, piece);
        at += piece;
    }
    cmac_end(&mac, answer(call, CMAC_TAG));
    return DONE;
}

/* kek, key; the answer of a refusal shows that nothing was written */
enum status do_keywrap(struct call *call)
{
    const struct bytes *kek = &call->argument[0], *key = &call->argument[1];
    if (!is_key(kek))
        return UNFIT;
    uint8_t *wrapped = answer(call, key->length + KEYWRAP_MORE), *both = room(key->length + KEYWRAP_MORE);
    memset(wrapped, 0, key->length + KEYWRAP_MORE);
    memset(both, 0, key->length + KEYWRAP_MORE);
    memcpy(both, key->data, key->length);
    const verdict apart = keywrap(kek->data, kek->length, key->data, key->length, wrapped);
    const verdict in_place = keywrap(kek->data, kek->length, both, key->length, both);
    if (apart != VERDICT_ACCEPT)
        return in_place != VERDICT_ACCEPT && memcmp(both, key->data, key->length) == 0 ? REFUSED : DISAGREES;
    return apart == in_place && memcmp(wrapped, both, key->length + KEYWRAP_MORE) == 0 ? DONE : DISAGREES;
}

/* kek, wrapped; the answer is the key, zeros if refused */
enum status do_keyunwrap(struct call *call)
{
    const struct bytes *kek = &call->argument[0], *wrapped = &call->argument[1];
    if (!is_key(kek))
        return UNFIT;
    const size_t length = wrapped->length < KEYWRAP_MORE ? 0 : wrapped->length - KEYWRAP_MORE;
    uint8_t *key = answer(call, length), *both = copy_of(wrapped);
    memset(key, 0, length);
    const verdict apart = keyunwrap(kek->data, kek->length, wrapped->data, wrapped->length, key);
    const verdict in_place = keyunwrap(kek->data, kek->length, both, wrapped->length, both);
    if (apart != VERDICT_ACCEPT)
        return in_place != VERDICT_ACCEPT ? REFUSED : DISAGREES;
    return apart == in_place && memcmp(key, both, length) == 0 ? DONE : DISAGREES;
}
