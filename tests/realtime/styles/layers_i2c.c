/* Layers, I2C: the unit reset, phases computed from a clock of 40 MHz less what the filter takes, one or two messages by FIFO, or by
 * DMA whose interrupt ends a read; after every transfer the FIFOs must be as after reset. ISU1 is a slave on the same wires. */
#include "layers.h"

enum { MASTER = 0, SLAVE = 1, TX = 0, RX = 1, SLAVE_ADDRESS = 0x20, IDLE_FIFO = 0x11 };
enum { WRITE, READ, WRITE_READ };
SYSRAM_DATA static volatile uint8_t out[64], in[64];
static volatile uint32_t status, slave_status, finished, slave_finished;
static uint32_t is_dma, operation;

static void set_speed(uint32_t hz) {
    uint32_t phase = 40000000u / hz / 4 - 1, pad = I2C(MASTER, 0x40u), adjust = 2 + (pad & 31u) + 4;
    uint32_t more = hz == 400000 ? 5 : 3, second = phase > adjust ? phase - adjust : 1;
    I2C_PHL(MASTER) = second << 8 | (phase + more);
    I2C_PHH(MASTER) = phase << 8 | (phase - more);
}

static void init(uint32_t unit) {
    unit_reset(unit, ISU_I2C_CLOCK);
    REGISTER(ISU_BASE(unit) + 0xA0u) |= 6u;
    I2C_FIFO_CLEAR(unit) = 3;
    I2C(unit, 0xD8u) = 3;
    I2C_INT_CTRL(unit) = 1;
    I2C_INT_CTRL(unit) = 1u << 4;
    I2C(unit, 0x40u) = 1u << 7 | 1u;
    I2C_CON0(unit) = 0;
    I2C(unit, 0xC4u) = 0;
}

void irq_isu0_i2c(void) {
    uint32_t what = I2C_INT_CTRL(MASTER);
    I2C_INT_CTRL(MASTER) = what;
    status |= (what & 1u) | I2C_NACKS(MASTER) << 8 | (I2C_STATUS(MASTER) & 2u);
    if (!is_dma || operation == WRITE || status & 0xFFF00u) {
        finished |= status & 1u;
    }
}

void irq_isu1_i2c(void) {
    uint32_t what = I2C_INT_CTRL(SLAVE);
    I2C_INT_CTRL(SLAVE) = what;
    slave_status |= I2C(SLAVE, 0xE0u) & 0xCCu;
    slave_finished |= what >> 4 & 1u;
}

void irq_dma(void) {
    for (uint32_t channel = TX; channel <= RX; channel++) {
        if (dma_state(channel, 1) && DMA_STATUS(channel) & DMA_DONE) {
            finished |= channel == RX;
            DMA_ACK(channel) = DMA_DONE;
        }
    }
}

static uint32_t size_of(uint32_t pointers, uint32_t shift) {
    uint32_t read = pointers >> shift & 15u, write = pointers >> (shift + 4) & 15u;
    return (write >= read ? write - read : 8 - (read - write)) & 15u;
}

static void prepare_dma(uint32_t writes, uint32_t reads) {
    uint32_t port = ISU_BASE(MASTER) + 0x290u;
    if (operation != READ) {
        (void)dma_half(TX, (uint32_t)(uintptr_t)out, port, writes, CON_BYTE);
        DMA_START(TX) = DMA_RUN;
    }
    if (operation != WRITE) {
        (void)dma_half(RX, (uint32_t)(uintptr_t)in, port, reads, DMA_TO_MEMORY);
        DMA_START(RX) = DMA_RUN;
    }
}

/* 0, or: 1 busy, 2 not acknowledged, 3 the FIFO holds another number, 4 FIFOs are not as they should be. */
static uint32_t transfer(uint32_t address, uint32_t what, uint32_t writes, uint32_t reads, uint32_t by_dma) {
    operation = what;
    is_dma = by_dma;
    status = finished = 0;
    if (!(I2C_STATUS(MASTER) & I2C_READY)) {
        return 1;
    }
    I2C_CON0(MASTER) = I2C_MASTER | I2C_GENERAL;
    I2C_ADDRESS(MASTER) = address;
    I2C_PACKETS(MASTER) = what == WRITE_READ ? 1u << 4 | 1u << 1 : what == READ;
    I2C_COUNT(MASTER, 0) = what == READ ? reads : writes;
    I2C_COUNT(MASTER, 1) = reads;
    I2C_INT_CTRL(MASTER) = I2C_INTERRUPT;
    if (by_dma) {
        prepare_dma(writes, reads);
        I2C(MASTER, 0xC0u) = 1u << 4;
    } else {
        for (uint32_t at = 0; what != READ && at < writes; at++) {
            I2C_DATA(MASTER) = out[at];
        }
    }
    I2C_CON0(MASTER) |= I2C_START;
    WAIT_FOR(finished);
    if (status & 0xFFF00u) {
        init(MASTER);
        set_speed(400000);
        return 2;
    }
    if (!by_dma && what != WRITE) {
        I2C_INT_CTRL(MASTER) = 0;
        if (size_of(I2C(MASTER, 0x84u), 0) != reads) {
            return 3;
        }
        for (uint32_t at = 0; at < reads; at++) {
            in[at] = (uint8_t)I2C_DATA(MASTER);
        }
    }
    return I2C(MASTER, 0x80u) == IDLE_FIFO ? 0 : 4;
}

static void listen(uint32_t is_sending) {
    slave_finished = slave_status = 0;
    I2C(SLAVE, 0xC8u) = SLAVE_ADDRESS;
    I2C(SLAVE, 0xC4u) = 1u << 15;
    I2C_INT_CTRL(SLAVE) = 1u << 5;
    for (uint32_t at = 0; is_sending && at < 6; at++) {
        I2C(SLAVE, 0xF0u) = 40 + at;
    }
}

static void slave(void) {
    volatile uint8_t bytes[8];
    uint32_t count;
    init(SLAVE);
    install(IRQ_isu1_i2c, 5, LEVEL);
    listen(0);
    tell("to slave", transfer(SLAVE_ADDRESS, WRITE, 5, 0, 0));
    WAIT_FOR(slave_finished);
    I2C_INT_CTRL(SLAVE) = 0;
    count = size_of(I2C(SLAVE, 0xE4u), 0);
    for (uint32_t at = 0; at < count; at++) {
        bytes[at] = (uint8_t)I2C(SLAVE, 0xF0u);
    }
    tell("heard", counting(bytes, count, out[0]));
    tell("abnormal", slave_status | (I2C(SLAVE, 0xE0u) != IDLE_FIFO));
    listen(1);
    tell("from slave", transfer(SLAVE_ADDRESS, READ, 0, 6, 0));
    WAIT_FOR(slave_finished);
    tell("got", counting(in, 6, 40));
    tell("abnormal", slave_status | (I2C(SLAVE, 0xE0u) != IDLE_FIFO));
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    dma_allocate(TX);
    dma_allocate(RX);
    install(IRQ_isu0_i2c, 5, LEVEL);
    init(MASTER);
    set_speed(400000);
    fill(out, sizeof out, 62);
    out[0] = 0;
    out[1] = 0x40;
    tell("write", transfer(0x50, WRITE, 8, 0, 0));
    while (transfer(0x50, WRITE, 2, 0, 0)) {
    }
    tell("write read", transfer(0x50, WRITE_READ, 2, 6, 0));
    tell("counting", counting(in, 6, 64));
    tell("read", transfer(0x50, READ, 0, 1, 0));
    tell("dma write", transfer(0x50, WRITE, 34, 0, 1));
    while (transfer(0x50, WRITE, 2, 0, 1)) {
    }
    fill(in, sizeof in, 0);
    tell("dma both", transfer(0x50, WRITE_READ, 2, 32, 1));
    tell("at once", transfer(0x50, READ, 0, 20, 1));
    tell("counting", counting(in + 20, 12, 84));
    tell("nobody", transfer(0x12, WRITE, 2, 0, 0));
    out[0] = 62;
    out[1] = 63;
    slave();
    say("done");
    return 0;
}
