/*
 * LMS: any key, message and signature is judged within its bytes, the same way twice; one byte more or fewer is
 * refused.  The input is: length of the key, of the message, then key, message, signature.
 */
#include "fuzz.h"

#include "lms/lms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const size_t key_length = take_byte(&input), length = take_byte(&input);
    uint8_t *key = take(&input, key_length), *message = take(&input, length);
    const size_t signed_length = input.left;
    uint8_t *signature = take(&input, signed_length), *longer = calloc(1, signed_length + 1);

    HOLDS(longer != NULL);
    memcpy(longer, signature, signed_length);
    if (is_accepted(lms_verify(key, key_length, message, length, signature, signed_length))) {
        HOLDS(is_accepted(lms_verify(key, key_length, message, length, signature, signed_length)));
        HOLDS(!is_accepted(lms_verify(key, key_length, message, length, longer, signed_length + 1)));
        HOLDS(!is_accepted(lms_verify(key, key_length, message, length, signature, signed_length - 1)));
        HOLDS(!is_accepted(lms_verify(key, key_length - 1, message, length, signature, signed_length)));
        longer[signed_length - 1] ^= 1;
        HOLDS(!is_accepted(lms_verify(key, key_length, message, length, longer, signed_length)));
    }
    free(key), free(message), free(signature), free(longer);
    return 0;
}
