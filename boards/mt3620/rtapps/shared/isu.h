/* ISU0..5: serial units. Each has a UART (see uart.h), an I2C and an SPI engine, and one of them is used. */
#ifndef ISU_H
#define ISU_H

#include <stdint.h>

#include "mt3620.h"

enum { ISU_RUNNING = 1, ISU_I2C_CLOCK = 1 << 8, ISU_SPI_CLOCKS = 0xF << 9, ISU_UART_CLOCKS = 3 << 13 };

/* Reset the unit and clock one of its engines. */
static inline void isu_open(uint32_t number, uint32_t clocks) {
    REGISTER(ISU_BASE(number)) = 0;
    REGISTER(ISU_BASE(number)) = ISU_RUNNING;
    REGISTER(ISU_BASE(number)) = ISU_RUNNING | clocks;
}

/* I2C: up to three packets a start, each to or from the one address; FIFOs of 8 bytes. */
#define I2C(number, offset) REGISTER(ISU_BASE(number) + 0x200u + (offset))
#define I2C_INT_CTRL(number) I2C(number, 0x00u) /* 0 done (write 1 to clear), 1 interrupt enable */
#define I2C_PHL(number) I2C(number, 0x44u)      /* clocks of 26 MHz in the two low phases, 8 bits each */
#define I2C_PHH(number) I2C(number, 0x48u)      /* in the two high ones */
#define I2C_COUNT(number, packet) I2C(number, 0x54u + 4u * (packet))
#define I2C_ADDRESS(number) I2C(number, 0x60u)
#define I2C_PACKETS(number) I2C(number, 0x68u) /* 2:0 which packets read, 5:4 packets - 1 */
#define I2C_NACKS(number) I2C(number, 0x6Cu)   /* 7:0 data, 11:8 addresses */
#define I2C_CON0(number) I2C(number, 0x70u)
#define I2C_STATUS(number) I2C(number, 0x74u)
#define I2C_FIFO_CLEAR(number) I2C(number, 0x78u)
#define I2C_DATA(number) I2C(number, 0x90u)
enum { I2C_DONE = 1, I2C_INTERRUPT = 2 };                          /* INT_CTRL */
enum { I2C_START = 1, I2C_GENERAL = 1 << 14, I2C_MASTER = 1 << 15 }; /* CON0 */
enum { I2C_READY = 1 << 2 };                                       /* STATUS */

/* SPI: a command of up to 32 bits, then data out or in. */
#define SPI(number, offset) REGISTER(ISU_BASE(number) + 0x300u + (offset))
#define SPI_STCSR(number) SPI(number, 0x00u) /* 8 start, 16 busy */
#define SPI_SOAR(number) SPI(number, 0x04u)
#define SPI_SDOR(number, word) SPI(number, 0x08u + 4u * (word))
#define SPI_SMMR(number) SPI(number, 0x28u)
#define SPI_SMBCR(number) SPI(number, 0x2Cu) /* 8:0 bits out, 20:12 bits in, 29:24 bits of the command */
#define SPI_SCSR(number) SPI(number, 0x34u)  /* reading clears the interrupt */
enum { SPI_START = 1 << 8, SPI_BUSY = 1 << 16 };
enum { SPI_BUFFERED = 1 << 2, SPI_CPOL = 1 << 4, SPI_CPHA = 1 << 5, SPI_INTERRUPT = 1 << 9 }; /* SMMR */
enum { SPI_CLOCK = 79040000 };
/* The divider's field of SMMR for at most `hz`. */
#define SPI_SPEED(hz) ((((uint32_t)SPI_CLOCK + (hz) - 1u) / (hz) - 2u) << 16)

#endif
