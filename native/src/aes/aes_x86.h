/*
 * AES, counter mode and GCM by x86 instructions.  aes_x86_*: only where cpu_features() has CPU_AES; gcm_vaes_*: CPU_VAES.
 */
#ifndef ARMILLARY_AES_X86_H
#define ARMILLARY_AES_X86_H

#include "aes/gcm_code.h"

/* As aes.h and ctr.h have it.  `size` is that of the counter, 4 or 16 bytes. */
void aes_x86_begin(struct aes *aes, const uint8_t *key, size_t size);
void aes_x86_encrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);
void aes_x86_decrypt(const struct aes *aes, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);

/* in[0..16 * blocks) to out by the counters from counter on, of which the low 64 bits do not overflow. */
void aes_x86_ctr(const struct aes *aes, const uint8_t counter[AES_BLOCK], const uint8_t *in, uint8_t *out,
                 size_t blocks);

/* The powers serve both. */
gcm_powers_function gcm_x86_powers;
gcm_hash_function gcm_x86_hash, gcm_vaes_hash;
gcm_crypt_function gcm_x86_crypt, gcm_vaes_crypt;
gcm_message_function gcm_vaes_message;

#endif
