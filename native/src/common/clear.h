/*
 * Erasing of secrets that the compiler may not leave out.
 */
#ifndef ARMILLARY_CLEAR_H
#define ARMILLARY_CLEAR_H

#include <stddef.h>

/* out: memory[0..length) = 0, even if it is never read again. */
void memory_clear(void *memory, size_t length);

#endif
