#define DRBG_MOST ...
#define DRBG_RESEED_AFTER ...
struct drbg {
    uint32_t requests;
    ...;
};
void drbg_begin(struct drbg *random, const uint8_t *entropy, size_t entropy_length, const uint8_t *nonce,
                size_t nonce_length, const uint8_t *personalization, size_t personalization_length);
void drbg_reseed(struct drbg *random, const uint8_t *entropy, size_t entropy_length, const uint8_t *additional,
                 size_t additional_length);
uint32_t drbg_generate(struct drbg *random, uint8_t *out, size_t length, const uint8_t *additional,
                       size_t additional_length);

#define HEALTH_WINDOW ...
struct health { ...; };
void health_begin(struct health *health, uint32_t repetitions, uint32_t proportion);
uint32_t health_test(struct health *health, const uint8_t *samples, size_t length);
