/*
 * AES key wrap (RFC 3394, NIST SP 800-38F section 6.2): keys kept under a key, with their integrity.
 */
#ifndef ARMILLARY_KEYWRAP_H
#define ARMILLARY_KEYWRAP_H

#include "aes/aes.h"
#include "common/verdict.h"

#define KEYWRAP_MORE 8     /* bytes that wrapping adds */
#define KEYWRAP_MOST 65528 /* bytes of key taken */

/*
 * in:  kek[0..size), size 16 or 32; key[0..length), length a multiple of 8 from 16 to KEYWRAP_MOST
 * out: wrapped[0..length + 8), may overlap key
 * Returns VERDICT_ACCEPT, or another value and wrapped untouched if a length is not allowed.
 */
verdict keywrap(const uint8_t *kek, size_t size, const uint8_t *key, size_t length, uint8_t *wrapped);

/*
 * in:  wrapped[0..length), length a multiple of 8 from 24 to KEYWRAP_MOST + 8
 * out: key[0..length - 8) if VERDICT_ACCEPT, may overlap wrapped; else zeroed
 */
verdict keyunwrap(const uint8_t *kek, size_t size, const uint8_t *wrapped, size_t length, uint8_t *key);

#endif
