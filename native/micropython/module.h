/*
 * From MicroPython's objects to the engine's arguments, and back.
 */
#ifndef ARMILLARY_MICROPYTHON_MODULE_H
#define ARMILLARY_MICROPYTHON_MODULE_H

#include "common/verdict.h"

#include "py/runtime.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes that an object holds; valid while the object lives. */
struct data {
    uint8_t *at;
    size_t length;
};

/* Any object with bytes in it.  Raises TypeError. */
struct data data_of(mp_obj_t object);

/* The same, writable. */
struct data writable_of(mp_obj_t object);

/* The same, of exactly this length.  Raises ValueError, which names `what`. */
const uint8_t *fixed_of(mp_obj_t object, size_t length, qstr what);

/* An AES key.  Raises ValueError unless it has 16 or 32 bytes. */
struct data key_of(mp_obj_t object);

/* A number from 0 to most.  Raises ValueError. */
size_t size_of(mp_obj_t object, size_t most);

/* A bytes object in the making: fill vstr.buf, then hand it to mp_obj_new_bytes_from_vstr(). */
#define NEW_BYTES(name, length) \
    vstr_t name; \
    vstr_init_len(&name, (length))

static inline uint8_t *bytes_in(vstr_t *made)
{
    return (uint8_t *)made->buf;
}

/* Raised where the answer is no: of the same names as in armillary.native.errors, all of them ValueError. */
extern const mp_obj_type_t mp_type_BadSignature, mp_type_BadPoint, mp_type_BadTag, mp_type_BadPath;

/* Returns None if the verdict accepts.  Raises `type` otherwise. */
mp_obj_t none_or(verdict decision, const mp_obj_type_t *type);

/* As none_or(), for a bytes object that a refusal must not give out: `made` is erased first. */
mp_obj_t bytes_or(verdict decision, vstr_t *made, const mp_obj_type_t *type);

/* An object that holds a state of the engine, aligned as vector registers want it, erased when it goes. */
#define STATE_ALIGNED 64
struct held {
    mp_obj_base_t base;
    size_t size;
    uint8_t room[];
};

/* in: size of the state.  Returns a new object; its state is not set yet. */
struct held *held_new(const mp_obj_type_t *type, size_t size);

/* The state of an object. */
void *held_state(mp_obj_t object);

/* `__del__` of every such type. */
MP_DECLARE_CONST_FUN_OBJ_1(held_delete_object);

extern const mp_obj_type_t type_Sha256, type_Hmac, type_Aes, type_Cmac, type_AesGcm, type_Gcm, type_P256Key, type_Drbg,
    type_Health;

/* A type that holds a state: `name` has make_`name` and a table of methods `name`_methods. */
#define STATE_TYPE(name) \
    static MP_DEFINE_CONST_DICT(name##_dict, name##_methods); \
    MP_DEFINE_CONST_OBJ_TYPE(type_##name, MP_QSTR_##name, MP_TYPE_FLAG_NONE, make_new, make_##name, locals_dict, \
                             &name##_dict)

#define METHOD(name, object) \
    { \
        MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&object) \
    }

#endif
