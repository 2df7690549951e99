/*
 * GCM: what is sealed opens, by pieces as in one go and on every path of the processor; anything else is refused.
 */
#include "fuzz.h"

#include "aes/gcm.h"
#include "common/cpu.h"

static const uint32_t PATHS[] = {0, CPU_AES, CPU_AES | CPU_VAES, ~0u};

/* What the input says: key, nonce, additional data, text. */
struct message {
    size_t key_length, nonce_length, additional_length, length, piece;
    uint8_t *key, *nonce, *additional, *text;
};

static void read_message(struct message *m, struct input *input)
{
    const uint8_t kind = take_byte(input);
    m->key_length = kind & 1 ? 16 : 32;
    m->nonce_length = kind & 2 ? 12 : 1u + take_byte(input);
    m->additional_length = take_byte(input);
    m->piece = 1u + take_byte(input);
    m->key = take(input, m->key_length);
    m->nonce = take(input, m->nonce_length);
    m->additional = take(input, m->additional_length);
    m->length = input->left;
    m->text = take(input, m->length);
}

static void by_pieces(const struct gcm_key *key, const struct message *m, const uint8_t *sealed, const uint8_t *tag)
{
    struct gcm gcm;
    uint8_t *out = calloc(1, m->length + 1);
    HOLDS(out != NULL);
    gcm_start(&gcm, key, m->nonce, m->nonce_length);
    for (size_t at = 0; at < m->additional_length; at += m->piece)
        gcm_additional(&gcm, m->additional + at,
                       m->additional_length - at < m->piece ? m->additional_length - at : m->piece);
    for (size_t at = 0; at < m->length; at += m->piece)
        gcm_decrypt(&gcm, sealed + at, out + at, m->length - at < m->piece ? m->length - at : m->piece);
    HOLDS(is_accepted(gcm_check(&gcm, tag)));
    HOLDS(memcmp(out, m->text, m->length) == 0);
    free(out);
}

/* out: sealed, tag, which opens; a changed tag does not. */
static void one_way(const struct message *m, uint8_t *sealed, uint8_t tag[GCM_TAG])
{
    struct gcm_key key;
    uint8_t *opened = calloc(1, m->length + 1), changed[GCM_TAG];
    HOLDS(opened != NULL);
    gcm_begin(&key, m->key, m->key_length);
    gcm_seal(&key, m->nonce, m->nonce_length, m->additional, m->additional_length, m->text, m->length, sealed, tag);
    HOLDS(is_accepted(gcm_open(&key, m->nonce, m->nonce_length, m->additional, m->additional_length, sealed, m->length,
                               tag, opened)));
    HOLDS(memcmp(opened, m->text, m->length) == 0);
    by_pieces(&key, m, sealed, tag);
    memcpy(changed, tag, GCM_TAG);
    changed[m->piece % GCM_TAG] ^= (uint8_t)(1u << (m->length % 8));
    HOLDS(!is_accepted(gcm_open(&key, m->nonce, m->nonce_length, m->additional, m->additional_length, sealed,
                                m->length, changed, opened)));
    HOLDS(is_zeros(opened, m->length));
    free(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct message m;
    uint8_t tag[GCM_TAG], first_tag[GCM_TAG];
    read_message(&m, &input);
    uint8_t *sealed = calloc(1, m.length + 1), *first = calloc(1, m.length + 1);
    HOLDS(sealed != NULL && first != NULL);
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        cpu_restrict(PATHS[i]);
        one_way(&m, i ? sealed : first, i ? tag : first_tag);
        HOLDS(i == 0 || (memcmp(sealed, first, m.length) == 0 && memcmp(tag, first_tag, GCM_TAG) == 0));
    }
    free(m.key), free(m.nonce), free(m.additional), free(m.text), free(sealed), free(first);
    return 0;
}
