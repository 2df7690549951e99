/* A thermometer: the LSM6DSO on ISU2 of Avnet's Starter Kit, read over I2C at 400 kHz ten times a second. The core sleeps while
 * the engine works; the engine's interrupt wakes it. */
#include <stdint.h>

#include "cortex.h"
#include "gpt.h"
#include "isu.h"
#include "uart.h"

enum { ISU = 2, SENSOR = 0x6A };
enum { WHO_AM_I = 0x0F, ME = 0x6C, CTRL1_XL = 0x10, RUN_104_HZ = 0x40, OUT_TEMP_L = 0x20 };
enum { TENTH_OF_A_SECOND = 3277 };

static volatile uint32_t is_done, is_due;

void irq_isu2_i2c(void) {
    I2C_INT_CTRL(ISU) = I2C_DONE | I2C_INTERRUPT;
    is_done = 1;
}

void irq_gpt01(void) {
    (void)gpt_take();
    is_due = 1;
}

static void sleep_until(volatile uint32_t *what) {
    disable_interrupts();
    while (!*what) {
        wait_for_interrupt();
        enable_interrupts();
        disable_interrupts();
    }
    *what = 0;
    enable_interrupts();
}

static void open_bus(void) {
    isu_open(ISU, ISU_I2C_CLOCK);
    I2C_PHL(ISU) = 16u | 17u << 8; /* 65 clocks of 26 MHz: 400 kHz */
    I2C_PHH(ISU) = 16u | 16u << 8;
    I2C_INT_CTRL(ISU) = I2C_INTERRUPT;
    irq_enable(IRQ_isu2_i2c, 2);
}

/* Start what has been prepared, and sleep until it is over. Returns whether everything was acknowledged. */
static uint32_t transfer(uint32_t packets) {
    I2C_ADDRESS(ISU) = SENSOR;
    I2C_PACKETS(ISU) = packets;
    I2C_CON0(ISU) = I2C_MASTER | I2C_GENERAL | I2C_START;
    sleep_until(&is_done);
    return I2C_NACKS(ISU) == 0;
}

static uint32_t write_register(uint32_t number, uint32_t value) {
    I2C_FIFO_CLEAR(ISU) = 3;
    I2C_DATA(ISU) = number;
    I2C_DATA(ISU) = value;
    I2C_COUNT(ISU, 0) = 2;
    return transfer(0);
}

/* Up to 8 bytes from registers `first` on: write the number, then, after a repeated start, read. */
static uint32_t read_registers(uint32_t first, uint8_t *values, uint32_t count) {
    I2C_FIFO_CLEAR(ISU) = 3;
    I2C_DATA(ISU) = first;
    I2C_COUNT(ISU, 0) = 1;
    I2C_COUNT(ISU, 1) = count;
    uint32_t is_good = transfer(1u << 4 | 1u << 1);
    for (uint32_t at = 0; is_good && at < count; at++) {
        values[at] = (uint8_t)I2C_DATA(ISU);
    }
    return is_good;
}

static void tell_temperature(void) {
    uint8_t raw[2];
    if (!read_registers(OUT_TEMP_L, raw, 2)) {
        uart_print(DEBUG_UART, "the sensor does not answer\n");
        return;
    }
    int32_t hundredths = 2500 + (int16_t)(raw[0] | raw[1] << 8) * 100 / 256;
    uint32_t size = (uint32_t)(hundredths < 0 ? -hundredths : hundredths);
    uart_print(DEBUG_UART, hundredths < 0 ? "-" : "");
    uart_decimal(DEBUG_UART, size / 100);
    uart_print(DEBUG_UART, size % 100 < 10 ? ".0" : ".");
    uart_decimal(DEBUG_UART, size % 100);
    uart_print(DEBUG_UART, " degrees\n");
}

int main(void) {
    uint8_t who = 0;
    uart_open(DEBUG_UART);
    open_bus();
    if (!read_registers(WHO_AM_I, &who, 1) || who != ME || !write_register(CTRL1_XL, RUN_104_HZ)) {
        uart_print(DEBUG_UART, "no LSM6DSO on ISU2\n");
        return 1;
    }
    uart_print(DEBUG_UART, "found an LSM6DSO\n");
    irq_enable(IRQ_gpt01, 2);
    gpt_repeat(0, TENTH_OF_A_SECOND);
    for (;;) {
        sleep_until(&is_due);
        tell_temperature();
    }
}
