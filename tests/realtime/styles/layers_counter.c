/* Layers, counters of a GPIO group: the group reset, counted by its clock of 200 MHz, mode and limits set field by field, the interrupt
 * cleared by writing a bit and taking it back; then edges captured. */
#include "layers.h"

enum { GROUP = 3 };
#define G(offset) REGISTER(GPIO_BASE(GROUP) + (offset))
#define STATIC3 G(0x10Cu)
#define DYNAMIC G(0x110u)
static volatile uint32_t interrupts, causes;

void irq_counter3(void) {
    uint32_t status = G(0x138u), clear;
    interrupts++;
    causes |= status;
    for (uint32_t bit = 0; bit < 18; bit++) {
        if (status >> bit & 1u) {
            clear = G(0x134u) | 1u << bit;
            G(0x134u) = clear;
            G(0x134u) = clear & ~(1u << bit);
        }
    }
}

static void reset_group(void) {
    G(0x000u) &= ~2u;
    G(0x000u) |= 2u;
}

static void open_counter(uint32_t mode, uint32_t edges, uint32_t low, uint32_t high, uint32_t start) {
    CHANGE(REGISTER(0x30030210u), 3u, 3u);
    G(0x000u) |= 1u | 8u;
    STATIC3 |= 1u;
    CHANGE(STATIC3, 3u << 18, mode << 18);
    CHANGE(STATIC3, 1u << (20 + mode), 0);
    CHANGE(STATIC3, 3u << 16, edges << 16);
    CHANGE(STATIC3, 3u << 24, 3u << 24);
    G(0x120u) = start;
    G(0x124u) = low;
    G(0x128u) = high;
    CHANGE(DYNAMIC, 1u, 1u);
    CHANGE(DYNAMIC, 1u << 16, 1u << 16);
    DYNAMIC &= ~(1u << 16);
}

static void interrupt_on(uint32_t bits) {
    uint32_t clear;
    G(0x130u) = bits;
    clear = G(0x134u) | 4u;
    G(0x134u) = clear;
    G(0x134u) = clear & ~4u;
}

static void capture(void) {
    uint32_t first, second;
    reset_group();
    CHANGE(REGISTER(0x30030210u), 3u, 0);
    G(0x000u) |= 1u | 8u;
    CHANGE(STATIC3, 15u << 8, 0u << 8 | 1u << 10);
    CHANGE(DYNAMIC, 3u, 2u);
    CHANGE(DYNAMIC, 1u << 17, 1u << 17);
    DYNAMIC &= ~(1u << 17);
    say("capture");
    while ((G(0x140u) & 15u) < 2 || (G(0x140u) >> 4 & 15u) < 1) {
    }
    first = G(0x144u);
    second = G(0x144u);
    tell("apart", (second - first) / 26);
    tell("fell", (G(0x148u) - first) / 26);
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    reset_group();
    install(IRQ_counter3, 5, LEVEL);
    for (uint32_t pin = 0; pin < 2; pin++) {
        CHANGE(G(0x100u + 4 * pin), 0x7FFFu, 1u << 14 | 128u);
    }
    open_counter(1, 0, 95, 104, 100);
    interrupt_on(3);
    say("count");
    WAIT_FOR(interrupts);
    tell("high", G(0x14Cu));
    say("down");
    WAIT_FOR(causes & 1u);
    tell("low", G(0x14Cu));
    tell("interrupts", interrupts);
    capture();
    say("done");
    return 0;
}
