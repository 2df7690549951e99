struct sha256 { ...; };
void sha256_begin(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length);
void sha256_end(const struct sha256 *hash, uint8_t *digest);
void sha256_hash(const uint8_t *data, size_t length, uint8_t *digest);
struct sha256_job {
    const uint8_t *data;
    size_t length;
    uint8_t *digest;
};
void sha256_many(const struct sha256_job *jobs, size_t count);
void sha256_pages(const uint8_t *data, size_t count, size_t size, uint8_t *digests);

struct hmac { ...; };
void hmac_begin(struct hmac *mac, const uint8_t *key, size_t length);
void hmac_update(struct hmac *mac, const uint8_t *data, size_t length);
void hmac_end(const struct hmac *mac, uint8_t *tag);
void hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length, uint8_t *tag);

#define HKDF_MOST ...
void hkdf_extract(const uint8_t *salt, size_t salt_length, const uint8_t *ikm, size_t ikm_length, uint8_t *prk);
void hkdf_expand(const uint8_t *prk, size_t prk_length, const uint8_t *info, size_t info_length, uint8_t *out,
                 size_t length);
void hkdf_sha256(const uint8_t *salt, size_t salt_length, const uint8_t *ikm, size_t ikm_length, const uint8_t *info,
                 size_t info_length, uint8_t *out, size_t length);

#define MERKLE_DEEPEST ...
void merkle_root(const uint8_t *data, size_t length, size_t block, uint8_t *root);
size_t merkle_path(const uint8_t *data, size_t length, size_t block, size_t index, uint8_t *path);
uint32_t merkle_verify(const uint8_t *root, size_t leaves, size_t index, const uint8_t *data, size_t length,
                       const uint8_t *path, size_t depth);
