struct p256_sum {
    const uint8_t *u, *v, *point;
    uint8_t at[64];
    verdict verdict;
};
struct p256_engine {
    const char *name;
    verdict (*is_point)(const uint8_t *point);
    void (*base)(uint8_t *at, const uint8_t *scalar);
    void (*multiply)(uint8_t *at, const uint8_t *scalar, const uint8_t *point);
    verdict (*combine)(uint8_t *at, const uint8_t *u, const uint8_t *v, const uint8_t *point);
    void (*combine_guarded)(struct p256_sum *sum);
    void (*scalar_multiply)(uint8_t *at, const uint8_t *a, const uint8_t *b);
    void (*scalar_inverse)(uint8_t *at, const uint8_t *a);
    void (*scalar_inverse_public)(uint8_t *at, const uint8_t *a);
    void (*combine_many)(struct p256_sum *sums, size_t count);
    size_t many;
    size_t table_size;
    void (*table_make)(void *table, const uint8_t *point);
    verdict (*combine_known)(uint8_t *at, const uint8_t *u, const uint8_t *v, const void *table);
    ...;
};
const struct p256_engine *engine_64_best(uint32_t features);
