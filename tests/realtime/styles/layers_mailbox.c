/* Layers, mailboxes: each side reset as it is opened, pairs written and read with an interrupt for every pair that came and every one
 * that was taken, software interrupts on all eight ports, a threshold, and the semaphore that is shared with the main core. Runs on
 * both cores: the first asks, the second answers. */
#include "layers.h"

#define BOX(offset) REGISTER(MBOX_M4_BASE + (offset))
#define A7(offset) REGISTER(MBOX_A7_BASE + (offset))
enum { WAITING = 1, WRITTEN = 2, ROOM = 4, TAKEN = 8 };
static volatile uint32_t pairs, sum, taken, ports, rooms, waits;

static void fifo_interrupt(void) {
    uint32_t state = BOX(0x3Cu), enabled = BOX(0x38u), events = state & enabled;
    if (events & TAKEN) {
        BOX(0x3Cu) = TAKEN;
        taken++;
    }
    if (state & ROOM) {
        NVIC_DISABLE(IRQ_m4_room) = 1u << IRQ_m4_room;
        rooms += events >> 2 & 1u;
    }
    if (events & WRITTEN) {
        BOX(0x3Cu) = WRITTEN;
    }
    if (state & WAITING) {
        NVIC_DISABLE(IRQ_m4_waiting) = 1u << IRQ_m4_waiting;
        waits += events & WAITING;
    }
    for (; events & WRITTEN && BOX(0x58u); pairs++) {
        sum += BOX(0x54u);
        sum += BOX(0x50u) << 16;
    }
}

void irq_m4_taken(void) { fifo_interrupt(); }
void irq_m4_room(void) { fifo_interrupt(); }
void irq_m4_written(void) { fifo_interrupt(); }
void irq_m4_waiting(void) { fifo_interrupt(); }

void irq_m4_software(void) {
    uint32_t which = BOX(0x1Cu);
    ports |= which & BOX(0x18u);
    BOX(0x1Cu) = which;
}

static void open_box(uint32_t events) {
    BOX(0x04u) = 2;
    for (uint32_t bit = 0; bit < 4; bit++) {
        BOX(0x3Cu) = 1u << bit;
        CHANGE(BOX(0x38u), 1u << bit, events & 1u << bit);
    }
    install(IRQ_m4_written, 5, EDGE);
    install(IRQ_m4_taken, 5, EDGE);
    install(IRQ_m4_waiting, 5, LEVEL);
    install(IRQ_m4_room, 5, LEVEL);
    BOX(0x1Cu) = 0xFF;
    install(IRQ_m4_software, 5, LEVEL);
    BOX(0x18u) = 0xFF;
}

/* 0, or the FIFO has no room. */
static uint32_t push(uint32_t command, uint32_t data) {
    if (BOX(0x48u) >= 15) {
        return 1;
    }
    BOX(0x44u) = data;
    BOX(0x40u) = command;
    return 0;
}

static void ask(void) {
    uint32_t full = 0;
    for (uint32_t number = 1; number <= 20; number++) {
        full += push(number, 100 + number);
    }
    tell("full", full);
    BOX(0x14u) = 1u << 0;
    WAIT_FOR(ports == 0x80);
    tell("pairs", pairs);
    tell("answer", sum);
    tell("taken", taken >= 1);
    tell("mine", A7(0x60u));
    A7(0x60u) = 0;
}

static void answer(void) {
    WAIT_FOR(ports);
    tell("asked", ports);
    tell("waits", waits);
    while (BOX(0x58u)) {
        sum += BOX(0x54u);
        sum += BOX(0x50u) << 16;
        pairs++;
    }
    (void)push(pairs, sum & 0xFFFFu);
    BOX(0x14u) = 1u << 7;
    tell("got", pairs);
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    BOX(0x34u) = 5;
    open_box(ME ? WAITING : WRITTEN | TAKEN);
    delay_us(900);
    if (ME) {
        answer();
    } else {
        delay_us(900);
        ask();
    }
    say("done");
    return 0;
}
