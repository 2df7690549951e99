/*
 * AES-CMAC: CBC-MAC with the last block masked (SP 800-38B, section 6.2).
 */
#include "aes/cmac.h"

#include "common/bytes.h"
#include "common/clear.h"
#include "common/mask.h"

/* Times x in GF(2^128), modulo x^128 + x^7 + x^2 + x + 1 (section 5.3), highest bit first. */
static void double_block(uint8_t block[AES_BLOCK])
{
    const mask carry = mask_of_bit(block[0] >> 7);
    for (size_t i = 0; i < AES_BLOCK - 1; i++)
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    block[AES_BLOCK - 1] = (uint8_t)((uint32_t)block[AES_BLOCK - 1] << 1 ^ (carry & 0x87));
}

static void chain_block(struct cmac *mac, const uint8_t block[AES_BLOCK])
{
    for (size_t i = 0; i < AES_BLOCK; i++)
        mac->chain[i] ^= block[i];
    aes_encrypt(&mac->aes, mac->chain, mac->chain);
}

void cmac_begin(struct cmac *mac, const uint8_t *key, size_t size)
{
    aes_begin(&mac->aes, key, size);
    memset(mac->chain, 0, sizeof mac->chain);
    mac->used = 0;
}

void cmac_update(struct cmac *mac, const uint8_t *data, size_t length)
{
    while (length) {
        if (mac->used == AES_BLOCK) {
            chain_block(mac, mac->block);
            mac->used = 0;
        }
        const size_t room = AES_BLOCK - mac->used, taken = length < room ? length : room;
        memcpy(mac->block + mac->used, data, taken);
        mac->used += (uint32_t)taken;
        data += taken, length -= taken;
    }
}

void cmac_end(struct cmac *mac, uint8_t tag[CMAC_TAG])
{
    uint8_t subkey[AES_BLOCK] = {0};

    aes_encrypt(&mac->aes, subkey, subkey); /* section 6.1: K1 is its double, K2 K1's */
    double_block(subkey);
    if (mac->used < AES_BLOCK) {
        double_block(subkey);
        memset(mac->block + mac->used, 0, AES_BLOCK - mac->used);
        mac->block[mac->used] = 0x80;
    }
    for (size_t i = 0; i < AES_BLOCK; i++)
        mac->block[i] ^= subkey[i];
    chain_block(mac, mac->block);
    memcpy(tag, mac->chain, CMAC_TAG);
    memory_clear(subkey, sizeof subkey);
    memory_clear(mac, sizeof *mac);
}

void cmac_aes(const uint8_t *key, size_t size, const uint8_t *data, size_t length, uint8_t tag[CMAC_TAG])
{
    struct cmac mac;
    cmac_begin(&mac, key, size);
    cmac_update(&mac, data, length);
    cmac_end(&mac, tag);
}
