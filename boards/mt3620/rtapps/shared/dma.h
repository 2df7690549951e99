/* DMA: channels 13..24 are rings in SYSRAM between a program and the UARTs of ISU0..5. */
#ifndef DMA_H
#define DMA_H

#include <stdint.h>

#include "mt3620.h"

#define DMA(channel, offset) REGISTER(DMA_BASE + 0x100u * (channel) + (offset))
#define DMA_COUNT(channel) DMA(channel, 0x10u)  /* of a ring: how many items interrupt */
#define DMA_CON(channel) DMA(channel, 0x14u)
#define DMA_START(channel) DMA(channel, 0x18u)  /* 15 */
#define DMA_STATUS(channel) DMA(channel, 0x1Cu)
#define DMA_ACK(channel) DMA(channel, 0x20u)    /* 15 done */
#define DMA_MEMORY(channel) DMA(channel, 0x2Cu) /* where the ring is */
#define DMA_FILLED(channel) DMA(channel, 0x38u) /* items in the ring */
#define DMA_SIZE(channel) DMA(channel, 0x44u)   /* items that it holds */
#define DMA_HARDWARE(channel) DMA(channel, 0x58u)
#define DMA_SOFTWARE(channel) DMA(channel, 0x5Cu) /* the program's place: 15:0 bytes, 16 turns over at each wrap */
#define DMA_PERIPHERAL(channel) DMA(channel, 0x60u)
#define DMA_ENABLE_SET REGISTER(DMA_BASE + 0x4024u)

enum { DMA_BYTES = 0, DMA_REQUESTS = 1 << 4, DMA_DONE = 1 << 15, DMA_TO_MEMORY = 1 << 18 }; /* CON */
enum { DMA_RUN = 1 << 15, DMA_WRAP = 1 << 16 };
#define DMA_UART_TX(isu) (13u + 2u * (isu))
#define DMA_UART_RX(isu) (14u + 2u * (isu))

/* The program's place in a ring of `size` bytes, one byte on. */
static inline uint32_t dma_next(uint32_t place, uint32_t size) {
    uint32_t next = (place & 0xFFFFu) + 1;
    return next < size ? (place & DMA_WRAP) | next : (place & DMA_WRAP) ^ DMA_WRAP;
}

#endif
