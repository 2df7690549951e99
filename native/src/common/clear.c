/*
 * Erasing: memset, then a barrier that claims to read the result.
 */
#include "common/clear.h"

#include <string.h>

void memory_clear(void *memory, size_t length)
{
    if (length == 0)
        return;
    memset(memory, 0, length);
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}
