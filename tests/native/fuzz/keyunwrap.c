/*
 * Key unwrap: what is taken wraps to the same bytes again; what is refused leaves zeros.  What the input holds is
 * wrapped too, so that there is something to take.
 */
#include "fuzz.h"

#include "aes/keywrap.h"

static void unwrap(const uint8_t *kek, size_t kek_length, const uint8_t *wrapped, size_t length, int is_good)
{
    const size_t key_length = length < KEYWRAP_MORE ? 0 : length - KEYWRAP_MORE;
    uint8_t *key = calloc(1, key_length + 1), *again = calloc(1, length + 1);
    HOLDS(key != NULL && again != NULL);
    memset(key, 0xa5, key_length);
    if (is_accepted(keyunwrap(kek, kek_length, wrapped, length, key))) {
        HOLDS(is_accepted(keywrap(kek, kek_length, key, key_length, again)));
        HOLDS(memcmp(again, wrapped, length) == 0);
    } else {
        HOLDS(!is_good);
        HOLDS(is_zeros(key, key_length));
    }
    free(key), free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const uint8_t kind = take_byte(&input);
    const size_t kek_length = kind & 1 ? 16 : 32, flipped = take_byte(&input);
    uint8_t *kek = take(&input, kek_length);
    const size_t length = input.left;
    uint8_t *given = take(&input, length), *wrapped = calloc(1, length + KEYWRAP_MORE);

    HOLDS(wrapped != NULL);
    unwrap(kek, kek_length, given, length, 0);
    if (is_accepted(keywrap(kek, kek_length, given, length, wrapped))) {
        HOLDS(length % 8 == 0 && length >= 16);
        unwrap(kek, kek_length, wrapped, length + KEYWRAP_MORE, 1);
        wrapped[flipped % length] ^= (uint8_t)(1u << kind % 8);
        unwrap(kek, kek_length, wrapped, length + KEYWRAP_MORE, 0);
    } else {
        HOLDS(length % 8 != 0 || length < 16 || length > KEYWRAP_MOST);
    }
    free(kek), free(given), free(wrapped);
    return 0;
}
