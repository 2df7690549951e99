/*
 * P-256, its signatures' encodings, and LMS.
 */
#include "agent.h"

#include "common/clear.h"
#include "lms/lms.h"
#include "p256/known.h"
#include "p256/p256.h"
#include "p256/signature_der.h"

#include <string.h>

#define OPERATION(number, name, least, most) operation do_##name;
#include "operations.h"
#undef OPERATION

/* private */
enum status do_p256_is_private(struct call *call)
{
    if (!is_length(&call->argument[0], P256_PRIVATE))
        return UNFIT;
    return decided(p256_is_private(call->argument[0].data));
}

/* public */
enum status do_p256_check(struct call *call)
{
    if (!is_length(&call->argument[0], P256_PUBLIC))
        return UNFIT;
    return decided(p256_check(call->argument[0].data));
}

/* private; the answer is the public key, zeros if refused */
enum status do_p256_public(struct call *call)
{
    if (!is_length(&call->argument[0], P256_PRIVATE))
        return UNFIT;
    return decided(p256_public(call->argument[0].data, answer(call, P256_PUBLIC)));
}

/* private, public; the answer is the secret, zeros if refused */
enum status do_p256_ecdh(struct call *call)
{
    if (!is_length(&call->argument[0], P256_PRIVATE) || !is_length(&call->argument[1], P256_PUBLIC))
        return UNFIT;
    return decided(p256_ecdh(call->argument[0].data, call->argument[1].data, answer(call, 32)));
}

/* private, digest; the answer is the signature, zeros if refused */
enum status do_p256_sign(struct call *call)
{
    if (!is_length(&call->argument[0], P256_PRIVATE) || !is_length(&call->argument[1], 32))
        return UNFIT;
    return decided(p256_sign(call->argument[0].data, call->argument[1].data, answer(call, P256_SIGNATURE)));
}

/* private, digest, extra */
enum status do_p256_sign_hedged(struct call *call)
{
    if (!is_length(&call->argument[0], P256_PRIVATE) || !is_length(&call->argument[1], 32) ||
        !is_length(&call->argument[2], 32))
        return UNFIT;
    return decided(p256_sign_hedged(call->argument[0].data, call->argument[1].data, call->argument[2].data,
                                    answer(call, P256_SIGNATURE)));
}

static int is_claim(const struct bytes *claim)
{
    return is_length(&claim[0], P256_PUBLIC) && is_length(&claim[1], 32) && is_length(&claim[2], P256_SIGNATURE);
}

/* public, digest, signature */
enum status do_p256_verify(struct call *call)
{
    const struct bytes *claim = call->argument;
    if (!is_claim(claim))
        return UNFIT;
    return decided(p256_verify(claim[0].data, claim[1].data, claim[2].data));
}

/* public; digest, signature, and again; the answer has a byte for each: 1 accepted, 0 not.  Refused: the key. */
enum status do_p256_known(struct call *call)
{
    const struct bytes *with = call->argument;
    if (!is_length(&with[0], P256_PUBLIC) || call->count % 2 != 1)
        return UNFIT;
    for (size_t i = 1; i < call->count; i += 2)
        if (!is_length(&with[i], 32) || !is_length(&with[i + 1], P256_SIGNATURE))
            return UNFIT;
    void *table = room_aligned(p256_known_size());
    if (p256_known_begin(table, with[0].data) != VERDICT_ACCEPT)
        return REFUSED;
    uint8_t *out = answer(call, call->count / 2);
    for (size_t i = 1; i < call->count; i += 2)
        out[i / 2] = p256_known_verify(table, with[i].data, with[i + 1].data) == VERDICT_ACCEPT;
    return DONE;
}

/* public, digest, signature, and again; the answer has a byte for each: 1 accepted, 0 not */
enum status do_p256_verify_many(struct call *call)
{
    static struct p256_claim claims[ARGUMENTS_MOST / 3];
    const size_t count = call->count / 3;
    if (call->count % 3 != 0)
        return UNFIT;
    for (size_t i = 0; i < count; i++) {
        const struct bytes *claim = &call->argument[3 * i];
        if (!is_claim(claim))
            return UNFIT;
        claims[i] = (struct p256_claim){claim[0].data, claim[1].data, claim[2].data, VERDICT_ACCEPT};
    }
    p256_verify_many(claims, count);
    uint8_t *out = answer(call, count);
    for (size_t i = 0; i < count; i++)
        out[i] = claims[i].verdict == VERDICT_ACCEPT;
    return DONE;
}

/* entropy, nonce, personalization of a generator; the answer is private and public key */
enum status do_p256_generate(struct call *call)
{
    const struct bytes *entropy = &call->argument[0], *nonce = &call->argument[1], *name = &call->argument[2];
    struct drbg random;
    drbg_begin(&random, entropy->data, entropy->length, nonce->data, nonce->length, name->data, name->length);
    uint8_t *pair = answer(call, P256_PRIVATE + P256_PUBLIC);
    const verdict made = p256_generate(&random, pair, pair + P256_PRIVATE);
    memory_clear(&random, sizeof random);
    return decided(made);
}

/* DER; the answer is r || s, zeros if refused */
enum status do_signature_from_der(struct call *call)
{
    const struct bytes *der = &call->argument[0];
    return decided(signature_from_der(der->data, der->length, answer(call, P256_SIGNATURE)));
}

/* r || s; the answer is DER */
enum status do_signature_to_der(struct call *call)
{
    if (!is_length(&call->argument[0], P256_SIGNATURE))
        return UNFIT;
    uint8_t *most = room(SIGNATURE_DER_MOST);
    const size_t length = signature_to_der(call->argument[0].data, most);
    if (length > SIGNATURE_DER_MOST)
        return OVERRUN;
    memcpy(answer(call, length), most, length);
    return DONE;
}

/* public, message, signature */
enum status do_lms_verify(struct call *call)
{
    const struct bytes *key = &call->argument[0], *message = &call->argument[1], *signature = &call->argument[2];
    return decided(lms_verify(key->data, key->length, message->data, message->length, signature->data,
                              signature->length));
}
