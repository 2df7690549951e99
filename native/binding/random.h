/*
 * Random numbers for Python: the generator and the health tests of its noise.
 */
#ifndef ARMILLARY_BINDING_RANDOM_H
#define ARMILLARY_BINDING_RANDOM_H

#include "binding/state.h"
#include "random/drbg.h"
#include "random/health.h"

static PyObject *py_drbg_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    struct call call;
    PyObject *self;

    if (state_begin(&call, arguments, named, "bbb", "Drbg(entropy, nonce, personalization)"))
        return NULL;
    self = state_new(type, sizeof(struct drbg));
    if (self)
        drbg_begin(state_of(self), call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1),
                   call_length(&call, 1), call_bytes(&call, 2), call_length(&call, 2));
    call_end(&call);
    return self;
}

static PyObject *py_drbg_reseed(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;

    if (call_begin(&call, arguments, count, "bb", "reseed(entropy, additional)"))
        return NULL;
    drbg_reseed(state_of(self), call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1));
    call_end(&call);
    return none();
}

/* The lock is never given up in here: of two threads that ask at once each must get bytes of its own. */
static PyObject *py_drbg_generate(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    uint8_t *out;
    PyObject *made = NULL;

    if (call_begin(&call, arguments, count, "nb", "generate(length, additional)"))
        return NULL;
    if (call.at[0].len < 0 || call.at[0].len > DRBG_MOST)
        PyErr_Format(PyExc_ValueError, "random bytes: %zd at once", call.at[0].len);
    else
        made = fresh_bytes(call_length(&call, 0), &out);
    if (made && drbg_generate(state_of(self), out, call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1)) !=
                    VERDICT_ACCEPT) {
        Py_DECREF(made);
        PyErr_SetString(PyExc_ValueError, "the generator must be reseeded first");
        made = NULL;
    }
    call_end(&call);
    return made;
}

static PyMethodDef DRBG_METHODS[] = {
    METHOD("reseed", py_drbg_reseed, "Mix fresh entropy in (SP 800-90A, 10.1.2.4)."),
    METHOD("generate", py_drbg_generate, "`length` bytes, at most 65536 (10.1.2.5). Raises ValueError when it must be reseeded first."),
    {NULL, NULL, 0, NULL},
};

static PyObject *py_health_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    struct call call;
    PyObject *self = NULL;

    if (state_begin(&call, arguments, named, "nn", "Health(repetitions, proportion)"))
        return NULL;
    if (call.at[0].len < 2 || call.at[0].len > HEALTH_WINDOW || call.at[1].len < 2 || call.at[1].len > HEALTH_WINDOW)
        PyErr_SetString(PyExc_ValueError, "cutoffs lie between 2 and the window");
    else
        self = state_new(type, sizeof(struct health));
    if (self)
        health_begin(state_of(self), (uint32_t)call.at[0].len, (uint32_t)call.at[1].len);
    call_end(&call);
    return self;
}

static PyObject *py_health_test(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    verdict found;

    if (call_begin(&call, arguments, count, "b", "test(samples)"))
        return NULL;
    found = health_test(state_of(self), call_bytes(&call, 0), call_length(&call, 0));
    call_end(&call);
    return PyBool_FromLong(found == VERDICT_ACCEPT);
}

static PyMethodDef HEALTH_METHODS[] = {
    METHOD("test", py_health_test, "Whether no test has failed so far, with these samples too; once False, always."),
    {NULL, NULL, 0, NULL},
};

#endif
