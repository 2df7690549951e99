/*
 * Decisions for Python: verdicts are numbers, as in C (common/verdict.h says why).
 */
#ifndef ARMILLARY_BINDING_DECISION_H
#define ARMILLARY_BINDING_DECISION_H

#include "binding/call.h"
#include "common/decision.h"

static PyObject *py_decision_equal(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct call call;
    verdict found = VERDICT_REJECT;

    (void)self;
    if (call_begin(&call, arguments, count, "bb", "decision_equal(a, b)"))
        return NULL;
    if (call_length(&call, 0) == call_length(&call, 1))
        found = decision_equal(call_bytes(&call, 0), call_bytes(&call, 1), call_length(&call, 0));
    call_end(&call);
    return PyLong_FromUnsignedLong(found);
}

/* Take two unsigned numbers of 64 bits.  Returns 0, or -1 with an exception set. */
static int take_numbers(PyObject *const *arguments, Py_ssize_t count, uint64_t *a, uint64_t *b)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "a decision takes two numbers");
        return -1;
    }
    *a = PyLong_AsUnsignedLongLong(arguments[0]);
    if (*a != UINT64_MAX || !PyErr_Occurred())
        *b = PyLong_AsUnsignedLongLong(arguments[1]);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *py_decision_at_least(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    uint64_t value = 0, floor = UINT64_MAX;

    (void)self;
    if (take_numbers(arguments, count, &value, &floor))
        return NULL;
    return PyLong_FromUnsignedLong(decision_at_least(value, floor));
}

static PyObject *py_decision_is(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    uint64_t state = 0, wanted = 1;

    (void)self;
    if (take_numbers(arguments, count, &state, &wanted))
        return NULL;
    if (state > UINT32_MAX || wanted > UINT32_MAX)
        return PyErr_Format(PyExc_OverflowError, "a state has 32 bits");
    return PyLong_FromUnsignedLong(decision_is((uint32_t)state, (uint32_t)wanted));
}

static PyObject *py_decision_both(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    uint64_t first = 0, second = 0;

    (void)self;
    if (take_numbers(arguments, count, &first, &second))
        return NULL;
    if (first > UINT32_MAX || second > UINT32_MAX)
        return PyErr_Format(PyExc_OverflowError, "a verdict has 32 bits");
    return PyLong_FromUnsignedLong(decision_both((verdict)first, (verdict)second));
}

static PyMethodDef DECISION_METHODS[] = {
    METHOD("decision_equal", py_decision_equal, "ACCEPT if `a` and `b` are equal, else another number. For secrets too."),
    METHOD("decision_at_least", py_decision_at_least, "ACCEPT if a counter's `value` is not below its `floor`."),
    METHOD("decision_is", py_decision_is, "ACCEPT if `state` is exactly the `wanted` one."),
    METHOD("decision_both", py_decision_both, "ACCEPT if both verdicts are."),
    {NULL, NULL, 0, NULL},
};

#endif
