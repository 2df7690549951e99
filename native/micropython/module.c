/*
 * What all the functions share.
 */
#include "module.h"

#include "common/clear.h"

#include "py/objexcept.h"

MP_DEFINE_EXCEPTION(BadSignature, ValueError)
MP_DEFINE_EXCEPTION(BadPoint, ValueError)
MP_DEFINE_EXCEPTION(BadTag, ValueError)
MP_DEFINE_EXCEPTION(BadPath, ValueError)

static struct data take(mp_obj_t object, mp_uint_t how)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, how);
    return (struct data){buffer.buf, buffer.len};
}

struct data data_of(mp_obj_t object)
{
    return take(object, MP_BUFFER_READ);
}

struct data writable_of(mp_obj_t object)
{
    return take(object, MP_BUFFER_WRITE);
}

const uint8_t *fixed_of(mp_obj_t object, size_t length, qstr what)
{
    const struct data data = data_of(object);
    if (data.length != length)
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%q has %u bytes"), what, (unsigned)length);
    return data.at;
}

struct data key_of(mp_obj_t object)
{
    const struct data key = data_of(object);
    if (key.length != 16 && key.length != 32)
        mp_raise_ValueError(MP_ERROR_TEXT("an AES key has 16 or 32 bytes"));
    return key;
}

size_t size_of(mp_obj_t object, size_t most)
{
    const mp_int_t value = mp_obj_get_int(object);
    if (value < 0 || (size_t)value > most)
        mp_raise_ValueError(MP_ERROR_TEXT("a number is out of range"));
    return (size_t)value;
}

mp_obj_t none_or(verdict decision, const mp_obj_type_t *type)
{
    if (decision != VERDICT_ACCEPT)
        mp_raise_type(type);
    return mp_const_none;
}

mp_obj_t bytes_or(verdict decision, vstr_t *made, const mp_obj_type_t *type)
{
    if (decision != VERDICT_ACCEPT) {
        memory_clear(made->buf, made->len);
        mp_raise_type(type);
    }
    return mp_obj_new_bytes_from_vstr(made);
}

struct held *held_new(const mp_obj_type_t *type, size_t size)
{
    struct held *held = mp_obj_malloc_var_with_finaliser(struct held, uint8_t, size + STATE_ALIGNED, type);
    held->size = size;
    return held;
}

void *held_state(mp_obj_t object)
{
    struct held *held = MP_OBJ_TO_PTR(object);
    return (void *)(((uintptr_t)held->room + STATE_ALIGNED - 1) & ~(uintptr_t)(STATE_ALIGNED - 1));
}

static mp_obj_t held_delete(mp_obj_t self)
{
    const struct held *held = MP_OBJ_TO_PTR(self);
    memory_clear(held_state(self), held->size);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(held_delete_object, held_delete);
