verdict p256_is_private(const uint8_t *private_key);
verdict p256_check(const uint8_t *public_key);
verdict p256_public(const uint8_t *private_key, uint8_t *public_key);
verdict p256_ecdh(const uint8_t *private_key, const uint8_t *public_key, uint8_t *shared);
struct drbg;
verdict p256_generate(struct drbg *random, uint8_t *private_key, uint8_t *public_key);
verdict p256_sign(const uint8_t *private_key, const uint8_t *digest, uint8_t *signature);
verdict p256_sign_hedged(const uint8_t *private_key, const uint8_t *digest, const uint8_t *extra, uint8_t *signature);
verdict p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature);
struct p256_claim {
    const uint8_t *public_key, *digest, *signature;
    verdict verdict;
};
void p256_verify_many(struct p256_claim *claims, size_t count);
size_t p256_known_size(void);
verdict p256_known_begin(void *table, const uint8_t *public_key);
verdict p256_known_verify(const void *table, const uint8_t *digest, const uint8_t *signature);
#define SIGNATURE_DER_MOST ...
verdict signature_from_der(const uint8_t *der, size_t length, uint8_t *raw);
size_t signature_to_der(const uint8_t *raw, uint8_t *der);
extern const struct p256_engine p256_portable;
