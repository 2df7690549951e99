/*
 * One crossing from CPython into the engine: arguments in, the lock while it works, a refusal out.
 *
 * cffi builds this module and would bind its functions too, at two to three times the cost of what is here
 * (docs/adr/0014-crossing-once.md).  All of it is within the stable interface of CPython 3.11.  This file is
 * the first of the generated module's preamble, after <Python.h>.
 */
#ifndef ARMILLARY_BINDING_CALL_H
#define ARMILLARY_BINDING_CALL_H

#include <stdint.h>
#include <string.h>

/*
 * cffi gives the interpreter's lock up around every call it makes, which costs as much as a short hash.  Here the
 * lock is kept, and given up between lock_leave() and lock_enter() where there is much to do.
 */
#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS {
#define Py_END_ALLOW_THREADS }

#define BINDING_LONG 4096 /* bytes from which on other threads may run */

/* Let other threads run if `length` bytes are much.  Returns what lock_enter() wants. */
static PyThreadState *lock_leave(size_t length)
{
    return length < BINDING_LONG ? NULL : PyEval_SaveThread();
}

static void lock_enter(PyThreadState *left)
{
    if (left)
        PyEval_RestoreThread(left);
}

#define MOST_ARGUMENTS 6

/* What a function was called with: bytes where the buffers are, numbers elsewhere. */
struct call {
    int taken;
    Py_buffer at[MOST_ARGUMENTS]; /* .obj is NULL for a number, whose value is .len */
};

static const uint8_t *call_bytes(const struct call *call, int i)
{
    return call->at[i].buf;
}

static size_t call_length(const struct call *call, int i)
{
    return (size_t)call->at[i].len;
}

/* Let go of the buffers. */
static void call_end(struct call *call)
{
    while (call->taken)
        PyBuffer_Release(&call->at[--call->taken]);
}

/* Take one argument of a kind (see call_begin).  Returns 0, or -1 with an exception set. */
static int call_take(Py_buffer *at, PyObject *argument, char kind)
{
    if (kind != 'n')
        return PyObject_GetBuffer(argument, at, kind == 'w' ? PyBUF_WRITABLE : PyBUF_SIMPLE);
    memset(at, 0, sizeof *at);
    at->len = PyNumber_AsSsize_t(argument, PyExc_OverflowError);
    return at->len == -1 && PyErr_Occurred() ? -1 : 0;
}

/*
 * Take the arguments.
 *
 * in:  kinds: a letter for each: b bytes to read, w bytes to write, n a number
 *      usage: the function as its user writes it
 * Returns 0 and *call for call_end(), or -1 with TypeError, BufferError or OverflowError set and nothing to end.
 */
static int call_begin(struct call *call, PyObject *const *arguments, Py_ssize_t count, const char *kinds,
                      const char *usage)
{
    call->taken = 0;
    if ((size_t)count != strlen(kinds)) {
        PyErr_Format(PyExc_TypeError, "%s takes %zu arguments, not %zd", usage, strlen(kinds), count);
        return -1;
    }
    for (; kinds[call->taken]; call->taken++)
        if (call_take(&call->at[call->taken], arguments[call->taken], kinds[call->taken])) {
            call_end(call);
            return -1;
        }
    return 0;
}

/* Raise a refusal of errors.py.  It is looked up each time: a boxed program brings its own copy of that module. */
static PyObject *refuse(const char *error, const char *reason)
{
    PyObject *module = PyImport_ImportModule("armillary.native.errors");
    PyObject *class = module ? PyObject_GetAttrString(module, error) : NULL;

    if (class)
        PyErr_SetString(class, reason);
    Py_XDECREF(class);
    Py_XDECREF(module);
    return NULL;
}

/* Raise `error` (ValueError if NULL) for something of the caller's of a wrong length: "a digest of 3 bytes". */
static PyObject *refuse_length(const char *error, const char *what, size_t length)
{
    char reason[80];
    PyOS_snprintf(reason, sizeof reason, "%s of %zu bytes", what, length);
    if (error)
        return refuse(error, reason);
    PyErr_SetString(PyExc_ValueError, reason);
    return NULL;
}

/* A bytes object to be filled before anybody else sees it; *at its first byte, NULL if there is no memory. */
static PyObject *fresh_bytes(size_t length, uint8_t **at)
{
    PyObject *made = length > PY_SSIZE_T_MAX ? PyErr_NoMemory() : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)length);
    *at = made ? (uint8_t *)PyBytes_AsString(made) : NULL;
    return made;
}

static PyObject *none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

#define METHOD(name, function, text) {name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL, text}

#endif
