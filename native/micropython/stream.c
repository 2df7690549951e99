/*
 * GCM piece by piece: for texts that are longer than the memory there is.
 */
#include "functions.h"
#include "module.h"

#include "aes/gcm.h"

/* A message and its key, which it points to: both in one object, which never moves. */
struct streamed {
    struct gcm_key key;
    struct gcm gcm;
};

static struct gcm *gcm_of(mp_obj_t self)
{
    struct streamed *streamed = held_state(self);
    return &streamed->gcm;
}

/* Gcm(key, nonce); a nonce of any length but 0 */
static mp_obj_t make_Gcm(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 2, 2, false);
    const struct data key = key_of(with[0]), nonce = data_of(with[1]);
    if (nonce.length == 0)
        mp_raise_ValueError(MP_ERROR_TEXT("a nonce has bytes"));
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct streamed)));
    struct streamed *streamed = held_state(self);
    gcm_begin(&streamed->key, key.at, key.length);
    gcm_start(&streamed->gcm, &streamed->key, nonce.at, nonce.length);
    return self;
}

static mp_obj_t gcm_py_additional(mp_obj_t self, mp_obj_t object)
{
    const struct data data = data_of(object);
    gcm_additional(gcm_of(self), data.at, data.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(gcm_additional_object, gcm_py_additional);

static mp_obj_t gcm_py_encrypt(mp_obj_t self, mp_obj_t object)
{
    const struct data data = data_of(object);
    NEW_BYTES(out, data.length);
    gcm_encrypt(gcm_of(self), data.at, bytes_in(&out), data.length);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_2(gcm_encrypt_object, gcm_py_encrypt);

/* What it gives is not to be trusted before check() returns. */
static mp_obj_t gcm_py_decrypt(mp_obj_t self, mp_obj_t object)
{
    const struct data data = data_of(object);
    NEW_BYTES(out, data.length);
    gcm_decrypt(gcm_of(self), data.at, bytes_in(&out), data.length);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_2(gcm_decrypt_object, gcm_py_decrypt);

static mp_obj_t gcm_py_tag(mp_obj_t self)
{
    NEW_BYTES(tag, GCM_TAG);
    gcm_tag(gcm_of(self), bytes_in(&tag));
    return mp_obj_new_bytes_from_vstr(&tag);
}
static MP_DEFINE_CONST_FUN_OBJ_1(gcm_tag_object, gcm_py_tag);

/* Raises BadTag. */
static mp_obj_t gcm_py_check(mp_obj_t self, mp_obj_t tag)
{
    return none_or(gcm_check(gcm_of(self), fixed_of(tag, GCM_TAG, MP_QSTR_tag)), &mp_type_BadTag);
}
static MP_DEFINE_CONST_FUN_OBJ_2(gcm_check_object, gcm_py_check);

static const mp_rom_map_elem_t Gcm_methods[] = {
    METHOD(additional, gcm_additional_object),
    METHOD(encrypt, gcm_encrypt_object),
    METHOD(decrypt, gcm_decrypt_object),
    METHOD(tag, gcm_tag_object),
    METHOD(check, gcm_check_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Gcm);
