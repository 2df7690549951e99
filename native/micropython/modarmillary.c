/*
 * The engine as a module of MicroPython, `_armillary_native`.  Functions and types are named, called and refuse as
 * those of `armillary.native` on CPython do; armillary/native picks the module up where it is built in.
 */
#include "functions.h"
#include "module.h"

#include "common/cpu.h"

/* From now on use only the accelerated paths in a set: for tests and comparison. */
static mp_obj_t py_cpu_restrict(mp_obj_t allowed)
{
    cpu_restrict((uint32_t)size_of(allowed, UINT32_MAX));
    return mp_obj_new_int_from_uint(cpu_features());
}
static MP_DEFINE_CONST_FUN_OBJ_1(cpu_restrict_object, py_cpu_restrict);

#define FUNCTION(name) METHOD(name, name##_object)
#define TYPE(name) METHOD(name, type_##name)
#define EXCEPTION(name) METHOD(name, mp_type_##name)

static const mp_rom_map_elem_t names[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__armillary_native)},
    FUNCTION(sha256),
    FUNCTION(sha256_many),
    FUNCTION(sha256_pages),
    TYPE(Sha256),
    FUNCTION(hmac_sha256),
    TYPE(Hmac),
    FUNCTION(hkdf_extract),
    FUNCTION(hkdf_expand),
    FUNCTION(hkdf),
    FUNCTION(merkle_root),
    FUNCTION(merkle_path),
    FUNCTION(merkle_verify),
    FUNCTION(compare),
    FUNCTION(clear),
    TYPE(Aes),
    FUNCTION(aes_ctr),
    FUNCTION(aes_cmac),
    TYPE(Cmac),
    FUNCTION(aes_gcm_seal),
    FUNCTION(aes_gcm_open),
    TYPE(AesGcm),
    TYPE(Gcm),
    FUNCTION(key_wrap),
    FUNCTION(key_unwrap),
    FUNCTION(p256_is_private),
    FUNCTION(p256_public),
    FUNCTION(p256_check),
    FUNCTION(p256_ecdh),
    FUNCTION(p256_sign),
    FUNCTION(p256_sign_hedged),
    FUNCTION(p256_verify),
    FUNCTION(p256_refused),
    FUNCTION(p256_generate),
    TYPE(P256Key),
    FUNCTION(signature_from_der),
    FUNCTION(signature_to_der),
    FUNCTION(lms_verify),
    TYPE(Drbg),
    TYPE(Health),
    FUNCTION(decision_equal),
    FUNCTION(decision_at_least),
    FUNCTION(decision_is),
    FUNCTION(decision_both),
    FUNCTION(cpu_restrict),
    EXCEPTION(BadSignature),
    EXCEPTION(BadPoint),
    EXCEPTION(BadTag),
    EXCEPTION(BadPath),
};
static MP_DEFINE_CONST_DICT(names_dict, names);

const mp_obj_module_t armillary_native_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&names_dict,
};

MP_REGISTER_MODULE(MP_QSTR__armillary_native, armillary_native_module);
