/*
 * AES-GCM (NIST SP 800-38D), tag of 128 bits.
 *
 * A nonce used twice with one key gives away both texts and the key of the tags: nonces are the
 * caller's to keep apart.
 */
#ifndef ARMILLARY_GCM_H
#define ARMILLARY_GCM_H

#include "aes/aes.h"
#include "common/verdict.h"

#define GCM_TAG 16
#define GCM_MOST 0xfffffffe0ull /* bytes of text: 2^39 - 256 bits, section 5.2.1.1 */

#if defined(__x86_64__) || defined(__aarch64__)
#define GCM_POWERS 17 /* of the hash key: sixteen blocks are hashed at once, and the lengths with the last */
#else
#define GCM_POWERS 1
#endif

/* A key, ready.  Secret: clear it with memory_clear() when done. */
struct gcm_key {
    struct aes aes;
    uint8_t powers[16 * GCM_POWERS]; /* in the form its code wants (gcm_code.h) */
};

/* A message in progress.  Secret. */
struct gcm {
    const struct gcm_key *key;
    uint64_t additional, text; /* bytes so far */
    uint32_t is_hidden;        /* the counter is secret: it depends on the key if the nonce has not 12 bytes */
    uint8_t hash[16], counter[16], first[16], stream[16];
};

/* in: bytes[0..size), size 16 or 32.  out: *key. */
void gcm_begin(struct gcm_key *key, const uint8_t *bytes, size_t size);

/*
 * Seal in one go.
 *
 * in:  nonce[0..nonce_length), at least 1 byte, 12 is the usual; additional, text of any length up to GCM_MOST
 * out: sealed[0..length) the ciphertext, may be text itself, must not overlap it otherwise; tag[0..16)
 */
void gcm_seal(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
              size_t additional_length, const uint8_t *text, size_t length, uint8_t *sealed, uint8_t tag[GCM_TAG]);

/*
 * Open in one go.
 *
 * in:  as for gcm_seal(); text may be sealed itself, must not overlap it otherwise
 * out: text[0..length) if VERDICT_ACCEPT; else text is zeroed (if it is sealed itself, that too)
 *
 * One pass over the data checks and decrypts, so that until it returns text may hold what is not to be trusted:
 * it must be memory that nobody else reads meanwhile.
 */
verdict gcm_open(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
                 size_t additional_length, const uint8_t *sealed, size_t length, const uint8_t tag[GCM_TAG],
                 uint8_t *text);

/*
 * Piece by piece: start, then all additional data in any pieces, then the text in any pieces, then the end, which
 * erases *gcm.  The key must live so long.  What gcm_decrypt() gives is not to be trusted before gcm_check() accepts.
 */
void gcm_start(struct gcm *gcm, const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length);
void gcm_additional(struct gcm *gcm, const uint8_t *data, size_t length);
void gcm_encrypt(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length);
void gcm_decrypt(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length);
void gcm_tag(struct gcm *gcm, uint8_t tag[GCM_TAG]);
verdict gcm_check(struct gcm *gcm, const uint8_t tag[GCM_TAG]);

#endif
