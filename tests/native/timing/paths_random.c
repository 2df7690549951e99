/*
 * The deterministic generator: everything in it is secret.
 */
#include "paths.h"

#include "random/drbg.h"

static void draw(const uint8_t *secret)
{
    struct drbg random;
    uint8_t out[77];
    drbg_begin(&random, secret, 48, secret + 48, 16, secret + 64, 10);
    (void)drbg_generate(&random, out, sizeof out, NULL, 0);
    drbg_reseed(&random, secret + 100, 32, NULL, 0);
    (void)drbg_generate(&random, out, 32, secret + 132, 20);
}

const struct path PATHS_RANDOM[] = {{"draw", draw}, {NULL, NULL}};
