/*
 * The preamble of `_native`: everything Python may call beside what cffi binds.
 */
#ifndef ARMILLARY_BINDING_INSTALL_H
#define ARMILLARY_BINDING_INSTALL_H

#include "binding/aes.h"
#include "binding/decision.h"
#include "binding/hash.h"
#include "binding/lms.h"
#include "binding/mac.h"
#include "binding/p256.h"
#include "binding/random.h"

#define MODULE "armillary.native._native"

struct type {
    const char *name, *text; /* the name whole, with its module's */
    newfunc make;
    PyMethodDef *methods;
};

static const struct type TYPES[] = {
    {MODULE ".Sha256", "A hash in progress.", py_sha256_new, SHA256_METHODS},
    {MODULE ".AesGcm", "AES-GCM under a key of 16 or 32 bytes.", py_gcm_new, GCM_METHODS},
    {MODULE ".Drbg", "HMAC_DRBG with SHA-256 (SP 800-90A, section 10.1.2), seeded by whoever makes it.", py_drbg_new, DRBG_METHODS},
    {MODULE ".Health", "The tests of SP 800-90B, section 4.4, on samples of one byte, with their cutoffs.", py_health_new,
     HEALTH_METHODS},
    {MODULE ".P256Key", "A public key made ready, so that verifying by it is fast. Raises BadPoint.", py_known_new, KNOWN_METHODS},
};

/*
 * Put the functions and types into the module, whose generated beginning cannot be extended.  Called once, by
 * compiled.py.  Returns 0, or -1 with an exception set.
 */
static int binding_install(void)
{
    PyMethodDef *functions[] = {HASH_METHODS, MAC_METHODS, AES_METHODS, P256_METHODS, LMS_METHODS, DECISION_METHODS};
    PyObject *module = PyImport_AddModule(MODULE); /* borrowed */
    int failed = !module;

    for (size_t i = 0; i < sizeof functions / sizeof functions[0] && !failed; i++)
        failed = PyModule_AddFunctions(module, functions[i]);
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0] && !failed; i++)
        failed = state_type(module, TYPES[i].name, TYPES[i].text, TYPES[i].make, TYPES[i].methods);
    return failed ? -1 : 0;
}

#endif
