/*
 * Bit-banding: each bit of memory and of a device by its word in the alias, with every width of access.
 */
#include "guest.h"

#define TARGET 0x20000440u /* 16 bytes of memory */
#define ALIAS(address, bit) (((address)&0xf0000000) + 0x02000000 + ((address)&0xfffff) * 32 + (bit)*4)
#define BAUDDIV 0x40004010u

static uint32_t load(uint32_t address, uint32_t width)
{
    return width == 1 ? *(volatile uint8_t *)address : width == 2 ? *(volatile uint16_t *)address : REG(address);
}

static void store(uint32_t address, uint32_t width, uint32_t value)
{
    if (width == 1)
        *(volatile uint8_t *)address = (uint8_t)value;
    else if (width == 2)
        *(volatile uint16_t *)address = (uint16_t)value;
    else
        REG(address) = value;
}

static void prepare(void)
{
    for (uint32_t i = 0; i < 4; i++)
        REG(TARGET + 4 * i) = 0x13579bdf * (i + 1) ^ 0x5a0f00ff;
}

/* Every bit of two words, read with that width, at each byte of its alias. */
static void reads(uint32_t width)
{
    prepare();
    for (uint32_t at = 0; at < 4; at += width) {
        show("width", width);
        show("byte", at);
        for (uint32_t word = 0; word < 2; word++) {
            uint32_t bits = 0;
            for (uint32_t bit = 0; bit < 32; bit++)
                bits |= load(ALIAS(TARGET + 4 * word, bit) + at, width) << bit;
            show("bits", bits);
        }
        end_line();
    }
}

/* Bits that are set and cleared by values of which the lowest bit alone counts. */
static void writes(uint32_t width)
{
    static const uint32_t VALUES[] = {1, 0, 0xfffffffe, 0xffffffff, 0x80, 0x101};
    for (uint32_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        prepare();
        for (uint32_t bit = i; bit < 64; bit += 3)
            store(ALIAS(TARGET, bit), width, VALUES[i]);
        show("width", width);
        for (uint32_t word = 0; word < 4; word++)
            show("word", REG(TARGET + 4 * word));
        end_line();
    }
}

static void device(uint32_t width)
{
    for (uint32_t bit = 0; bit < 16 / (width > 2 ? 1 : 16); bit++) {
        store(ALIAS(BAUDDIV, bit), width, bit & 1);
        show("rate", REG(BAUDDIV));
        show("bit", load(ALIAS(BAUDDIV, bit), 4));
        REG(BAUDDIV) = 16;
        end_line();
    }
}

/* A read-modify-write by exclusives on an alias. */
static void exclusive(void)
{
    uint32_t bit, failed;
    prepare();
    __asm__ volatile("ldrex %0, [%2]\n eor %0, #1\n strex %1, %0, [%2]" : "=&r"(bit), "=&r"(failed) : "r"(ALIAS(TARGET, 5)) : "memory");
    show("bit", bit);
    show("failed", failed);
    show("word", REG(TARGET));
    end_line();
}

int main(void)
{
    for (uint32_t width = 1; width < 5; width *= 2) {
        reads(width);
        writes(width);
        device(width);
    }
    exclusive();
    return 0;
}
