/*
 * Authentication and derivation for Python: HMAC, HKDF, Merkle trees, and many hashes at once.
 */
#ifndef ARMILLARY_BINDING_MAC_H
#define ARMILLARY_BINDING_MAC_H

#include "binding/call.h"
#include "common/clear.h"
#include "hash/hkdf.h"
#include "hash/hmac.h"
#include "hash/merkle.h"

static PyObject *py_hmac_sha256(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t tag[HMAC_TAG];
    PyThreadState *left;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "hmac_sha256(key, data)"))
        return NULL;
    left = lock_leave(call_length(&call, 1));
    hmac_sha256(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1), tag);
    lock_enter(left);
    call_end(&call);
    return PyBytes_FromStringAndSize((const char *)tag, sizeof tag);
}

static PyObject *py_hkdf_extract(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t prk[SHA256_DIGEST];
    PyObject *made;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "hkdf_extract(salt, ikm)"))
        return NULL;
    hkdf_extract(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1), prk);
    call_end(&call);
    made = PyBytes_FromStringAndSize((const char *)prk, sizeof prk);
    memory_clear(prk, sizeof prk);
    return made;
}

/* Room for what HKDF derives; NULL with ValueError set beyond what it gives (RFC 5869, section 2.3). */
static PyObject *hkdf_room(const struct call *call, int i, uint8_t **at)
{
    *at = NULL;
    if (call->at[i].len >= 0 && call->at[i].len <= HKDF_MOST)
        return fresh_bytes(call_length(call, i), at);
    return PyErr_Format(PyExc_ValueError, "HKDF gives 0 to %d bytes, not %zd", HKDF_MOST, call->at[i].len);
}

static PyObject *py_hkdf_expand(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t *out;
    PyObject *made;

    (void)self;
    if (call_begin(&call, arguments, count, "bbn", "hkdf_expand(prk, info, length)"))
        return NULL;
    made = hkdf_room(&call, 2, &out);
    if (made)
        hkdf_expand(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1), out,
                    call_length(&call, 2));
    call_end(&call);
    return made;
}

static PyObject *py_hkdf(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t *out;
    PyObject *made;

    (void)self;
    if (call_begin(&call, arguments, count, "bbbn", "hkdf(salt, ikm, info, length)"))
        return NULL;
    made = hkdf_room(&call, 3, &out);
    if (made)
        hkdf_sha256(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1),
                    call_bytes(&call, 2), call_length(&call, 2), out, call_length(&call, 3));
    call_end(&call);
    return made;
}

static PyObject *py_sha256_pages(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    size_t length, size;
    uint8_t *digests;
    PyObject *made = NULL;
    PyThreadState *left;

    (void)self;
    if (call_begin(&call, arguments, count, "bn", "sha256_pages(data, size)"))
        return NULL;
    length = call_length(&call, 0), size = call_length(&call, 1);
    if (call.at[1].len <= 0 || length % size)
        PyErr_Format(PyExc_ValueError, "%zu bytes are no whole pages of %zd", length, call.at[1].len);
    else
        made = fresh_bytes(length / size * SHA256_DIGEST, &digests);
    if (made) {
        left = lock_leave(length);
        sha256_pages(call_bytes(&call, 0), length / size, size, digests);
        lock_enter(left);
    }
    call_end(&call);
    return made;
}

#define JOBS_AT_ONCE 16

/* Hash `count` buffers taken from a list into its digests.  in: count <= JOBS_AT_ONCE. */
static void many(Py_buffer *buffers, uint8_t digests[JOBS_AT_ONCE][SHA256_DIGEST], size_t count)
{
    struct sha256_job jobs[JOBS_AT_ONCE];
    size_t length = 0;
    PyThreadState *left;

    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct sha256_job){buffers[i].buf, (size_t)buffers[i].len, digests[i]};
        length += (size_t)buffers[i].len;
    }
    left = lock_leave(length);
    sha256_many(jobs, count);
    lock_enter(left);
}

/* Append the digests of items [from, from + count) of a sequence.  Returns 0, or -1 with an exception set. */
static int many_part(PyObject *sequence, Py_ssize_t from, size_t count, PyObject *digests)
{
    Py_buffer buffers[JOBS_AT_ONCE];
    uint8_t each[JOBS_AT_ONCE][SHA256_DIGEST];
    size_t taken = 0;
    int failed = 0;

    for (; taken < count && !failed; taken += !failed) {
        PyObject *item = PySequence_GetItem(sequence, from + (Py_ssize_t)taken);
        failed = !item || PyObject_GetBuffer(item, &buffers[taken], PyBUF_SIMPLE);
        Py_XDECREF(item); /* the buffer keeps what it needs */
    }
    if (!failed)
        many(buffers, each, count);
    for (size_t i = 0; i < taken; i++) {
        PyObject *digest = failed ? NULL : PyBytes_FromStringAndSize((const char *)each[i], SHA256_DIGEST);
        failed = !digest || PyList_Append(digests, digest);
        Py_XDECREF(digest);
        PyBuffer_Release(&buffers[i]);
    }
    return failed ? -1 : 0;
}

static PyObject *py_sha256_many(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *digests = count == 1 ? PyList_New(0) : PyErr_Format(PyExc_TypeError, "sha256_many(buffers)");
    Py_ssize_t length = digests ? PySequence_Size(arguments[0]) : -1, at = 0;

    (void)self;
    while (at < length) {
        Py_ssize_t part = length - at < JOBS_AT_ONCE ? length - at : JOBS_AT_ONCE;
        if (many_part(arguments[0], at, (size_t)part, digests))
            break;
        at += part;
    }
    if (at == length)
        return digests;
    Py_XDECREF(digests);
    return NULL;
}

static PyObject *py_merkle_root(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t root[MERKLE_DIGEST];
    PyThreadState *left;
    int is_right;

    (void)self;
    if (call_begin(&call, arguments, count, "bn", "merkle_root(data, block)"))
        return NULL;
    is_right = call.at[1].len > 0;
    if (is_right) {
        left = lock_leave(call_length(&call, 0));
        merkle_root(call_bytes(&call, 0), call_length(&call, 0), call_length(&call, 1), root);
        lock_enter(left);
    } else
        PyErr_SetString(PyExc_ValueError, "a block has at least a byte");
    call_end(&call);
    return is_right ? PyBytes_FromStringAndSize((const char *)root, sizeof root) : NULL;
}

static PyObject *py_merkle_path(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t path[MERKLE_DEEPEST * MERKLE_DIGEST];
    size_t depth = 0, length, block, index;
    PyThreadState *left;
    int is_right;

    (void)self;
    if (call_begin(&call, arguments, count, "bnn", "merkle_path(data, block, index)"))
        return NULL;
    length = call_length(&call, 0), block = call_length(&call, 1), index = call_length(&call, 2);
    is_right = call.at[1].len > 0 && call.at[2].len >= 0 && length && index <= (length - 1) / block;
    if (is_right) {
        left = lock_leave(length);
        depth = merkle_path(call_bytes(&call, 0), length, block, index, path);
        lock_enter(left);
    } else
        PyErr_SetString(PyExc_ValueError, "no such block");
    call_end(&call);
    return is_right ? PyBytes_FromStringAndSize((const char *)path, (Py_ssize_t)(depth * MERKLE_DIGEST)) : NULL;
}

static PyObject *py_merkle_verify(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    verdict found = VERDICT_REJECT;

    (void)self;
    if (call_begin(&call, arguments, count, "bnnbb", "merkle_verify(root, leaves, index, data, path)"))
        return NULL;
    if (call_length(&call, 0) == MERKLE_DIGEST && call_length(&call, 4) % MERKLE_DIGEST == 0 && call.at[1].len >= 0 &&
        call.at[2].len >= 0)
        found = merkle_verify(call_bytes(&call, 0), call_length(&call, 1), call_length(&call, 2), call_bytes(&call, 3),
                              call_length(&call, 3), call_bytes(&call, 4), call_length(&call, 4) / MERKLE_DIGEST);
    call_end(&call);
    return found == VERDICT_ACCEPT ? none() : refuse("BadPath", "the block is not at this place of the tree");
}

static PyMethodDef MAC_METHODS[] = {
    METHOD("hmac_sha256", py_hmac_sha256, "HMAC-SHA256 of `data` under `key` (any length): 32 bytes (RFC 2104)."),
    METHOD("hkdf_extract", py_hkdf_extract, "HKDF-Extract with SHA-256: a pseudo-random key of 32 bytes (RFC 5869, 2.2)."),
    METHOD("hkdf_expand", py_hkdf_expand,
           "HKDF-Expand with SHA-256: `length` bytes. Raises ValueError beyond 8160 (RFC 5869, 2.3)."),
    METHOD("hkdf", py_hkdf, "HKDF-Extract, then HKDF-Expand, in one crossing; the key between them stays inside."),
    METHOD("sha256_pages", py_sha256_pages, "The digests of consecutive pages of `size` bytes, one after the other."),
    METHOD("sha256_many", py_sha256_many, "A list of the digests of a list of buffers; faster than one by one."),
    METHOD("merkle_root", py_merkle_root, "The root of the tree over blocks of `block` bytes (RFC 9162, section 2.1)."),
    METHOD("merkle_path", py_merkle_path, "The digests that prove block `index`, lowest first, one after the other."),
    METHOD("merkle_verify", py_merkle_verify,
           "Raise BadPath unless `data` is block `index` of the `leaves` blocks under `root`."),
    {NULL, NULL, 0, NULL},
};

#endif
