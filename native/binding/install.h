/*
 * The preamble of `_native`: everything Python may call beside what cffi binds.
 */
#ifndef ARMILLARY_BINDING_INSTALL_H
#define ARMILLARY_BINDING_INSTALL_H

#include "binding/decision.h"
#include "binding/hash.h"

/*
 * Put the functions and types into the module, whose generated beginning cannot be extended.  Called once, by
 * compiled.py.  Returns 0, or -1 with an exception set.
 */
static int binding_install(void)
{
    PyObject *module = PyImport_AddModule("armillary.native._native"); /* borrowed */

    if (!module || PyModule_AddFunctions(module, HASH_METHODS) || PyModule_AddFunctions(module, DECISION_METHODS))
        return -1;
    return state_type(module, "Sha256", "A hash in progress.", py_sha256_new, SHA256_METHODS);
}

#endif
