/*
 * What no vector reaches: candidates that come once in 2^32 times, sums that no signature leads to, a generator that
 * refuses.  Prints how many checks there were, or the first that failed.
 *
 * Linked with --wrap=drbg_generate and --wrap=p256_best, so that here one can say what comes out of them.
 */
#include "common/cpu.h"
#include "p256/engine.h"
#include "p256/engine_64.h"
#include "p256/number.h"
#include "p256/p256.h"
#include "random/drbg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned checks;

#define CHECK(what) \
    do { \
        checks++; \
        if (!(what)) { \
            printf("line %d: %s\n", __LINE__, #what); \
            exit(1); \
        } \
    } while (0)

/* Bytes that the generator gives before it is asked in earnest. */
static const uint8_t *planted[4];
static size_t planted_count;
static int refuses; /* how many times more */

verdict __real_drbg_generate(struct drbg *random, uint8_t *out, size_t length, const uint8_t *additional,
                             size_t additional_length);
verdict __wrap_drbg_generate(struct drbg *random, uint8_t *out, size_t length, const uint8_t *additional,
                             size_t additional_length);
const struct p256_engine *__real_p256_best(void);
const struct p256_engine *__wrap_p256_best(void);

verdict __wrap_drbg_generate(struct drbg *random, uint8_t *out, size_t length, const uint8_t *additional,
                             size_t additional_length)
{
    if (refuses > 0) {
        refuses--;
        memset(out, 0, length);
        return VERDICT_REJECT;
    }
    if (planted_count > 0) {
        memcpy(out, planted[--planted_count], length);
        return VERDICT_ACCEPT;
    }
    return __real_drbg_generate(random, out, length, additional, additional_length);
}

static struct p256_engine changed;
static int is_changed;
static const uint8_t *x_of_base;
static int bases;

/* The first point has a given X, those after it are right. */
static void base_with_x(uint8_t at[64], const uint8_t scalar[32])
{
    __real_p256_best()->base(at, scalar);
    if (bases++ == 0)
        memcpy(at, x_of_base, 32);
}

const struct p256_engine *__wrap_p256_best(void)
{
    return is_changed ? &changed : __real_p256_best();
}

static const uint8_t ZERO[32], ONE[32] = {[31] = 1}, TWO[32] = {[31] = 2}, ALL_ONES[32] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};
static const uint8_t KEY[32] = {0x11, 0x22, 0x33, [20] = 7, [31] = 9}, DIGEST[32] = {3, 1, 4, 1, 5, [31] = 9};

/* n - x.  in: 0 < x < n */
static void negate(uint8_t out[32], const uint8_t x[32])
{
    uint32_t number[8];
    number_load(number, x);
    (void)number_subtract(number, P256_ORDER, number);
    number_store(out, number);
}

static void order(uint8_t out[32])
{
    number_store(out, P256_ORDER);
}

/* A signature must not depend on candidates that are passed over. */
static void signing_passes_over(void)
{
    uint8_t expected[64], made[64], n[32];
    order(n);
    CHECK(p256_sign(KEY, DIGEST, expected) == VERDICT_ACCEPT);
    const uint8_t *const wrong[] = {ZERO, n, ALL_ONES};
    for (size_t i = 0; i < 3; i++) {
        planted[0] = wrong[i], planted_count = 1;
        CHECK(p256_sign(KEY, DIGEST, made) == VERDICT_ACCEPT && planted_count == 0);
        CHECK(memcmp(made, expected, 64) == 0);
    }
    refuses = 1;
    CHECK(p256_sign(KEY, DIGEST, made) == VERDICT_ACCEPT && refuses == 0);
    CHECK(memcmp(made, expected, 64) == 0);
}

/* With the nonce 1, r is the X of G; with the digest -r d, s would be zero, and the nonce is not taken. */
static void signing_finds_no_zero_s(void)
{
    const struct p256_engine *engine = p256_best();
    uint8_t base[64], product[32], digest[32], expected[64], made[64];
    engine->base(base, ONE);
    engine->scalar_multiply(product, base, KEY);
    negate(digest, product);
    CHECK(p256_sign(KEY, digest, expected) == VERDICT_ACCEPT);
    planted[0] = ONE, planted_count = 1;
    CHECK(p256_sign(KEY, digest, made) == VERDICT_ACCEPT && planted_count == 0);
    CHECK(memcmp(made, expected, 64) == 0);
    planted[0] = TWO, planted_count = 1;
    CHECK(p256_sign(KEY, digest, made) == VERDICT_ACCEPT && memcmp(made, expected, 64) != 0);
}

/* Nobody knows a nonce whose point has an X that is zero modulo n: an engine says that it found one. */
static void signing_finds_no_zero_r(void)
{
    uint8_t made[64], n[32], expected[64];
    order(n);
    planted[0] = TWO, planted_count = 1;
    CHECK(p256_sign(KEY, DIGEST, expected) == VERDICT_ACCEPT);
    const uint8_t *const zeros[] = {ZERO, n};
    for (size_t i = 0; i < 2; i++) {
        changed = *__real_p256_best(), changed.base = base_with_x, is_changed = 1, bases = 0, x_of_base = zeros[i];
        planted[1] = ONE, planted[0] = TWO, planted_count = 2;
        CHECK(p256_sign(KEY, DIGEST, made) == VERDICT_ACCEPT && bases == 2);
        CHECK(memcmp(made, expected, 64) == 0);
        is_changed = 0;
    }
}

static void generating_passes_over(void)
{
    struct drbg random;
    uint8_t own[32], point[64], expected[96], n_less_one[32];
    negate(n_less_one, ONE);
    drbg_begin(&random, ALL_ONES, 32, NULL, 0, NULL, 0);
    CHECK(p256_generate(&random, expected, expected + 32) == VERDICT_ACCEPT);
    const uint8_t *const wrong[] = {n_less_one, ALL_ONES}; /* n - 2 is the last that is taken */
    for (size_t i = 0; i < 2; i++) {
        drbg_begin(&random, ALL_ONES, 32, NULL, 0, NULL, 0);
        planted[0] = wrong[i], planted_count = 1;
        CHECK(p256_generate(&random, own, point) == VERDICT_ACCEPT && planted_count == 0);
        CHECK(memcmp(own, expected, 32) == 0 && memcmp(point, expected + 32, 64) == 0);
    }
    uint8_t n_less_two[32];
    negate(n_less_two, TWO);
    planted[0] = n_less_two, planted_count = 1;
    CHECK(p256_generate(&random, own, point) == VERDICT_ACCEPT && memcmp(own, n_less_one, 32) == 0);
    refuses = 1;
    CHECK(p256_generate(&random, own, point) != VERDICT_ACCEPT);
    CHECK(memcmp(own, ZERO, 32) == 0 && memcmp(point, ZERO, 32) == 0 && memcmp(point + 32, ZERO, 32) == 0);
}

/* u G + v Q by every way of an engine.  in: expected: X || Y, or NULL for the neutral element */
static void sum_is(const struct p256_engine *engine, const uint8_t *u, const uint8_t *v, const uint8_t *point,
                   const uint8_t *expected)
{
    static _Alignas(64) uint8_t table[1 << 18];
    uint8_t at[64];
    verdict found = engine->combine(at, u, v, point);
    CHECK(expected ? found == VERDICT_ACCEPT && memcmp(at, expected, 64) == 0 : found != VERDICT_ACCEPT);
    if (engine->combine_known) {
        CHECK(engine->table_size <= sizeof table);
        engine->table_make(table, point);
        found = engine->combine_known(at, u, v, table);
        CHECK(expected ? found == VERDICT_ACCEPT && memcmp(at, expected, 64) == 0 : found != VERDICT_ACCEPT);
    }
    for (size_t count = 1; engine->combine_many && count < 20; count += 3) {
        struct p256_sum sums[20];
        for (size_t i = 0; i < count; i++)
            sums[i] = (struct p256_sum){.u = i % 2 ? ONE : u, .v = i % 2 ? ONE : v, .point = point, .verdict = VERDICT_REJECT};
        engine->combine_many(sums, count);
        for (size_t i = 0; i < count; i += 2)
            CHECK(expected ? sums[i].verdict == VERDICT_ACCEPT && memcmp(sums[i].at, expected, 64) == 0
                           : sums[i].verdict != VERDICT_ACCEPT);
    }
}

static void sums_with_nothing(const struct p256_engine *engine)
{
    uint8_t point[64], minus[32], product[64], of_two[64], of_key_plus_one[64], key_plus_one[32];
    engine->base(point, KEY);
    negate(minus, KEY);
    memcpy(key_plus_one, KEY, 32), key_plus_one[31]++;
    engine->base(of_two, TWO);
    engine->base(of_key_plus_one, key_plus_one);
    engine->multiply(product, TWO, point);
    sum_is(engine, ZERO, ZERO, point, NULL);
    sum_is(engine, TWO, ZERO, point, of_two);
    sum_is(engine, ZERO, ONE, point, point);
    sum_is(engine, ZERO, TWO, point, product);
    sum_is(engine, minus, ONE, point, NULL);   /* opposite points */
    sum_is(engine, KEY, ONE, point, product);  /* equal points */
    sum_is(engine, ONE, ONE, point, of_key_plus_one);
}

int main(int count, char **words)
{
    if (count > 1)
        cpu_restrict((uint32_t)strtoul(words[1], NULL, 0));
    signing_passes_over();
    signing_finds_no_zero_s();
    signing_finds_no_zero_r();
    generating_passes_over();
    sums_with_nothing(p256_best());
    sums_with_nothing(&p256_portable);
    printf("%u checks\n", checks);
    return 0;
}
