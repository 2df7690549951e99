struct sha256 { ...; };
void sha256_begin(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length);
void sha256_end(const struct sha256 *hash, uint8_t *digest);
void sha256_hash(const uint8_t *data, size_t length, uint8_t *digest);
