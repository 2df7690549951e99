/* Polled, SPI: an SD card behind ISU1's CSB, one to sixteen bytes a transfer, so that its line is let go of between them. Every wait
 * has a limit of GPT3's microseconds: without a card all of them run out. */
#include "gpt.h"
#include "isu.h"
#include "style.h"

enum { UNIT = 1, LINE = 1, NO_LINE = 7, LIMIT_US = 50000, BLOCK = 512, AT_ONCE = 16 };
static uint8_t block[BLOCK];
static uint32_t by_block, late;

static uint32_t now(void) {
    return GPT3_CNT;
}

/* `count` bytes of ones go out, or `bytes` do; what comes in takes their place. */
static void exchange(volatile uint8_t *bytes, uint32_t count, uint32_t line) {
    for (uint32_t at = 0; at < count; at++) {
        CHANGE(SPI_SDOR(UNIT, at / 4), 0xFFu << 8 * (at % 4), (uint32_t)bytes[at] << 8 * (at % 4));
    }
    SPI_SMMR(UNIT) = line << 29 | SPI_SPEED(400000) | SPI_BUFFERED | 1u << 10;
    SPI_SMBCR(UNIT) = count * 8 << 12 | count * 8;
    SPI_STCSR(UNIT) = SPI_START;
    const uint32_t begin = now();
    while (SPI_STCSR(UNIT) & SPI_BUSY) {
        if (now() - begin > LIMIT_US) {
            late++;
            return;
        }
    }
    for (uint32_t at = 0; at < count; at++) {
        bytes[at] = (uint8_t)(REGISTER(ISU_BASE(UNIT) + 0x348u + 4 * (at / 4)) >> 8 * (at % 4));
    }
}

static uint8_t one(uint8_t byte) {
    exchange(&byte, 1, LINE);
    return byte;
}

/* The first byte that is not `idle`, or `idle` when the time is over. */
static uint8_t wait_while(uint8_t idle) {
    const uint32_t begin = now();
    uint8_t byte = idle;
    while (byte == idle && now() - begin < LIMIT_US) {
        byte = one(0xFF);
    }
    late += byte == idle;
    return byte;
}

static uint8_t command(uint8_t index, uint32_t argument, uint8_t check) {
    uint8_t frame[6] = {0x40 | index, (uint8_t)(argument >> 24), (uint8_t)(argument >> 16), (uint8_t)(argument >> 8), (uint8_t)argument, check};
    exchange(frame, sizeof frame, LINE);
    return wait_while(0xFF);
}

static void read_data(uint8_t *bytes, uint32_t count) {
    if (wait_while(0xFF) != 0xFE) {
        say("no data");
        return;
    }
    for (uint32_t at = 0; at < count; at += AT_ONCE) {
        fill(bytes + at, AT_ONCE, 0);
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            bytes[at + i] = 0xFF;
        }
        exchange(bytes + at, AT_ONCE, LINE);
    }
    (void)one(0xFF), (void)one(0xFF); /* CRC */
}

static int begin_card(void) {
    uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    exchange(ones, sizeof ones, NO_LINE);
    if (command(0, 0, 0x95) != 1 || command(8, 0x1AA, 0x87) != 1) {
        return 0;
    }
    (void)one(0xFF), (void)one(0xFF), (void)one(0xFF);
    tell("pattern", one(0xFF));
    uint32_t asked = 0;
    do {
        (void)command(55, 0, 0xFF);
        asked++;
    } while (command(41, 1u << 30, 0xFF) == 1 && asked < 100);
    (void)command(58, 0, 0xFF);
    by_block = one(0xFF) >> 6 & 1;
    (void)one(0xFF), (void)one(0xFF), (void)one(0xFF);
    return asked < 100;
}

static void write_block(uint32_t number) {
    tell("write", command(24, by_block ? number : number * BLOCK, 0xFF));
    (void)one(0xFE);
    for (uint32_t at = 0; at < BLOCK; at += AT_ONCE) {
        uint8_t bytes[AT_ONCE];
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            bytes[i] = (uint8_t)~block[at + i];
        }
        exchange(bytes, AT_ONCE, LINE);
    }
    (void)one(0xFF), (void)one(0xFF); /* CRC: not asked for */
    tell("response", wait_while(0xFF) & 31u);
    (void)wait_while(0);
}

int main(void) {
    uart_open(DEBUG_UART);
    GPT3_CTRL = 0x190001;
    if (!begin_card()) {
        const uint32_t waited = now();
        tell("no card, late", late);
        tell("ms", waited / 1000);
        say("done");
        return 0;
    }
    tell("by block", by_block);
    tell("csd", command(9, 0, 0xFF));
    read_data(block, 16);
    tell("version", block[0] >> 6);
    tell("read", command(17, by_block ? 3 : 3 * BLOCK, 0xFF));
    read_data(block, BLOCK);
    tell("counting", counting(block, BLOCK, 7));
    write_block(5);
    tell("late", late);
    say("done");
    return 0;
}
