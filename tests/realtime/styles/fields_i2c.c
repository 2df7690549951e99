/* Bit fields, I2C: an EEPROM at 0x50 of ISU2, by FIFO for eight bytes and fewer, else by DMA; two pieces of one direction are one
 * transfer that wraps from buffer to buffer. The master sleeps until its interrupt. */
#include "isu.h"
#include "style.h"

enum { UNIT = 2, TX = 4, RX = 5, ADDRESS = 0x50 };
SYSRAM_DATA static volatile uint8_t place[2], data[64], back[2][48];
static volatile uint32_t done, missing, refused, lost;
static uint32_t by_dma;
#define PIECE(bytes, count, is_read) {(bytes), (count), (is_read)}
struct piece {
    volatile uint8_t *bytes;
    uint32_t count, is_read;
};

static const struct piece *all; /* of the transfer under way */
static uint32_t total;

static void speed(uint32_t hz) {
    uint32_t period = 26000000u / hz;
    I2C_PHL(UNIT) = (period + 1) / 4 | (period / 4) << 8;
    I2C_PHH(UNIT) = (period + 2) / 4 | (period + 3) / 4 << 8;
}

static void open_bus(void) {
    CHANGE(I2C_CON0(UNIT), 0, I2C_MASTER);
    CHANGE(I2C(UNIT, 0x40u), 0, 1u << 7);
    speed(400000);
    I2C_FIFO_CLEAR(UNIT) = 3;
    I2C(UNIT, 0xD8u) = 3;
    for (uint32_t channel = TX; channel <= RX; channel++) {
        DMA_ENABLE_SET = 1u << channel;
        CHANGE(DMA_START(channel), DMA_RUN, 0);
        CHANGE(DMA_CON(channel), 0x7FFFF, DMA_REQUESTS | (channel == RX ? DMA_TO_MEMORY | 1u << 3 | 1u << 16 : 1u << 2));
        DMA_PERIPHERAL(channel) = (uint32_t)(uintptr_t)&I2C_DATA(UNIT);
    }
    CHANGE(I2C(UNIT, 0xC0u), 0x30, 0x10);
    CHANGE(I2C_INT_CTRL(UNIT), 0, I2C_DONE);
    irq_enable(IRQ_isu2_i2c, 2);
    CHANGE(I2C_INT_CTRL(UNIT), 0, I2C_INTERRUPT);
}

static void collect(void) {
    for (uint32_t at = 0; !by_dma && at < total; at++) {
        for (uint32_t byte = 0; all[at].is_read && byte < all[at].count; byte++) {
            if (I2C(UNIT, 0x80u) & 1u) {
                missing++;
            } else {
                all[at].bytes[byte] = (uint8_t)I2C_DATA(UNIT);
            }
        }
    }
}

void irq_isu2_i2c(void) {
    CHANGE(I2C_INT_CTRL(UNIT), 0, I2C_DONE);
    refused = I2C_NACKS(UNIT) >> 8 & 1u;
    lost = I2C_STATUS(UNIT) >> 1 & 1u;
    if (by_dma) {
        CHANGE(DMA_START(TX), DMA_RUN, 0);
        CHANGE(DMA_START(RX), DMA_RUN, 0);
        missing = DMA(TX, 0x24u) + DMA(RX, 0x24u);
    }
    collect();
    if ((I2C(UNIT, 0x80u) & 0x11u) != 0x11u) { /* what a broken transfer left */
        I2C_FIFO_CLEAR(UNIT) = 3;
    }
    done = 1;
}

static void queue(const struct piece *piece, uint32_t channel, uint32_t nth) {
    if (nth) {
        DMA(channel, 0x0Cu) = (uint32_t)(uintptr_t)piece->bytes;
        DMA_COUNT(channel) += piece->count;
    } else {
        DMA_MEMORY(channel) = (uint32_t)(uintptr_t)piece->bytes;
        DMA(channel, 0x08u) = piece->count;
        DMA_COUNT(channel) = piece->count;
    }
}

static void begin_dma(const struct piece *pieces, uint32_t count) {
    uint32_t ways[2] = {0, 0};
    for (uint32_t at = 0; at < count; at++) {
        queue(&pieces[at], pieces[at].is_read ? RX : TX, ways[pieces[at].is_read]++);
    }
    for (uint32_t way = 0; way < 2; way++) {
        if (ways[way]) {
            CHANGE(DMA_CON(TX + way), 1u << 17, ways[way] > 1 ? 1u << 17 : 0);
            CHANGE(DMA_START(TX + way), 0, DMA_RUN);
        }
    }
}

/* 0, or the bus is busy. */
static uint32_t transfer(uint32_t address, const struct piece *pieces, uint32_t count) {
    uint32_t reads = 0, sums[2] = {0, 0};
    if (I2C_STATUS(UNIT) & 1u) {
        return 1;
    }
    I2C_ADDRESS(UNIT) = address;
    for (uint32_t at = 0; at < count; at++) {
        I2C_COUNT(UNIT, at) = pieces[at].count;
        reads |= pieces[at].is_read << at;
        sums[pieces[at].is_read] += pieces[at].count;
    }
    CHANGE(I2C_PACKETS(UNIT), 0x37, reads | (count - 1) << 4);
    all = pieces;
    total = count;
    by_dma = sums[0] > 8 || sums[1] > 8;
    done = 0;
    if (by_dma) {
        begin_dma(pieces, count);
    } else {
        for (uint32_t at = 0; at < count; at++) {
            for (uint32_t byte = 0; !pieces[at].is_read && byte < pieces[at].count; byte++) {
                I2C_DATA(UNIT) = pieces[at].bytes[byte];
            }
        }
    }
    while (!(I2C_STATUS(UNIT) & I2C_READY)) {
    }
    CHANGE(I2C_CON0(UNIT), 0, I2C_GENERAL | I2C_START);
    WAIT_FOR(done);
    return refused | lost << 1;
}

static void set_place(uint32_t at) {
    place[0] = (uint8_t)(at >> 8);
    place[1] = (uint8_t)at;
}

int main(void) {
    uart_open(DEBUG_UART);
    open_bus();
    fill(data, sizeof data, 10);
    set_place(0x20);
    tell("written", transfer(ADDRESS, (struct piece[]){PIECE(place, 2, 0), PIECE(data, 32, 0)}, 1));
    const struct piece store[2] = {{data, 34, 0}, {0, 0, 0}}, fetch[2] = {PIECE(place, 2, 0), PIECE(back[0], 6, 1)};
    data[0] = 0;
    data[1] = 0x20;
    tell("page", transfer(ADDRESS, store, 1));
    while (transfer(ADDRESS, &fetch[0], 1)) {
    }
    tell("read", transfer(ADDRESS, fetch, 2));
    tell("counting", counting(back[0], 6, 12));
    const struct piece split[3] = {PIECE(place, 2, 0), PIECE(back[0], 20, 1), PIECE(back[1], 12, 1)};
    tell("two reads", transfer(ADDRESS, split, 3));
    tell("counting", counting(back[0], 20, 12));
    tell("counting", counting(back[1], 12, 32));
    tell("missing", missing);
    tell("nobody", transfer(0x33, fetch, 2));
    tell("idle", I2C(UNIT, 0x80u));
    speed(100000);
    I2C_FIFO_CLEAR(UNIT) = 3;
    tell("slowly", transfer(ADDRESS, fetch, 2));
    say("done");
    return 0;
}
