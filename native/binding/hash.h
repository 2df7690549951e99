/*
 * Hashing for Python: SHA-256, comparison and clearing.
 */
#ifndef ARMILLARY_BINDING_HASH_H
#define ARMILLARY_BINDING_HASH_H

#include "binding/state.h"
#include "common/compare.h"
#include "hash/sha256.h"

static PyObject *py_sha256(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t digest[SHA256_DIGEST];
    PyThreadState *left;

    (void)self;
    if (call_begin(&call, arguments, count, "b", "sha256(data)"))
        return NULL;
    left = lock_leave(call_length(&call, 0));
    sha256_hash(call_bytes(&call, 0), call_length(&call, 0), digest);
    lock_enter(left);
    call_end(&call);
    return PyBytes_FromStringAndSize((const char *)digest, sizeof digest);
}

static PyObject *py_compare(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    int is_equal;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "compare(a, b)"))
        return NULL;
    is_equal = call_length(&call, 0) == call_length(&call, 1) &&
               memory_equal(call_bytes(&call, 0), call_bytes(&call, 1), call_length(&call, 0));
    call_end(&call);
    return PyBool_FromLong(is_equal);
}

static PyObject *py_clear(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;

    (void)self;
    if (call_begin(&call, arguments, count, "w", "clear(memory)"))
        return NULL;
    memory_clear(call.at[0].buf, call_length(&call, 0));
    call_end(&call);
    return none();
}

static PyMethodDef HASH_METHODS[] = {
    METHOD("sha256", py_sha256, "The 32 bytes of SHA-256 of `data`."),
    METHOD("compare", py_compare, "Whether `a` and `b` are equal, in a time that depends on their lengths only."),
    METHOD("clear", py_clear, "Overwrite `memory` by zeros, in place. Raises BufferError if it cannot be written."),
    {NULL, NULL, 0, NULL},
};

static PyObject *py_sha256_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    struct call call;
    PyObject *self;

    if (state_begin(&call, arguments, named, "", "Sha256()"))
        return NULL;
    self = state_new(type, sizeof(struct sha256));
    if (self)
        sha256_begin(state_of(self));
    return self;
}

static PyObject *py_sha256_update(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyThreadState *left;

    if (call_begin(&call, arguments, count, "b", "update(data)"))
        return NULL;
    left = lock_leave(call_length(&call, 0));
    sha256_update(state_of(self), call_bytes(&call, 0), call_length(&call, 0));
    lock_enter(left);
    call_end(&call);
    return none();
}

static PyObject *py_sha256_digest(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t digest[SHA256_DIGEST];

    if (call_begin(&call, arguments, count, "", "digest()"))
        return NULL;
    sha256_end(state_of(self), digest);
    return PyBytes_FromStringAndSize((const char *)digest, sizeof digest);
}

static PyMethodDef SHA256_METHODS[] = {
    METHOD("update", py_sha256_update, "Take more data. One thread at a time."),
    METHOD("digest", py_sha256_digest, "The 32 bytes of the hash. Ask once, at the end: not every engine can go on."),
    {NULL, NULL, 0, NULL},
};

#endif
