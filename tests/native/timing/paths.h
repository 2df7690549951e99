/*
 * Every function of the engine that handles a secret, called once on one.
 *
 * The same calls are watched in three ways: by valgrind with the secret marked undefined, by single steps on the
 * host, and by single steps on the Cortex-M4 build.  Everything but `secret` is public and always the same, so
 * whatever differs between two runs comes from the secret.
 */
#ifndef ARMILLARY_TEST_PATHS_H
#define ARMILLARY_TEST_PATHS_H

#include <stddef.h>
#include <stdint.h>

#define SECRET 256 /* bytes; the first 32 make a private key of P-256, and so do the second */

struct path {
    const char *name;
    void (*run)(const uint8_t secret[SECRET]);
};

/* Ends with a NULL name. */
extern const struct path PATHS_COMMON[], PATHS_HASH[], PATHS_AES[], PATHS_P256[], PATHS_RANDOM[];

/* Functions that leak on purpose: whatever watches must see each of them. */
extern const struct path PATHS_LEAKY[];

extern const struct path *const PATHS[];

/* The path of this name, or NULL. */
const struct path *path_find(const char *name);

#endif
