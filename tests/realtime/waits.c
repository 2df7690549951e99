/* Waits of every kind, in the order that a test puts into SYSRAM. What came of each goes into a log there, with the
 * cycle in which it was over: if rounds of a wait are skipped that should have been run, the log tells. */
#include <stdint.h>

#include "cortex.h"
#include "dma.h"
#include "gpt.h"
#include "isu.h"
#include "uart.h"

enum { ISU = 0, RING = 64, RX = DMA_UART_RX(ISU), MOST = 16, LOG = 512 };
enum { VARIABLE, RING_MEMORY, RING_COUNT, MICROSECONDS, PAIR, SLEEP, IDLE, CYCLES, SYSTICK_FLAG, PUSH, WORK, OUTSIDE };

struct orders {
    uint32_t systick, gpt, has_line, kinds[MOST], amounts[MOST];
};

#define ORDERS ((const volatile struct orders *)(uintptr_t)(SYSRAM + 0xF000u))
#define FROM_OUTSIDE REGISTER(SYSRAM + 0xF200u)
#define OTHER_CORE(offset) REGISTER(MBOX_M4_BASE + (offset))
#define DEMCR REGISTER(0xE000EDFCu)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CYCCNT REGISTER(0xE0001004u)

__attribute__((section(".sysram"), aligned(4))) static volatile uint8_t ring[RING];
__attribute__((section(".sysram"), aligned(4))) static volatile uint32_t records[LOG];
static volatile uint32_t told;
static uint32_t place, count;

void systick(void) {
    told++;
}

void irq_gpt01(void) {
    (void)gpt_take();
    told += 16;
}

static void open_line(void) {
    struct uart *line = ISU_UART(ISU);
    isu_open(ISU, ISU_UART_CLOCKS);
    uart_open(line);
    line->vfifo_enable = 1;
    DMA_ENABLE_SET = 1u << RX;
    DMA_START(RX) = 0;
    DMA_PERIPHERAL(RX) = (uint32_t)(uintptr_t)&line->data;
    DMA_MEMORY(RX) = (uint32_t)(uintptr_t)ring;
    DMA_SIZE(RX) = RING;
    DMA_CON(RX) = DMA_BYTES | DMA_REQUESTS | DMA_TO_MEMORY;
    DMA_SOFTWARE(RX) = 0;
    DMA_COUNT(RX) = 1;
    line->handshake = 7;
    DMA_START(RX) = DMA_RUN;
}

static void open_timers(void) {
    DEMCR = 1u << 24;
    DWT_CTRL = 1;
    GPT3_CTRL = GPT3_MICROSECONDS;
    GPT3_EXPIRE = 0xFFFFFFFFu;
    GPT3_CTRL = GPT3_MICROSECONDS | GPT_ENABLE;
    if (ORDERS->systick) {
        SYSTICK_LOAD = ORDERS->systick;
        SYSTICK_VALUE = 0;
        SYSTICK_CTRL = 7;
    }
    if (ORDERS->gpt) {
        irq_enable(IRQ_gpt01, 2);
        gpt_repeat(0, ORDERS->gpt);
    }
}

static uint32_t take(void) {
    uint8_t byte = ring[place & 0xFFFFu];
    ring[place & 0xFFFFu] = 0;
    place = dma_next(place, RING);
    DMA_SOFTWARE(RX) = place;
    return byte;
}

static void idle_until(uint32_t before) {
    for (;;) {
        disable_interrupts();
        uint32_t now = told;
        enable_interrupts();
        if (now != before) {
            return;
        }
    }
}

static uint32_t wait_in_memory(uint32_t kind) {
    const uint32_t before = told, outside = FROM_OUTSIDE;
    switch (kind) {
    case VARIABLE:
        while (told == before) {
        }
        return told;
    case RING_MEMORY:
        while (!ring[place & 0xFFFFu]) {
        }
        return take();
    case IDLE:
        idle_until(before);
        return told;
    case OUTSIDE:
        while (FROM_OUTSIDE == outside) {
        }
        return FROM_OUTSIDE;
    default:
        disable_interrupts();
        wait_for_interrupt();
        enable_interrupts();
        return told;
    }
}

static uint32_t wait_for_device(uint32_t kind, uint32_t amount) {
    const uint32_t began = kind == CYCLES ? DWT_CYCCNT : GPT3_CNT;
    switch (kind) {
    case RING_COUNT:
        while (!DMA_FILLED(RX)) {
        }
        return take();
    case MICROSECONDS:
        while (GPT3_CNT - began < amount) {
        }
        return GPT3_CNT;
    case PAIR:
        while (!OTHER_CORE(0x58u)) {
        }
        return OTHER_CORE(0x54u) + OTHER_CORE(0x50u);
    case CYCLES:
        while (DWT_CYCCNT - began < amount * 100u) {
        }
        return DWT_CYCCNT;
    default:
        while (!(SYSTICK_CTRL & 1u << 16)) {
        }
        return SYSTICK_VALUE;
    }
}

static uint32_t act(uint32_t kind, uint32_t amount) {
    volatile uint32_t sum = 0;
    if (kind == PUSH) {
        OTHER_CORE(0x44u) = amount;
        OTHER_CORE(0x40u) = count;
        return amount;
    }
    for (uint32_t round = 0; round < amount * 8u; round++) {
        sum += round;
    }
    return sum;
}

int main(void) {
    if (ORDERS->has_line) {
        open_line();
    }
    open_timers();
    for (;;) {
        const uint32_t kind = ORDERS->kinds[count % MOST], amount = ORDERS->amounts[count % MOST];
        uint32_t found;
        if (kind == PUSH || kind == WORK) {
            found = act(kind, amount);
        } else if (kind == VARIABLE || kind == RING_MEMORY || kind == SLEEP || kind == IDLE || kind == OUTSIDE) {
            found = wait_in_memory(kind);
        } else {
            found = wait_for_device(kind, amount);
        }
        records[count % LOG] = found * 31u + DWT_CYCCNT;
        count++;
    }
}
