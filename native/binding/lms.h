/*
 * LMS for Python: verifying.
 */
#ifndef ARMILLARY_BINDING_LMS_H
#define ARMILLARY_BINDING_LMS_H

#include "binding/call.h"
#include "lms/lms.h"

static PyObject *py_lms_verify(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    verdict found;
    PyThreadState *left;

    (void)self;
    if (call_begin(&call, arguments, count, "bbb", "lms_verify(public, message, signature)"))
        return NULL;
    left = lock_leave(call_length(&call, 1));
    found = lms_verify(call_bytes(&call, 0), call_length(&call, 0), call_bytes(&call, 1), call_length(&call, 1),
                       call_bytes(&call, 2), call_length(&call, 2));
    lock_enter(left);
    call_end(&call);
    return found == VERDICT_ACCEPT ? none() : refuse("BadSignature", "the LMS signature does not match");
}

static PyMethodDef LMS_METHODS[] = {
    METHOD("lms_verify", py_lms_verify, "Raise BadSignature unless `signature` is by the LMS key `public` over `message` (RFC 8554)."),
    {NULL, NULL, 0, NULL},
};

#endif
