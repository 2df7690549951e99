/*
 * ECDSA signatures in DER: SEQUENCE { INTEGER r, INTEGER s }, every length in one byte.
 */
#include "p256/signature_der.h"

#include <string.h>

#define SEQUENCE 0x30
#define INTEGER 0x02
#define NUMBER 32

/* What is left to read. */
struct reader {
    const uint8_t *at;
    size_t length;
};

/* out: the contents of the next element.  Returns its length, or 0 unless it is of that kind and is there whole. */
static size_t element(struct reader *reader, uint8_t kind, const uint8_t **contents)
{
    if (reader->length < 2 || reader->at[0] != kind || reader->at[1] >= 0x80 || reader->at[1] > reader->length - 2)
        return 0;
    const size_t length = reader->at[1];
    *contents = reader->at + 2;
    reader->at += 2 + length;
    reader->length -= 2 + length;
    return length;
}

/* out: the next number, in 32 bytes.  Refuses as signature_from_der() does. */
static verdict read_number(struct reader *reader, uint8_t number[NUMBER])
{
    const uint8_t *contents = NULL;
    size_t length = element(reader, INTEGER, &contents);

    if (length == 0 || contents[0] >= 0x80)
        return VERDICT_REJECT; /* no number, or negative */
    if (contents[0] == 0) {
        if (length == 1 || contents[1] < 0x80)
            return VERDICT_REJECT; /* zero, or a zero too many */
        contents++, length--;
    }
    if (length > NUMBER)
        return VERDICT_REJECT;
    memcpy(number + NUMBER - length, contents, length);
    return VERDICT_ACCEPT;
}

verdict signature_from_der(const uint8_t *der, size_t length, uint8_t raw[64])
{
    struct reader whole = {der, length}, numbers = {NULL, 0};

    memset(raw, 0, 64);
    numbers.length = element(&whole, SEQUENCE, &numbers.at);
    if (whole.length == 0 && read_number(&numbers, raw) == VERDICT_ACCEPT &&
        read_number(&numbers, raw + 32) == VERDICT_ACCEPT && numbers.length == 0)
        return VERDICT_ACCEPT;
    memset(raw, 0, 64);
    return VERDICT_REJECT;
}

/* out: der[0..result), the number with no more zeros before it than the sign needs. */
static size_t write_number(const uint8_t number[NUMBER], uint8_t *der)
{
    size_t skipped = 0;
    while (skipped < NUMBER - 1 && number[skipped] == 0)
        skipped++;
    const size_t length = NUMBER - skipped, sign = number[skipped] >> 7;

    der[0] = INTEGER;
    der[1] = (uint8_t)(length + sign);
    der[2] = 0;
    memcpy(der + 2 + sign, number + skipped, length);
    return 2 + sign + length;
}

size_t signature_to_der(const uint8_t raw[64], uint8_t der[SIGNATURE_DER_MOST])
{
    size_t length = write_number(raw, der + 2);
    length += write_number(raw + NUMBER, der + 2 + length);
    der[0] = SEQUENCE;
    der[1] = (uint8_t)length;
    return length + 2;
}
