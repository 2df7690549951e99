/*
 * Run under valgrind: each path once with its secret undefined, and how often a branch or an address depended on it.
 *
 *     watch <features>
 *
 * uses only these features of the processor (common/cpu.h), in hexadecimal, and prints "<path> <complaints>".
 */
#include "paths.h"

#include "common/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>

static void watch(const struct path *path)
{
    static uint8_t secret[SECRET];
    for (int i = 0; i < SECRET; i++)
        secret[i] = (uint8_t)(i * 37 + 11);
    const unsigned before = VALGRIND_COUNT_ERRORS;
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    path->run(secret);
    printf("%s %u\n", path->name, VALGRIND_COUNT_ERRORS - before);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    if (count != 2 || !RUNNING_ON_VALGRIND)
        return 2;
    cpu_used = (uint32_t)strtoul(arguments[1], NULL, 16); /* valgrind executes more than its cpuid admits to */
    for (const struct path *const *list = PATHS; *list; list++)
        for (const struct path *path = *list; path->name; path++)
            watch(path);
    return 0;
}
