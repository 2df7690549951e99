/*
 * AES: blocks, counter mode, GCM, CMAC, key wrap.
 */
#include "functions.h"
#include "module.h"

#include "aes/cmac.h"
#include "aes/ctr.h"
#include "aes/gcm.h"
#include "aes/keywrap.h"
#include "common/clear.h"

#include <string.h>

#define GCM_NONCE 12

static mp_obj_t make_Aes(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 1, 1, false);
    const struct data key = key_of(with[0]);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct aes)));
    aes_begin(held_state(self), key.at, key.length);
    return self;
}

static mp_obj_t aes_py_encrypt(mp_obj_t self, mp_obj_t block)
{
    const uint8_t *in = fixed_of(block, AES_BLOCK, MP_QSTR_block);
    NEW_BYTES(out, AES_BLOCK);
    aes_encrypt(held_state(self), in, bytes_in(&out));
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_2(aes_encrypt_object, aes_py_encrypt);

static mp_obj_t aes_py_decrypt(mp_obj_t self, mp_obj_t block)
{
    const uint8_t *in = fixed_of(block, AES_BLOCK, MP_QSTR_block);
    NEW_BYTES(out, AES_BLOCK);
    aes_decrypt(held_state(self), in, bytes_in(&out));
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_2(aes_decrypt_object, aes_py_decrypt);

/* (counter, data); `counter`, a bytearray, becomes the next one */
static mp_obj_t aes_py_ctr(mp_obj_t self, mp_obj_t counter_object, mp_obj_t object)
{
    const struct data counter = writable_of(counter_object), data = data_of(object);
    if (counter.length != AES_BLOCK)
        mp_raise_ValueError(MP_ERROR_TEXT("a counter has 16 bytes"));
    NEW_BYTES(out, data.length);
    aes_ctr(held_state(self), counter.at, data.at, bytes_in(&out), data.length);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_3(aes_ctr_method_object, aes_py_ctr);

static const mp_rom_map_elem_t Aes_methods[] = {
    METHOD(encrypt, aes_encrypt_object),
    METHOD(decrypt, aes_decrypt_object),
    METHOD(ctr, aes_ctr_method_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Aes);

/* (key, counter, data) */
static mp_obj_t py_aes_ctr(mp_obj_t key_object, mp_obj_t counter_object, mp_obj_t object)
{
    const struct data key = key_of(key_object), data = data_of(object);
    uint8_t counter[AES_BLOCK];
    memcpy(counter, fixed_of(counter_object, AES_BLOCK, MP_QSTR_counter), AES_BLOCK);
    NEW_BYTES(out, data.length);
    struct aes aes;
    aes_begin(&aes, key.at, key.length);
    aes_ctr(&aes, counter, data.at, bytes_in(&out), data.length);
    memory_clear(&aes, sizeof aes);
    return mp_obj_new_bytes_from_vstr(&out);
}
MP_DEFINE_CONST_FUN_OBJ_3(aes_ctr_object, py_aes_ctr);

static mp_obj_t py_aes_cmac(mp_obj_t key_object, mp_obj_t object)
{
    const struct data key = key_of(key_object), data = data_of(object);
    NEW_BYTES(tag, CMAC_TAG);
    cmac_aes(key.at, key.length, data.at, data.length, bytes_in(&tag));
    return mp_obj_new_bytes_from_vstr(&tag);
}
MP_DEFINE_CONST_FUN_OBJ_2(aes_cmac_object, py_aes_cmac);

static mp_obj_t make_Cmac(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 1, 1, false);
    const struct data key = key_of(with[0]);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct cmac)));
    cmac_begin(held_state(self), key.at, key.length);
    return self;
}

static mp_obj_t cmac_py_update(mp_obj_t self, mp_obj_t object)
{
    const struct data data = data_of(object);
    cmac_update(held_state(self), data.at, data.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(cmac_update_object, cmac_py_update);

/* Works on a copy, so that the object may take more data. */
static mp_obj_t cmac_py_digest(mp_obj_t self)
{
    struct cmac last;
    memcpy(&last, held_state(self), sizeof last);
    NEW_BYTES(tag, CMAC_TAG);
    cmac_end(&last, bytes_in(&tag));
    memory_clear(&last, sizeof last);
    return mp_obj_new_bytes_from_vstr(&tag);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cmac_digest_object, cmac_py_digest);

static const mp_rom_map_elem_t Cmac_methods[] = {
    METHOD(update, cmac_update_object),
    METHOD(digest, cmac_digest_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Cmac);

static mp_obj_t py_key_wrap(mp_obj_t kek_object, mp_obj_t object)
{
    const struct data kek = key_of(kek_object), key = data_of(object);
    NEW_BYTES(wrapped, key.length + KEYWRAP_MORE);
    return bytes_or(keywrap(kek.at, kek.length, key.at, key.length, bytes_in(&wrapped)), &wrapped, &mp_type_ValueError);
}
MP_DEFINE_CONST_FUN_OBJ_2(key_wrap_object, py_key_wrap);

static mp_obj_t py_key_unwrap(mp_obj_t kek_object, mp_obj_t object)
{
    const struct data kek = key_of(kek_object), wrapped = data_of(object);
    if (wrapped.length < KEYWRAP_MORE)
        mp_raise_type(&mp_type_BadTag);
    NEW_BYTES(key, wrapped.length - KEYWRAP_MORE);
    return bytes_or(keyunwrap(kek.at, kek.length, wrapped.at, wrapped.length, bytes_in(&key)), &key, &mp_type_BadTag);
}
MP_DEFINE_CONST_FUN_OBJ_2(key_unwrap_object, py_key_unwrap);

/* What seals and opens have in common: (nonce, aad, text). */
struct message {
    const uint8_t *nonce;
    struct data additional, text;
};

static struct message message_of(const mp_obj_t *with)
{
    const struct message message = {fixed_of(with[0], GCM_NONCE, MP_QSTR_nonce), data_of(with[1]), data_of(with[2])};
    if ((uint64_t)message.text.length > GCM_MOST)
        mp_raise_ValueError(MP_ERROR_TEXT("a text is too long"));
    return message;
}

/* in: out[0..length of text + 16), may be the text itself */
static void seal(const struct gcm_key *key, const struct message *message, uint8_t *out)
{
    gcm_seal(key, message->nonce, GCM_NONCE, message->additional.at, message->additional.length, message->text.at,
             message->text.length, out, out + message->text.length);
}

/* in: the text ends with a tag; out[0..length of text - 16), may be the text itself */
static verdict open(const struct gcm_key *key, const struct message *message, uint8_t *out)
{
    const size_t length = message->text.length - GCM_TAG;
    uint8_t tag[GCM_TAG];
    memcpy(tag, message->text.at + length, GCM_TAG);
    return gcm_open(key, message->nonce, GCM_NONCE, message->additional.at, message->additional.length,
                    message->text.at, length, tag, out);
}

static mp_obj_t make_AesGcm(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 1, 1, false);
    const struct data key = key_of(with[0]);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct gcm_key)));
    gcm_begin(held_state(self), key.at, key.length);
    return self;
}

static mp_obj_t gcm_py_seal(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct message message = message_of(with + 1);
    NEW_BYTES(out, message.text.length + GCM_TAG);
    seal(held_state(with[0]), &message, bytes_in(&out));
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(gcm_seal_object, 4, 4, gcm_py_seal);

static mp_obj_t gcm_py_open(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct message message = message_of(with + 1);
    if (message.text.length < GCM_TAG)
        mp_raise_type(&mp_type_BadTag);
    NEW_BYTES(out, message.text.length - GCM_TAG);
    return bytes_or(open(held_state(with[0]), &message, bytes_in(&out)), &out, &mp_type_BadTag);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(gcm_open_object, 4, 4, gcm_py_open);

/* Whether two stretches of memory overlap in another way than by beginning at the same place. */
static bool are_crossed(const struct data *a, const struct data *b)
{
    return a->at != b->at && a->at < b->at + b->length && b->at < a->at + a->length;
}

/* in: out has room for `length`.  Raises ValueError. */
static struct data out_of(mp_obj_t object, size_t length, const struct data *text)
{
    const struct data out = writable_of(object);
    if (out.length < length || are_crossed(&out, text))
        mp_raise_ValueError(MP_ERROR_TEXT("out is too small, or crosses the text"));
    return out;
}

/* (nonce, aad, plaintext, out); how many bytes of out were written */
static mp_obj_t gcm_py_seal_into(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct message message = message_of(with + 1);
    const size_t length = message.text.length + GCM_TAG;
    seal(held_state(with[0]), &message, out_of(with[4], length, &message.text).at);
    return mp_obj_new_int_from_uint(length);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(gcm_seal_into_object, 5, 5, gcm_py_seal_into);

/* (nonce, aad, data, out); how many bytes of out were written */
static mp_obj_t gcm_py_open_into(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct message message = message_of(with + 1);
    if (message.text.length < GCM_TAG)
        mp_raise_type(&mp_type_BadTag);
    const size_t length = message.text.length - GCM_TAG;
    none_or(open(held_state(with[0]), &message, out_of(with[4], length, &message.text).at), &mp_type_BadTag);
    return mp_obj_new_int_from_uint(length);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(gcm_open_into_object, 5, 5, gcm_py_open_into);

static const mp_rom_map_elem_t AesGcm_methods[] = {
    METHOD(seal, gcm_seal_object),
    METHOD(open, gcm_open_object),
    METHOD(seal_into, gcm_seal_into_object),
    METHOD(open_into, gcm_open_into_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(AesGcm);

/* (key, nonce, aad, plaintext) */
static mp_obj_t py_aes_gcm_seal(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct data bytes = key_of(with[0]);
    const struct message message = message_of(with + 1);
    NEW_BYTES(out, message.text.length + GCM_TAG);
    struct gcm_key key;
    gcm_begin(&key, bytes.at, bytes.length);
    seal(&key, &message, bytes_in(&out));
    memory_clear(&key, sizeof key);
    return mp_obj_new_bytes_from_vstr(&out);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(aes_gcm_seal_object, 4, 4, py_aes_gcm_seal);

/* (key, nonce, aad, data) */
static mp_obj_t py_aes_gcm_open(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct data bytes = key_of(with[0]);
    const struct message message = message_of(with + 1);
    if (message.text.length < GCM_TAG)
        mp_raise_type(&mp_type_BadTag);
    NEW_BYTES(out, message.text.length - GCM_TAG);
    struct gcm_key key;
    gcm_begin(&key, bytes.at, bytes.length);
    const verdict decision = open(&key, &message, bytes_in(&out));
    memory_clear(&key, sizeof key);
    return bytes_or(decision, &out, &mp_type_BadTag);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(aes_gcm_open_object, 4, 4, py_aes_gcm_open);
