/*
 * Objects that hold a secret state of the engine: made whole, overwritten when they go.
 */
#ifndef ARMILLARY_BINDING_STATE_H
#define ARMILLARY_BINDING_STATE_H

#include "binding/call.h"
#include "common/clear.h"

#define STATE_ALIGNED 64 /* what the widest vector registers want */

struct state {
    PyObject_HEAD
    void *memory, *at; /* what was allocated, and the aligned state in it */
    size_t size;
};

/* The engine's state in an object. */
static void *state_of(PyObject *self)
{
    return ((struct state *)(void *)self)->at;
}

/* A new object of `type` with `size` bytes of zeroed state; NULL with MemoryError set. */
static PyObject *state_new(PyTypeObject *type, size_t size)
{
    PyObject *self = PyType_GenericAlloc(type, 0);
    struct state *state = (struct state *)(void *)self;

    if (!self)
        return NULL;
    state->memory = PyMem_Calloc(1, size + STATE_ALIGNED);
    if (!state->memory) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    state->at = (void *)(((uintptr_t)state->memory + STATE_ALIGNED - 1) & ~(uintptr_t)(STATE_ALIGNED - 1));
    state->size = size;
    return self;
}

static void state_free(PyObject *self)
{
    struct state *state = (struct state *)(void *)self;
    PyTypeObject *type = Py_TYPE(self);

    if (state->memory)
        memory_clear(state->at, state->size);
    PyMem_Free(state->memory);
    PyObject_Free(self);
    Py_DECREF(type); /* which an object of a type made at run time holds */
}

/* The arguments of a type's call, as those of a function.  Returns as call_begin() does. */
static int state_begin(struct call *call, PyObject *arguments, PyObject *named, const char *kinds, const char *usage)
{
    PyObject *listed[MOST_ARGUMENTS];
    Py_ssize_t count = PyTuple_Size(arguments);

    if (count > MOST_ARGUMENTS || (named && PyDict_Size(named))) {
        PyErr_Format(PyExc_TypeError, "%s", usage);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        listed[i] = PyTuple_GetItem(arguments, i); /* borrowed */
    return call_begin(call, listed, count, kinds, usage);
}

/*
 * Add a type of state to the module.
 *
 * in:  name: with the module's before it; all arguments live as long as the program
 * Returns 0, or -1 with an exception set.
 */
static int state_type(PyObject *module, const char *name, const char *text, newfunc make, PyMethodDef *methods)
{
    PyType_Slot slots[] = {{Py_tp_doc, (void *)(uintptr_t)text}, {Py_tp_new, (void *)(uintptr_t)make},
                           {Py_tp_dealloc, (void *)(uintptr_t)state_free}, {Py_tp_methods, methods}, {0, NULL}};
    PyType_Spec spec = {name, sizeof(struct state), 0, Py_TPFLAGS_DEFAULT, slots};
    PyObject *type = PyType_FromSpec(&spec);
    int failed = !type || PyObject_SetAttrString(module, strrchr(name, '.') + 1, type);

    Py_XDECREF(type);
    return failed ? -1 : 0;
}

#endif
