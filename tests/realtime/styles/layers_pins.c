/* Layers, pins: settings and their aliases all read, changed and written back; whole words for the pulls of a group; blocks that have
 * their registers elsewhere; external interrupts by level and by edge, with and without debounce. */
#include "adc.h"
#include "gpio.h"
#include "layers.h"

static volatile uint32_t lows, falls, both, bounced;

struct block {
    uint32_t base, din, shift;
};

static struct block block_of(uint32_t pin) {
    if (pin < 24) {
        return (struct block){GPIO_BASE(pin / 4), 0x04, pin % 4};
    }
    if (pin < 26) {
        return (struct block){0x30020000u, 0x00, pin - 24};
    }
    if (pin < 41) {
        return (struct block){ISU_BASE((pin - 26) / 5), 0x0C, (pin - 26) % 5};
    }
    if (pin < 49) {
        return (struct block){ADC_BASE, 0x04, pin - 41};
    }
    return (struct block){0x380D0100u + 0x10000u * ((pin - 56) / 5), 0x04, (pin - 56) % 5};
}

static volatile uint32_t *at(uint32_t pin, uint32_t offset) {
    struct block block = block_of(pin);
    if (offset == 0x04) {
        offset = block.din;
    } else if (block.base == 0x30020000u && offset >= 0x20) {
        offset += 0x10u * (offset / 0x10u - 1);
    }
    return &REGISTER(block.base + offset);
}

static void set(uint32_t pin, uint32_t offset) {
    *at(pin, offset) |= 1u << block_of(pin).shift;
}

/* Reads, and writes back what it read. */
static uint32_t get(uint32_t pin, uint32_t offset) {
    uint32_t value = *at(pin, offset);
    *at(pin, offset) = value;
    return value >> block_of(pin).shift & 1u;
}

static void output(uint32_t pin, uint32_t level) {
    set(pin, 0x68);
    set(pin, 0x24);
    if (level) {
        set(pin, 0x10);
    } else {
        *at(pin, 0x10) &= ~(1u << block_of(pin).shift);
    }
}

static void input(uint32_t pin) {
    set(pin, 0x28);
    set(pin, 0x60);
}

static void pull(uint32_t pin, uint32_t up) {
    for (uint32_t group = 0; group < 6; group++) {
        REGISTER(GPIO_BASE(group) + 0x30u) = 1u << 31;
        REGISTER(GPIO_BASE(group) + 0x40u) = 1u << 31;
    }
    set(pin, up ? 0x48 : 0x38);
    set(pin, up ? 0x38 : 0x48);
    set(pin, up ? 0x34 : 0x44);
}

static void outputs(void) {
    static const uint8_t pins[] = {2, 24, 27, 44, 58, 62};
    uint32_t good = 0;
    for (uint32_t which = 0; which < sizeof pins; which++) {
        uint32_t pin = pins[which];
        pin_mode(pin, 0);
        output(pin, 1);
        good += get(pin, 0x04) && get(pin, 0x10) && get(pin, 0x20);
        output(pin, 0);
        good += !get(pin, 0x04);
        output(pin, 1);
    }
    tell("outputs", good);
}

static void debounce(uint32_t line, uint32_t polarity, uint32_t dual, uint32_t count) {
    volatile uint32_t *word = &REGISTER(IRQ_CONFIG_BASE + 4 * line);
    CHANGE(*word, 1u << 8, polarity << 8);
    CHANGE(*word, 1u << 7, dual << 7);
    if (count) {
        CHANGE(*word, 15u | 7u << 4, (count - 1) | 3u << 4);
        CHANGE(*word, 0, 1u << 9);
    }
}

void irq_eint12(void) { /* while it is low: the handler takes itself away */
    lows++;
    NVIC_DISABLE(IRQ_eint12) = 1u << IRQ_eint12 % 32u;
}

void irq_eint13(void) {
    falls++;
}

void irq_eint14(void) {
    both++;
}

void irq_eint15(void) {
    bounced++;
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    outputs();
    input(20);
    pull(20, 1);
    tell("up", get(20, 0x04));
    pull(20, 0);
    tell("down", get(20, 0x04));
    REGISTER(GPIO_BASE(0) + 0x70u) = (REGISTER(GPIO_BASE(0) + 0x70u) & ~0x30u) | 2u << 4;
    for (uint32_t pin = 12; pin < 16; pin++) {
        pin_mode(pin, 5);
        input(pin);
    }
    debounce(12, 1, 0, 0);
    install(IRQ_eint12, 5, LEVEL);
    barrier();
    tell("low already", lows);
    debounce(13, 1, 0, 0);
    install(IRQ_eint13, 5, EDGE);
    debounce(14, 1, 1, 0);
    install(IRQ_eint14, 5, EDGE);
    debounce(15, 0, 0, 5);
    install(IRQ_eint15, 5, EDGE_TO_LEVEL);
    NVIC_DISABLE(IRQ_eint15) = 1u << IRQ_eint15 % 32u;
    install(IRQ_eint15, 5, EDGE);
    say("waiting");
    while (milliseconds < 200) {
        wait_for_interrupt();
    }
    tell("lows", lows);
    tell("falls", falls);
    tell("both", both);
    tell("bounced", bounced);
    say("done");
    return 0;
}
