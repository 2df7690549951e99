/*
 * What the hardened functions are compared with: the same decisions in the natural form.
 */
#ifndef ARMILLARY_TEST_PLAIN_H
#define ARMILLARY_TEST_PLAIN_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

verdict plain_equal(const uint8_t *a, const uint8_t *b, size_t length);
verdict plain_at_least(uint64_t value, uint64_t floor);
verdict plain_is(uint32_t state, uint32_t wanted);
verdict plain_both(verdict first, verdict second);
verdict plain_verify(const uint8_t public_key[64], const uint8_t digest[32], const uint8_t signature[64]);

verdict plain_lms_verify(const uint8_t *key, uint32_t height, const uint8_t *message, size_t length,
                         const uint8_t *signature);

#endif
