/*
 * P-256 for Python: keys, agreement, signatures, their encoding, and LMS.
 */
#ifndef ARMILLARY_BINDING_P256_H
#define ARMILLARY_BINDING_P256_H

#include "binding/random.h"
#include "p256/known.h"
#include "p256/p256.h"
#include "p256/signature_der.h"

#define DIGEST 32

/* Raise ValueError unless argument `i` is a digest.  Returns 0 or -1. */
static int check_digest(const struct call *call, int i)
{
    if (call_length(call, i) == DIGEST)
        return 0;
    refuse_length(NULL, "a digest", call_length(call, i));
    return -1;
}

/* Is argument `i` a private key?  Anything else, of whatever length, is none. */
static verdict is_private(const struct call *call, int i)
{
    return call_length(call, i) == P256_PRIVATE ? p256_is_private(call_bytes(call, i)) : VERDICT_REJECT;
}

static PyObject *refuse_private(void)
{
    PyErr_SetString(PyExc_ValueError, "not a private key of P-256");
    return NULL;
}

static PyObject *py_is_private(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    verdict found;

    (void)self;
    if (call_begin(&call, arguments, count, "b", "p256_is_private(private)"))
        return NULL;
    found = is_private(&call, 0);
    call_end(&call);
    return PyBool_FromLong(found == VERDICT_ACCEPT);
}

static PyObject *py_public(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t public_key[P256_PUBLIC];
    verdict found = VERDICT_REJECT;

    (void)self;
    if (call_begin(&call, arguments, count, "b", "p256_public(private)"))
        return NULL;
    if (call_length(&call, 0) == P256_PRIVATE)
        found = p256_public(call_bytes(&call, 0), public_key);
    call_end(&call);
    return found == VERDICT_ACCEPT ? PyBytes_FromStringAndSize((const char *)public_key, P256_PUBLIC) : refuse_private();
}

static PyObject *py_check(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "b", "p256_check(public)"))
        return NULL;
    if (call_length(&call, 0) != P256_PUBLIC)
        refuse_length("BadPoint", "a public key", call_length(&call, 0));
    else
        made = p256_check(call_bytes(&call, 0)) == VERDICT_ACCEPT ? none() : refuse("BadPoint", "not a point of P-256");
    call_end(&call);
    return made;
}

static PyObject *py_ecdh(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t shared[32];
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "p256_ecdh(private, public)"))
        return NULL;
    if (is_private(&call, 0) != VERDICT_ACCEPT)
        refuse_private();
    else if (call_length(&call, 1) != P256_PUBLIC)
        refuse_length("BadPoint", "a public key", call_length(&call, 1));
    else if (p256_ecdh(call_bytes(&call, 0), call_bytes(&call, 1), shared) == VERDICT_ACCEPT)
        made = PyBytes_FromStringAndSize((const char *)shared, sizeof shared);
    else
        refuse("BadPoint", "not a point of P-256");
    memory_clear(shared, sizeof shared);
    call_end(&call);
    return made;
}

static PyObject *py_sign(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t signature[P256_SIGNATURE];
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "p256_sign(private, digest)"))
        return NULL;
    if (call_length(&call, 0) != P256_PRIVATE)
        refuse_private();
    else if (check_digest(&call, 1))
        ;
    else if (p256_sign(call_bytes(&call, 0), call_bytes(&call, 1), signature) == VERDICT_ACCEPT)
        made = PyBytes_FromStringAndSize((const char *)signature, sizeof signature);
    else
        refuse_private();
    call_end(&call);
    return made;
}

static PyObject *py_sign_hedged(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t signature[P256_SIGNATURE];
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "bbb", "p256_sign_hedged(private, digest, extra)"))
        return NULL;
    if (call_length(&call, 0) != P256_PRIVATE)
        refuse_private();
    else if (check_digest(&call, 1))
        ;
    else if (call_length(&call, 2) != 32)
        refuse_length(NULL, "extra randomness", call_length(&call, 2));
    else if (p256_sign_hedged(call_bytes(&call, 0), call_bytes(&call, 1), call_bytes(&call, 2), signature) == VERDICT_ACCEPT)
        made = PyBytes_FromStringAndSize((const char *)signature, sizeof signature);
    else
        refuse_private();
    call_end(&call);
    return made;
}

static PyObject *py_verify(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *made = NULL;

    (void)self;
    if (call_begin(&call, arguments, count, "bbb", "p256_verify(public, digest, signature)"))
        return NULL;
    if (check_digest(&call, 1))
        ;
    else if (call_length(&call, 2) != P256_SIGNATURE)
        refuse_length("BadSignature", "a signature", call_length(&call, 2));
    else if (call_length(&call, 0) != P256_PUBLIC)
        refuse_length("BadSignature", "by no key: a public key", call_length(&call, 0));
    else if (p256_verify(call_bytes(&call, 0), call_bytes(&call, 1), call_bytes(&call, 2)) == VERDICT_ACCEPT)
        made = none();
    else
        refuse("BadSignature", "the signature does not match");
    call_end(&call);
    return made;
}

/* A tuple of two byte strings. */
static PyObject *pair(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    PyObject *first = PyBytes_FromStringAndSize((const char *)a, (Py_ssize_t)a_length);
    PyObject *second = PyBytes_FromStringAndSize((const char *)b, (Py_ssize_t)b_length);
    PyObject *made = first && second ? PyTuple_Pack(2, first, second) : NULL;

    Py_XDECREF(first);
    Py_XDECREF(second);
    return made;
}

/* (private, public) from a generator, an object of type Drbg. */
static PyObject *py_generate(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    uint8_t private_key[P256_PRIVATE], public_key[P256_PUBLIC];
    PyObject *made = NULL;

    (void)self;
    if (count != 1 || PyType_GetSlot(Py_TYPE(arguments[0]), Py_tp_new) != (void *)(uintptr_t)py_drbg_new)
        return PyErr_Format(PyExc_TypeError, "p256_generate(random) takes a Drbg");
    if (p256_generate(state_of(arguments[0]), private_key, public_key) == VERDICT_ACCEPT)
        made = pair(private_key, sizeof private_key, public_key, sizeof public_key);
    else
        PyErr_SetString(PyExc_ValueError, "the generator gives no private key: reseed it");
    memory_clear(private_key, sizeof private_key);
    return made;
}

#define CLAIMS_AT_ONCE 32

/* Take one claim's (public, digest, signature) out of a sequence.  Returns 0, or -1 with an exception set. */
static int claim_take(PyObject *sequence, Py_ssize_t at, struct call *call)
{
    PyObject *parts[3] = {NULL, NULL, NULL}, *item = PySequence_GetItem(sequence, at);
    int failed = !item || PySequence_Size(item) != 3;

    for (int i = 0; i < 3 && !failed; i++)
        failed = !(parts[i] = PySequence_GetItem(item, i));
    if (!failed)
        failed = call_begin(call, parts, 3, "bbb", "a claim (public, digest, signature)");
    else if (!PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "a claim is (public, digest, signature)");
    for (int i = 0; i < 3; i++)
        Py_XDECREF(parts[i]); /* the buffers keep what they need */
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

static int claim_is_whole(const struct call *call)
{
    return call_length(call, 0) == P256_PUBLIC && call_length(call, 1) == DIGEST && call_length(call, 2) == P256_SIGNATURE;
}

/* Verify the claims taken; a claim with a part of a wrong length is refused with the rest untouched by it. */
static void claims_decide(struct call *calls, verdict *verdicts, size_t count)
{
    struct p256_claim claims[CLAIMS_AT_ONCE];
    size_t place[CLAIMS_AT_ONCE], whole = 0;

    for (size_t i = 0; i < count; i++) {
        verdicts[i] = VERDICT_REJECT;
        if (claim_is_whole(&calls[i])) {
            claims[whole] = (struct p256_claim){calls[i].at[0].buf, calls[i].at[1].buf, calls[i].at[2].buf, VERDICT_REJECT};
            place[whole++] = i;
        }
    }
    p256_verify_many(claims, whole);
    for (size_t i = 0; i < whole; i++)
        verdicts[place[i]] = claims[i].verdict;
}

/* Append to `refused` the numbers of the claims of [from, from + count) that do not hold.  Returns 0 or -1. */
static int claims_part(PyObject *sequence, Py_ssize_t from, size_t count, PyObject *refused)
{
    struct call calls[CLAIMS_AT_ONCE];
    verdict verdicts[CLAIMS_AT_ONCE];
    size_t taken = 0;
    int failed = 0;

    for (; taken < count && !failed; taken += !failed)
        failed = claim_take(sequence, from + (Py_ssize_t)taken, &calls[taken]);
    if (!failed)
        claims_decide(calls, verdicts, count);
    for (size_t i = 0; i < taken; i++) {
        call_end(&calls[i]);
        if (!failed && verdicts[i] != VERDICT_ACCEPT) {
            PyObject *number = PyLong_FromSsize_t(from + (Py_ssize_t)i);
            failed = !number || PyList_Append(refused, number);
            Py_XDECREF(number);
        }
    }
    return failed ? -1 : 0;
}

/* The numbers of the claims that do not hold; compiled.py raises for them. */
static PyObject *py_refused(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *refused = count == 1 ? PyList_New(0) : PyErr_Format(PyExc_TypeError, "p256_refused(claims)");
    Py_ssize_t length = refused ? PySequence_Size(arguments[0]) : -1, at = 0;

    (void)self;
    while (at < length) {
        Py_ssize_t part = length - at < CLAIMS_AT_ONCE ? length - at : CLAIMS_AT_ONCE;
        if (claims_part(arguments[0], at, (size_t)part, refused))
            break;
        at += part;
    }
    if (at == length)
        return refused;
    Py_XDECREF(refused);
    return NULL;
}

static PyObject *py_known_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    struct call call;
    PyObject *self = NULL;

    if (state_begin(&call, arguments, named, "b", "P256Key(public)"))
        return NULL;
    if (call_length(&call, 0) != P256_PUBLIC)
        refuse_length("BadPoint", "a public key", call_length(&call, 0));
    else
        self = state_new(type, p256_known_size());
    if (self && p256_known_begin(state_of(self), call_bytes(&call, 0)) != VERDICT_ACCEPT) {
        Py_DECREF(self);
        self = refuse("BadPoint", "not a point of P-256");
    }
    call_end(&call);
    return self;
}

static PyObject *py_known_verify(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    PyObject *made = NULL;

    if (call_begin(&call, arguments, count, "bb", "verify(digest, signature)"))
        return NULL;
    if (check_digest(&call, 0))
        ;
    else if (call_length(&call, 1) != P256_SIGNATURE)
        refuse_length("BadSignature", "a signature", call_length(&call, 1));
    else if (p256_known_verify(state_of(self), call_bytes(&call, 0), call_bytes(&call, 1)) == VERDICT_ACCEPT)
        made = none();
    else
        refuse("BadSignature", "the signature does not match");
    call_end(&call);
    return made;
}

static PyMethodDef KNOWN_METHODS[] = {
    METHOD("verify", py_known_verify, "Raise BadSignature unless `signature` is by this key over `digest`."),
    {NULL, NULL, 0, NULL},
};

static PyObject *py_from_der(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t raw[P256_SIGNATURE];
    verdict found;

    (void)self;
    if (call_begin(&call, arguments, count, "b", "signature_from_der(der)"))
        return NULL;
    found = signature_from_der(call_bytes(&call, 0), call_length(&call, 0), raw);
    call_end(&call);
    return found == VERDICT_ACCEPT ? PyBytes_FromStringAndSize((const char *)raw, sizeof raw)
                                   : refuse("BadSignature", "not a signature in DER");
}

static PyObject *py_to_der(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t der[SIGNATURE_DER_MOST];
    PyObject *made;

    (void)self;
    if (call_begin(&call, arguments, count, "b", "signature_to_der(raw)"))
        return NULL;
    made = call_length(&call, 0) != P256_SIGNATURE
               ? refuse_length(NULL, "a signature", call_length(&call, 0))
               : PyBytes_FromStringAndSize((const char *)der, (Py_ssize_t)signature_to_der(call_bytes(&call, 0), der));
    call_end(&call);
    return made;
}

static PyMethodDef P256_METHODS[] = {
    METHOD("p256_is_private", py_is_private, "Whether `private` is 32 bytes, big-endian, of a number in 1..n-1."),
    METHOD("p256_public", py_public, "The public key X || Y (64 bytes). Raises ValueError unless `p256_is_private`."),
    METHOD("p256_check", py_check, "Raise BadPoint unless `public` is X || Y (64 bytes) of a point on the curve."),
    METHOD("p256_ecdh", py_ecdh, "The shared secret, 32 bytes: the X of private * public. Raises BadPoint, ValueError (SP 800-56A)."),
    METHOD("p256_sign", py_sign, "The ECDSA signature r || s (64 bytes), the same for the same key and digest (RFC 6979)."),
    METHOD("p256_sign_hedged", py_sign_hedged, "As `p256_sign`, with 32 more bytes in the nonce (RFC 6979, section 3.6)."),
    METHOD("p256_verify", py_verify,
           "Raise BadSignature unless `signature` is by `public` over `digest`; also if `public` is no point.\n\n"
           "For every signature (r, s) there is a second valid one, (r, n - s): never use a signature as an\n"
           "identity (FIPS 186-5, section 6.4.2)."),
    METHOD("p256_generate", py_generate, "A new key pair (private, public) from a Drbg (FIPS 186-5, A.2.2)."),
    METHOD("p256_refused", py_refused, "The numbers of those claims (public, digest, signature) that do not hold."),
    METHOD("signature_from_der", py_from_der, "r || s of a signature in DER. Raises BadSignature for any other encoding."),
    METHOD("signature_to_der", py_to_der, "The DER of a signature r || s (RFC 3279, section 2.2.3)."),
    {NULL, NULL, 0, NULL},
};

#endif
