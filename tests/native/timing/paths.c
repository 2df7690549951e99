/*
 * All paths.
 */
#include "paths.h"

#include <string.h>

const struct path *const PATHS[] = {PATHS_COMMON, PATHS_HASH, PATHS_AES, PATHS_P256, PATHS_RANDOM, PATHS_LEAKY, NULL};

const struct path *path_find(const char *name)
{
    for (const struct path *const *list = PATHS; *list; list++)
        for (const struct path *path = *list; path->name; path++)
            if (strcmp(path->name, name) == 0)
                return path;
    return NULL;
}
