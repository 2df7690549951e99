/* GPIO0..23: six groups of four pins. SET and RESET change what is written as 1 and leave the rest. */
#ifndef GPIO_H
#define GPIO_H

#include <stdint.h>

#include "mt3620.h"

enum { PINS_A_GROUP = 4 };
#define GPIO_REGISTER(pin, offset) REGISTER(GPIO_BASE((pin) / PINS_A_GROUP) + (offset))
#define GPIO_BIT(pin) (1u << ((pin) % PINS_A_GROUP))

static inline void gpio_output(uint32_t pin) {
    GPIO_REGISTER(pin, 0x68u) = GPIO_BIT(pin); /* input off */
    GPIO_REGISTER(pin, 0x24u) = GPIO_BIT(pin); /* output on */
}

static inline void gpio_input(uint32_t pin) {
    GPIO_REGISTER(pin, 0x28u) = GPIO_BIT(pin);
    GPIO_REGISTER(pin, 0x64u) = GPIO_BIT(pin);
}

static inline void gpio_write(uint32_t pin, uint32_t level) {
    GPIO_REGISTER(pin, level ? 0x14u : 0x18u) = GPIO_BIT(pin);
}

static inline uint32_t gpio_read(uint32_t pin) {
    return (GPIO_REGISTER(pin, 0x04u) & GPIO_BIT(pin)) != 0;
}

#endif
