struct aes { ...; };
void aes_begin(struct aes *aes, const uint8_t *key, size_t size);
void aes_encrypt(const struct aes *aes, const uint8_t *in, uint8_t *out);
void aes_decrypt(const struct aes *aes, const uint8_t *in, uint8_t *out);
void aes_ctr(const struct aes *aes, uint8_t *counter, const uint8_t *in, uint8_t *out, size_t length);
void aes_ctr32(const struct aes *aes, uint8_t *counter, const uint8_t *in, uint8_t *out, size_t length);

struct gcm_key { ...; };
struct gcm { ...; };
void gcm_begin(struct gcm_key *key, const uint8_t *bytes, size_t size);
void gcm_seal(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
              size_t additional_length, const uint8_t *text, size_t length, uint8_t *sealed, uint8_t *tag);
uint32_t gcm_open(const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length, const uint8_t *additional,
                  size_t additional_length, const uint8_t *sealed, size_t length, const uint8_t *tag, uint8_t *text);
void gcm_start(struct gcm *gcm, const struct gcm_key *key, const uint8_t *nonce, size_t nonce_length);
void gcm_additional(struct gcm *gcm, const uint8_t *data, size_t length);
void gcm_encrypt(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length);
void gcm_decrypt(struct gcm *gcm, const uint8_t *in, uint8_t *out, size_t length);
void gcm_tag(struct gcm *gcm, uint8_t *tag);
uint32_t gcm_check(struct gcm *gcm, const uint8_t *tag);

struct cmac { ...; };
void cmac_begin(struct cmac *mac, const uint8_t *key, size_t size);
void cmac_update(struct cmac *mac, const uint8_t *data, size_t length);
void cmac_end(struct cmac *mac, uint8_t *tag);
void cmac_aes(const uint8_t *key, size_t size, const uint8_t *data, size_t length, uint8_t *tag);

uint32_t keywrap(const uint8_t *kek, size_t size, const uint8_t *key, size_t length, uint8_t *wrapped);
uint32_t keyunwrap(const uint8_t *kek, size_t size, const uint8_t *wrapped, size_t length, uint8_t *key);
