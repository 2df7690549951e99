/*
 * AES, counter mode and GCM by the processor's own instructions: only where cpu_features() has CPU_AES.
 *
 * aes_x86.c and gcm_x86.c, or aes_arm.c and gcm_arm.c.  gcm_vaes_*: only where it has CPU_VAES; they share the rest.
 */
#ifndef ARMILLARY_AES_FAST_H
#define ARMILLARY_AES_FAST_H

#include "aes/gcm_code.h"

#if defined(__x86_64__) || defined(__aarch64__)
#define AES_FAST 1
#endif

/* As aes.h has it. */
void aes_fast_begin(struct aes *aes, const uint8_t *key, size_t size);
void aes_fast_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);
void aes_fast_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);

/* in[0..16 * blocks) to out by the counters from counter on, whose low 64 bits do not overflow. */
void aes_fast_ctr(const struct aes *aes, const uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out,
                  size_t blocks);

gcm_powers_function gcm_fast_powers;
gcm_hash_function gcm_fast_hash;
gcm_crypt_function gcm_fast_crypt, gcm_vaes_crypt;
gcm_message_function gcm_vaes_message;

#endif
