/*
 * SHA-256, HMAC, HKDF, Merkle trees, comparison and clearing.
 */
#include "functions.h"
#include "module.h"

#include "common/clear.h"
#include "common/compare.h"
#include "hash/hkdf.h"
#include "hash/hmac.h"
#include "hash/merkle.h"
#include "hash/sha256.h"

static mp_obj_t py_sha256(mp_obj_t object)
{
    const struct data data = data_of(object);
    NEW_BYTES(digest, SHA256_DIGEST);
    sha256_hash(data.at, data.length, bytes_in(&digest));
    return mp_obj_new_bytes_from_vstr(&digest);
}
MP_DEFINE_CONST_FUN_OBJ_1(sha256_object, py_sha256);

/* A list of the digests of a list of buffers. */
static mp_obj_t py_sha256_many(mp_obj_t buffers)
{
    size_t count;
    mp_obj_t *objects;
    mp_obj_get_array(buffers, &count, &objects);
    struct sha256_job *jobs = m_new(struct sha256_job, count);
    uint8_t *digests = m_new(uint8_t, count * SHA256_DIGEST);
    for (size_t i = 0; i < count; i++) {
        const struct data data = data_of(objects[i]);
        jobs[i] = (struct sha256_job){data.at, data.length, digests + i * SHA256_DIGEST};
    }
    sha256_many(jobs, count);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < count; i++)
        mp_obj_list_append(list, mp_obj_new_bytes(digests + i * SHA256_DIGEST, SHA256_DIGEST));
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_1(sha256_many_object, py_sha256_many);

/* (data, size): the digests of consecutive pages, one after the other. */
static mp_obj_t py_sha256_pages(mp_obj_t object, mp_obj_t size_object)
{
    const struct data data = data_of(object);
    const size_t size = size_of(size_object, SIZE_MAX >> 1);
    if (size == 0 || data.length % size != 0)
        mp_raise_ValueError(MP_ERROR_TEXT("data is no number of whole pages"));
    const size_t count = data.length / size;
    NEW_BYTES(digests, count * SHA256_DIGEST);
    sha256_pages(data.at, count, size, bytes_in(&digests));
    return mp_obj_new_bytes_from_vstr(&digests);
}
MP_DEFINE_CONST_FUN_OBJ_2(sha256_pages_object, py_sha256_pages);

static mp_obj_t make_Sha256(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    (void)with;
    mp_arg_check_num(count, named, 0, 0, false);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct sha256)));
    sha256_begin(held_state(self));
    return self;
}

static mp_obj_t sha256_py_update(mp_obj_t self, mp_obj_t object)
{
    const struct data data = data_of(object);
    sha256_update(held_state(self), data.at, data.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(sha256_update_object, sha256_py_update);

static mp_obj_t sha256_py_digest(mp_obj_t self)
{
    NEW_BYTES(digest, SHA256_DIGEST);
    sha256_end(held_state(self), bytes_in(&digest));
    return mp_obj_new_bytes_from_vstr(&digest);
}
static MP_DEFINE_CONST_FUN_OBJ_1(sha256_digest_object, sha256_py_digest);

static const mp_rom_map_elem_t Sha256_methods[] = {
    METHOD(update, sha256_update_object),
    METHOD(digest, sha256_digest_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Sha256);

static mp_obj_t py_hmac_sha256(mp_obj_t key_object, mp_obj_t object)
{
    const struct data key = data_of(key_object), data = data_of(object);
    NEW_BYTES(tag, HMAC_TAG);
    hmac_sha256(key.at, key.length, data.at, data.length, bytes_in(&tag));
    return mp_obj_new_bytes_from_vstr(&tag);
}
MP_DEFINE_CONST_FUN_OBJ_2(hmac_sha256_object, py_hmac_sha256);

static mp_obj_t make_Hmac(const mp_obj_type_t *type, size_t count, size_t named, const mp_obj_t *with)
{
    mp_arg_check_num(count, named, 1, 1, false);
    const struct data key = data_of(with[0]);
    mp_obj_t self = MP_OBJ_FROM_PTR(held_new(type, sizeof(struct hmac)));
    hmac_begin(held_state(self), key.at, key.length);
    return self;
}

static mp_obj_t hmac_py_update(mp_obj_t self, mp_obj_t object)
{
    const struct data data = data_of(object);
    hmac_update(held_state(self), data.at, data.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(hmac_update_object, hmac_py_update);

static mp_obj_t hmac_py_digest(mp_obj_t self)
{
    NEW_BYTES(tag, HMAC_TAG);
    hmac_end(held_state(self), bytes_in(&tag));
    return mp_obj_new_bytes_from_vstr(&tag);
}
static MP_DEFINE_CONST_FUN_OBJ_1(hmac_digest_object, hmac_py_digest);

static const mp_rom_map_elem_t Hmac_methods[] = {
    METHOD(update, hmac_update_object),
    METHOD(digest, hmac_digest_object),
    METHOD(__del__, held_delete_object),
};
STATE_TYPE(Hmac);

static mp_obj_t py_hkdf_extract(mp_obj_t salt_object, mp_obj_t ikm_object)
{
    const struct data salt = data_of(salt_object), ikm = data_of(ikm_object);
    NEW_BYTES(prk, HMAC_TAG);
    hkdf_extract(salt.at, salt.length, ikm.at, ikm.length, bytes_in(&prk));
    return mp_obj_new_bytes_from_vstr(&prk);
}
MP_DEFINE_CONST_FUN_OBJ_2(hkdf_extract_object, py_hkdf_extract);

static mp_obj_t py_hkdf_expand(mp_obj_t prk_object, mp_obj_t info_object, mp_obj_t length)
{
    const struct data prk = data_of(prk_object), info = data_of(info_object);
    NEW_BYTES(out, size_of(length, HKDF_MOST));
    hkdf_expand(prk.at, prk.length, info.at, info.length, bytes_in(&out), out.len);
    return mp_obj_new_bytes_from_vstr(&out);
}
MP_DEFINE_CONST_FUN_OBJ_3(hkdf_expand_object, py_hkdf_expand);

/* (salt, ikm, info, length) */
static mp_obj_t py_hkdf(size_t count, const mp_obj_t *with)
{
    (void)count;
    const struct data salt = data_of(with[0]), ikm = data_of(with[1]), info = data_of(with[2]);
    NEW_BYTES(out, size_of(with[3], HKDF_MOST));
    hkdf_sha256(salt.at, salt.length, ikm.at, ikm.length, info.at, info.length, bytes_in(&out), out.len);
    return mp_obj_new_bytes_from_vstr(&out);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(hkdf_object, 4, 4, py_hkdf);

/* The size of a block.  Raises ValueError for 0. */
static size_t block_of(mp_obj_t object)
{
    const size_t block = size_of(object, SIZE_MAX >> 1);
    if (block == 0)
        mp_raise_ValueError(MP_ERROR_TEXT("a block has bytes"));
    return block;
}

static mp_obj_t py_merkle_root(mp_obj_t object, mp_obj_t block)
{
    const struct data data = data_of(object);
    NEW_BYTES(root, MERKLE_DIGEST);
    merkle_root(data.at, data.length, block_of(block), bytes_in(&root));
    return mp_obj_new_bytes_from_vstr(&root);
}
MP_DEFINE_CONST_FUN_OBJ_2(merkle_root_object, py_merkle_root);

/* (data, block, index) */
static mp_obj_t py_merkle_path(mp_obj_t object, mp_obj_t block_object, mp_obj_t index_object)
{
    const struct data data = data_of(object);
    const size_t block = block_of(block_object), leaves = data.length / block + (data.length % block != 0);
    if (leaves == 0)
        mp_raise_ValueError(MP_ERROR_TEXT("an empty image has no blocks"));
    uint8_t path[MERKLE_DEEPEST * MERKLE_DIGEST];
    const size_t depth = merkle_path(data.at, data.length, block, size_of(index_object, leaves - 1), path);
    return mp_obj_new_bytes(path, depth * MERKLE_DIGEST);
}
MP_DEFINE_CONST_FUN_OBJ_3(merkle_path_object, py_merkle_path);

/* (root, leaves, index, data, path).  Raises BadPath. */
static mp_obj_t py_merkle_verify(size_t count, const mp_obj_t *with)
{
    (void)count;
    const uint8_t *root = fixed_of(with[0], MERKLE_DIGEST, MP_QSTR_root);
    const size_t leaves = size_of(with[1], UINT32_MAX), index = size_of(with[2], UINT32_MAX);
    const struct data data = data_of(with[3]), path = data_of(with[4]);
    if (path.length % MERKLE_DIGEST != 0)
        mp_raise_type(&mp_type_BadPath);
    return none_or(merkle_verify(root, leaves, index, data.at, data.length, path.at, path.length / MERKLE_DIGEST),
                   &mp_type_BadPath);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(merkle_verify_object, 5, 5, py_merkle_verify);

static mp_obj_t py_compare(mp_obj_t a_object, mp_obj_t b_object)
{
    const struct data a = data_of(a_object), b = data_of(b_object);
    return mp_obj_new_bool(a.length == b.length && memory_equal(a.at, b.at, a.length) == 1);
}
MP_DEFINE_CONST_FUN_OBJ_2(compare_object, py_compare);

static mp_obj_t py_clear(mp_obj_t object)
{
    const struct data data = writable_of(object);
    memory_clear(data.at, data.length);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(clear_object, py_clear);
