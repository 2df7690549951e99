uint32_t lms_verify(const uint8_t *public_key, size_t public_length, const uint8_t *message, size_t length,
                    const uint8_t *signature, size_t signature_length);
uint32_t lms_leaves(uint32_t type, uint32_t height, const uint8_t *identity, const uint8_t *seed, uint32_t first,
                    uint32_t count, uint8_t *leaves);
