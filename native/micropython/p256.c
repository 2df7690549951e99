/*
 * P-256, encodings of signatures, and LMS.
 */
#include "functions.h"
#include "module.h"

#include "lms/lms.h"
#include "p256/known.h"
#include "p256/p256.h"
#include "p256/signature_der.h"

#include <string.h>

#define DIGEST 32
#define CLAIMS_MOST 16 /* verified at once: what fits on a small stack */

static mp_obj_t py_is_private(mp_obj_t object)
{
    const struct data key = data_of(object);
    return mp_obj_new_bool(key.length == P256_PRIVATE && p256_is_private(key.at) == VERDICT_ACCEPT);
}
MP_DEFINE_CONST_FUN_OBJ_1(p256_is_private_object, py_is_private);

static mp_obj_t py_public(mp_obj_t object)
{
    const uint8_t *key = fixed_of(object, P256_PRIVATE, MP_QSTR_private);
    NEW_BYTES(out, P256_PUBLIC);
    return bytes_or(p256_public(key, bytes_in(&out)), &out, &mp_type_ValueError);
}
MP_DEFINE_CONST_FUN_OBJ_1(p256_public_object, py_public);

static mp_obj_t py_check(mp_obj_t object)
{
    const struct data key = data_of(object);
    if (key.length != P256_PUBLIC)
        mp_raise_type(&mp_type_BadPoint);
    return none_or(p256_check(key.at), &mp_type_BadPoint);
}
MP_DEFINE_CONST_FUN_OBJ_1(p256_check_object, py_check);

/* (private, public).  Raises ValueError for the one and BadPoint for the other. */
static mp_obj_t py_ecdh(mp_obj_t own, mp_obj_t other)
{
    const uint8_t *key = fixed_of(own, P256_PRIVATE, MP_QSTR_private);
    const struct data point = data_of(other);
    if (point.length != P256_PUBLIC)
        mp_raise_type(&mp_type_BadPoint);
    NEW_BYTES(out, 32);
    const verdict decision = p256_ecdh(key, point.at, bytes_in(&out));
    return bytes_or(decision, &out,
                    p256_is_private(key) == VERDICT_ACCEPT ? &mp_type_BadPoint : &mp_type_ValueError);
}
MP_DEFINE_CONST_FUN_OBJ_2(p256_ecdh_object, py_ecdh);

static mp_obj_t py_sign(mp_obj_t own, mp_obj_t digest)
{
    const uint8_t *key = fixed_of(own, P256_PRIVATE, MP_QSTR_private);
    const uint8_t *hashed = fixed_of(digest, DIGEST, MP_QSTR_digest);
    NEW_BYTES(out, P256_SIGNATURE);
    return bytes_or(p256_sign(key, hashed, bytes_in(&out)), &out, &mp_type_ValueError);
}
MP_DEFINE_CONST_FUN_OBJ_2(p256_sign_object, py_sign);

/* (private, digest, extra) */
static mp_obj_t py_sign_hedged(mp_obj_t own, mp_obj_t digest, mp_obj_t extra)
{
    const uint8_t *key = fixed_of(own, P256_PRIVATE, MP_QSTR_private);
    const uint8_t *hashed = fixed_of(digest, DIGEST, MP_QSTR_digest), *more = fixed_of(extra, 32, MP_QSTR_extra);
    NEW_BYTES(out, P256_SIGNATURE);
    return bytes_or(p256_sign_hedged(key, hashed, more, bytes_in(&out)), &out, &mp_type_ValueError);
}
MP_DEFINE_CONST_FUN_OBJ_3(p256_sign_hedged_object, py_sign_hedged);

/* (public, digest, signature).  Raises BadSignature; a digest of a wrong length is one's own: ValueError. */
static mp_obj_t py_verify(mp_obj_t public, mp_obj_t digest, mp_obj_t signature)
{
    const struct data key = data_of(public), claimed = data_of(signature);
    const uint8_t *hashed = fixed_of(digest, DIGEST, MP_QSTR_digest);
    if (key.length != P256_PUBLIC || claimed.length != P256_SIGNATURE)
        mp_raise_type(&mp_type_BadSignature);
    return none_or(p256_verify(key.at, hashed, claimed.at), &mp_type_BadSignature);
}
MP_DEFINE_CONST_FUN_OBJ_3(p256_verify_object, py_verify);

/* One claim out of (public, digest, signature).  Returns false if it is no claim: it is refused unseen. */
static bool claim_of(mp_obj_t object, struct p256_claim *claim)
{
    mp_obj_t *parts;
    mp_obj_get_array_fixed_n(object, 3, &parts);
    const struct data key = data_of(parts[0]), digest = data_of(parts[1]), signature = data_of(parts[2]);
    *claim = (struct p256_claim){key.at, digest.at, signature.at, VERDICT_REJECT};
    return key.length == P256_PUBLIC && digest.length == DIGEST && signature.length == P256_SIGNATURE;
}

/* Verify claims[from..to) and append the numbers of those that do not hold. */
static void refuse_some(mp_obj_t *objects, size_t from, size_t to, mp_obj_t refused)
{
    struct p256_claim claims[CLAIMS_MOST];
    size_t numbers[CLAIMS_MOST], count = 0;
    for (size_t i = from; i < to; i++) {
        numbers[count] = i;
        if (claim_of(objects[i], &claims[count]))
            count++;
        else
            mp_obj_list_append(refused, mp_obj_new_int_from_uint(i));
    }
    p256_verify_many(claims, count);
    for (size_t i = 0; i < count; i++)
        if (claims[i].verdict != VERDICT_ACCEPT)
            mp_obj_list_append(refused, mp_obj_new_int_from_uint(numbers[i]));
}

/* The numbers, in no order, of those claims (public, digest, signature) that do not hold. */
static mp_obj_t py_refused(mp_obj_t object)
{
    size_t count;
    mp_obj_t *objects, refused = mp_obj_new_list(0, NULL);
    mp_obj_get_array(object, &count, &objects);
    for (size_t from = 0; from < count; from += CLAIMS_MOST)
        refuse_some(objects, from, count - from < CLAIMS_MOST ? count : from + CLAIMS_MOST, refused);
    return refused;
}
MP_DEFINE_CONST_FUN_OBJ_1(p256_refused_object, py_refused);

/* A new key pair (private, public) from a Drbg. */
static mp_obj_t py_generate(mp_obj_t random)
{
    if (!mp_obj_is_type(random, &type_Drbg))
        mp_raise_TypeError(MP_ERROR_TEXT("a Drbg is wanted"));
    NEW_BYTES(own, P256_PRIVATE);
    NEW_BYTES(point, P256_PUBLIC);
    const verdict decision = p256_generate(held_state(random), bytes_in(&own), bytes_in(&point));
    const mp_obj_t pair[] = {bytes_or(decision, &own, &mp_type_ValueError), mp_obj_new_bytes_from_vstr(&point)};
    return mp_obj_new_tuple(2, pair);
}
MP_DEFINE_CONST_FUN_OBJ_1(p256_generate_object, py_generate);

/* P256Key(public).  Raises BadPoint. */
static mp_obj_t make_P256Key(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 1, 1, false);
    const struct data key = data_of(with[0]);
    if (key.length != P256_PUBLIC)
        mp_raise_type(&mp_type_BadPoint);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, p256_known_size()));
    none_or(p256_known_begin(held_state(self), key.at), &mp_type_BadPoint);
    return self;
}

/* (digest, signature).  Raises BadSignature. */
static mp_obj_t known_py_verify(mp_obj_t self, mp_obj_t digest, mp_obj_t signature)
{
    const uint8_t *hashed = fixed_of(digest, DIGEST, MP_QSTR_digest);
    const struct data claimed = data_of(signature);
    if (claimed.length != P256_SIGNATURE)
        mp_raise_type(&mp_type_BadSignature);
    return none_or(p256_known_verify(held_state(self), hashed, claimed.at), &mp_type_BadSignature);
}
static MP_DEFINE_CONST_FUN_OBJ_3(known_verify_object, known_py_verify);

static const mp_rom_map_elem_t P256Key_methods[] = {
    METHOD(verify, known_verify_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(P256Key);

static mp_obj_t py_from_der(mp_obj_t object)
{
    const struct data der = data_of(object);
    NEW_BYTES(raw, P256_SIGNATURE);
    return bytes_or(signature_from_der(der.at, der.length, bytes_in(&raw)), &raw, &mp_type_BadSignature);
}
MP_DEFINE_CONST_FUN_OBJ_1(signature_from_der_object, py_from_der);

static mp_obj_t py_to_der(mp_obj_t object)
{
    uint8_t der[SIGNATURE_DER_MOST];
    return mp_obj_new_bytes(der, signature_to_der(fixed_of(object, P256_SIGNATURE, MP_QSTR_signature), der));
}
MP_DEFINE_CONST_FUN_OBJ_1(signature_to_der_object, py_to_der);

/* (public, message, signature).  Raises BadSignature. */
static mp_obj_t py_lms_verify(mp_obj_t public, mp_obj_t message, mp_obj_t signature)
{
    const struct data key = data_of(public), text = data_of(message), claimed = data_of(signature);
    return none_or(lms_verify(key.at, key.length, text.at, text.length, claimed.at, claimed.length),
                   &mp_type_BadSignature);
}
MP_DEFINE_CONST_FUN_OBJ_3(lms_verify_object, py_lms_verify);
