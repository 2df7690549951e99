/*
 * Strict DER: what is taken is exactly what would be written; what is refused leaves zeros.
 */
#include "fuzz.h"

#include "p256/signature_der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t *der = take(&input, size), raw[64], again[SIGNATURE_DER_MOST];

    memset(raw, 0xa5, sizeof raw);
    if (is_accepted(signature_from_der(der, size, raw))) {
        HOLDS(signature_to_der(raw, again) == size);
        HOLDS(memcmp(again, der, size) == 0);
        HOLDS(!is_zeros(raw, 32) && !is_zeros(raw + 32, 32));
    } else {
        HOLDS(is_zeros(raw, 64));
    }
    free(der);
    return 0;
}
