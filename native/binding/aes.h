/*
 * AES for Python: GCM with a key that is kept or not, counter mode, CMAC, key wrap.
 */
#ifndef ARMILLARY_BINDING_AES_H
#define ARMILLARY_BINDING_AES_H

#include "aes/cmac.h"
#include "aes/ctr.h"
#include "aes/gcm.h"
#include "aes/keywrap.h"
#include "binding/state.h"

#define GCM_NONCE 12

/* Raise ValueError unless `length` is one of an AES key.  Returns 0 or -1. */
static int check_key(size_t length)
{
    if (length == 16 || length == 32)
        return 0;
    refuse_length(NULL, "an AES key", length);
    return -1;
}

/* What seals and opens have in common: arguments (nonce, aad, text) from `at` on, checked.  Returns 0 or -1. */
static int check_message(const struct call *call, int at)
{
    if (call_length(call, at) != GCM_NONCE) {
        refuse_length(NULL, "a nonce", call_length(call, at));
        return -1;
    }
    if ((uint64_t)call_length(call, at + 2) > GCM_MOST) {
        refuse_length(NULL, "a text", call_length(call, at + 2));
        return -1;
    }
    return 0;
}

/* Seal arguments (nonce, aad, text) from `at` on into out[0..length of text + 16). */
static void seal(const struct gcm_key *key, const struct call *call, int at, uint8_t *out)
{
    size_t length = call_length(call, at + 2);
    PyThreadState *left = lock_leave(length);

    gcm_seal(key, call_bytes(call, at), GCM_NONCE, call_bytes(call, at + 1), call_length(call, at + 1),
             call_bytes(call, at + 2), length, out, out + length);
    lock_enter(left);
}

/*
 * Open arguments (nonce, aad, sealed) from `at` on into out[0..length of sealed - 16).
 * in: sealed has room for a tag.  Returns the verdict; out is zeros unless it accepts.
 */
static verdict open(const struct gcm_key *key, const struct call *call, int at, uint8_t *out)
{
    size_t length = call_length(call, at + 2) - GCM_TAG;
    const uint8_t *sealed = call_bytes(call, at + 2);
    uint8_t tag[GCM_TAG];
    PyThreadState *left = lock_leave(length);
    verdict found;

    memcpy(tag, sealed + length, sizeof tag); /* in place, the text may come to lie over it */
    found = gcm_open(key, call_bytes(call, at), GCM_NONCE, call_bytes(call, at + 1), call_length(call, at + 1), sealed,
                     length, tag, out);
    lock_enter(left);
    return found;
}

/* A new bytes object with what is sealed; NULL with an exception set. */
static PyObject *seal_bytes(const struct gcm_key *key, const struct call *call, int at)
{
    uint8_t *out;
    PyObject *made = check_message(call, at) ? NULL : fresh_bytes(call_length(call, at + 2) + GCM_TAG, &out);

    if (made)
        seal(key, call, at, out);
    return made;
}

/* A new bytes object with the text; NULL with an exception set. */
static PyObject *open_bytes(const struct gcm_key *key, const struct call *call, int at)
{
    uint8_t *out;
    PyObject *made = NULL;

    if (check_message(call, at))
        return NULL;
    if (call_length(call, at + 2) < GCM_TAG)
        return refuse("BadTag", "shorter than a tag");
    made = fresh_bytes(call_length(call, at + 2) - GCM_TAG, &out);
    if (!made || open(key, call, at, out) == VERDICT_ACCEPT)
        return made;
    Py_DECREF(made);
    return refuse("BadTag", "the tag does not match");
}

typedef PyObject *(*with_key)(const struct gcm_key *key, const struct call *call, int at);

/* Do something with a key made for this one message, from arguments (key, nonce, aad, text). */
static PyObject *once(PyObject *const *arguments, Py_ssize_t count, const char *usage, with_key act)
{
    struct call call;
    struct gcm_key key;
    PyObject *made = NULL;

    if (call_begin(&call, arguments, count, "bbbb", usage))
        return NULL;
    if (!check_key(call_length(&call, 0))) {
        gcm_begin(&key, call_bytes(&call, 0), call_length(&call, 0));
        made = act(&key, &call, 1);
        memory_clear(&key, sizeof key);
    }
    call_end(&call);
    return made;
}

static PyObject *py_aes_gcm_seal(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    (void)self;
    return once(arguments, count, "aes_gcm_seal(key, nonce, aad, plaintext)", seal_bytes);
}

static PyObject *py_aes_gcm_open(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    (void)self;
    return once(arguments, count, "aes_gcm_open(key, nonce, aad, data)", open_bytes);
}

static PyObject *py_gcm_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    struct call call;
    PyObject *self = NULL;

    if (state_begin(&call, arguments, named, "b", "AesGcm(key)"))
        return NULL;
    if (!check_key(call_length(&call, 0)))
        self = state_new(type, sizeof(struct gcm_key));
    if (self)
        gcm_begin(state_of(self), call_bytes(&call, 0), call_length(&call, 0));
    call_end(&call);
    return self;
}

static PyObject *py_gcm_seal(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *made;

    if (call_begin(&call, arguments, count, "bbb", "seal(nonce, aad, plaintext)"))
        return NULL;
    made = seal_bytes(state_of(self), &call, 0);
    call_end(&call);
    return made;
}

static PyObject *py_gcm_open(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *made;

    if (call_begin(&call, arguments, count, "bbb", "open(nonce, aad, data)"))
        return NULL;
    made = open_bytes(state_of(self), &call, 0);
    call_end(&call);
    return made;
}

/*
 * Do two buffers, of which one is written, have nothing in common or begin at the same place?  Anything else
 * would be written over before it is read.  Raises ValueError.  Returns 0 or -1.
 */
static int check_apart(const struct call *call, int in, int out)
{
    uintptr_t a = (uintptr_t)call->at[in].buf, b = (uintptr_t)call->at[out].buf;

    if (a == b || a + call_length(call, in) <= b || b + call_length(call, out) <= a)
        return 0;
    PyErr_SetString(PyExc_ValueError, "the buffers overlap, and do not begin together");
    return -1;
}

static PyObject *py_gcm_seal_into(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *wrote = NULL;
    size_t most;

    if (call_begin(&call, arguments, count, "bbbw", "seal_into(nonce, aad, plaintext, out)"))
        return NULL;
    most = call_length(&call, 2) + GCM_TAG;
    if (call_length(&call, 3) < most)
        PyErr_Format(PyExc_ValueError, "out has %zu bytes, %zu are needed", call_length(&call, 3), most);
    else if (!check_message(&call, 0) && !check_apart(&call, 2, 3)) {
        seal(state_of(self), &call, 0, call.at[3].buf);
        wrote = PyLong_FromSize_t(most);
    }
    call_end(&call);
    return wrote;
}

static PyObject *py_gcm_open_into(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *wrote = NULL;
    size_t length;

    if (call_begin(&call, arguments, count, "bbbw", "open_into(nonce, aad, data, out)"))
        return NULL;
    length = call_length(&call, 2);
    if (check_message(&call, 0) || check_apart(&call, 2, 3))
        ;
    else if (length < GCM_TAG)
        refuse("BadTag", "shorter than a tag");
    else if (call_length(&call, 3) < length - GCM_TAG)
        PyErr_Format(PyExc_ValueError, "out has %zu bytes, %zu are needed", call_length(&call, 3), length - GCM_TAG);
    else if (open(state_of(self), &call, 0, call.at[3].buf) == VERDICT_ACCEPT)
        wrote = PyLong_FromSize_t(length - GCM_TAG);
    else
        refuse("BadTag", "the tag does not match");
    call_end(&call);
    return wrote;
}

static PyMethodDef GCM_METHODS[] = {
    METHOD("seal", py_gcm_seal, "The ciphertext and its tag. Never use a nonce twice with one key."),
    METHOD("open", py_gcm_open, "The plaintext. Raises BadTag, and then gives nothing out."),
    METHOD("seal_into", py_gcm_seal_into, "As `seal`, into `out`, which may be `plaintext`'s memory; how many bytes."),
    METHOD("open_into", py_gcm_open_into,
           "As `open`, into `out`, which may be `data`'s memory; how many bytes. Refused, it is zeroed."),
    {NULL, NULL, 0, NULL},
};

static PyObject *py_aes_ctr(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    struct aes aes;
    uint8_t counter[AES_BLOCK], *out;
    PyObject *made = NULL;
    PyThreadState *left;

    (void)self;
    if (call_begin(&call, arguments, count, "bbb", "aes_ctr(key, counter, data)"))
        return NULL;
    if (call_length(&call, 1) != AES_BLOCK)
        refuse_length(NULL, "a counter", call_length(&call, 1));
    else if (!check_key(call_length(&call, 0)))
        made = fresh_bytes(call_length(&call, 2), &out);
    if (made) {
        memcpy(counter, call_bytes(&call, 1), sizeof counter);
        aes_begin(&aes, call_bytes(&call, 0), call_length(&call, 0));
        left = lock_leave(call_length(&call, 2));
        aes_ctr(&aes, counter, call_bytes(&call, 2), out, call_length(&call, 2));
        lock_enter(left);
        memory_clear(&aes, sizeof aes);
    }
    call_end(&call);
    return made;
}

static PyObject *py_aes_cmac(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t tag[CMAC_TAG];
    int is_right;
    PyThreadState *left;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "aes_cmac(key, data)"))
        return NULL;
    is_right = !check_key(call_length(&call, 0));
    if (is_right) {
        left = lock_leave(call_length(&call, 1));
        cmac_aes(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1), tag);
        lock_enter(left);
    }
    call_end(&call);
    return is_right ? PyBytes_FromStringAndSize((const char *)tag, sizeof tag) : NULL;
}

static PyObject *py_key_wrap(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t *out;
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "key_wrap(kek, key)"))
        return NULL;
    if (!check_key(call_length(&call, 0)))
        made = fresh_bytes(call_length(&call, 1) + KEYWRAP_MORE, &out);
    if (made && keywrap(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1), out) !=
                    VERDICT_ACCEPT) {
        Py_DECREF(made);
        made = refuse_length(NULL, "a key to wrap", call_length(&call, 1));
    }
    call_end(&call);
    return made;
}

static PyObject *py_key_unwrap(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t *out;
    size_t length;
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "key_unwrap(kek, wrapped)"))
        return NULL;
    length = call_length(&call, 1);
    if (length < 16 + KEYWRAP_MORE)
        refuse_length("BadTag", "a wrapped key", length);
    else if (!check_key(call_length(&call, 0)))
        made = fresh_bytes(length - KEYWRAP_MORE, &out);
    if (made && keyunwrap(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), length, out) != VERDICT_ACCEPT) {
        Py_DECREF(made);
        made = refuse("BadTag", "the wrapped key was changed, or is under another key");
    }
    call_end(&call);
    return made;
}

static PyMethodDef AES_METHODS[] = {
    METHOD("aes_gcm_seal", py_aes_gcm_seal, "The ciphertext and its 16-byte tag (SP 800-38D). Never use a nonce twice with one key."),
    METHOD("aes_gcm_open", py_aes_gcm_open, "The plaintext of `data` (ciphertext and tag). Raises BadTag, and then gives nothing out."),
    METHOD("aes_ctr", py_aes_ctr, "`data` encrypted, or decrypted, from a first counter block of 16 bytes (SP 800-38A)."),
    METHOD("aes_cmac", py_aes_cmac, "The 16-byte tag of `data` (SP 800-38B). Compare tags with `compare`."),
    METHOD("key_wrap", py_key_wrap, "`key` under `kek`, 8 bytes longer (RFC 3394). Raises ValueError unless 16, 24, ... bytes."),
    METHOD("key_unwrap", py_key_unwrap, "What `key_wrap` took. Raises BadTag, and then gives nothing out."),
    {NULL, NULL, 0, NULL},
};

#endif
