/*
 * Comparison whose time does not tell where two strings differ.
 */
#ifndef ARMILLARY_COMPARE_H
#define ARMILLARY_COMPARE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Whether two strings of the same length are equal.
 *
 * in:  a[0..length), b[0..length); may overlap
 * Returns 1 if equal, 0 if not; the time depends on length only.
 */
int memory_equal(const uint8_t *a, const uint8_t *b, size_t length);

#endif
