/* Bit fields, pins: plain masks to the set and reset registers, four changes for each external interrupt with its debounce switched on
 * first, PWM in the order of its manual, and the mailbox opened by resetting both sides. */
#include "gpio.h"
#include "pwm.h"
#include "style.h"

#define BOX(offset) REGISTER(MBOX_M4_BASE + (offset))
#define ISU_PIN(pin, offset) REGISTER(ISU_BASE(((pin) - 26u) / 5u) + (offset))
static volatile uint32_t pressed, changed, rang;

void irq_eint12(void) {
    pressed++;
}

void irq_eint13(void) {
    changed++;
}

void irq_m4_software(void) {
    rang |= BOX(0x1Cu) & BOX(0x18u);
    BOX(0x1Cu) = 0xFF;
}

static void external(uint32_t line, uint32_t polarity, uint32_t dual, uint32_t rate, uint32_t count) {
    volatile uint32_t *word = &REGISTER(IRQ_CONFIG_BASE + 4 * line);
    CHANGE(*word, 1u << 9, 1u << 9);
    CHANGE(*word, 1u << 8, polarity << 8);
    CHANGE(*word, 1u << 7, dual << 7);
    CHANGE(*word, 7u << 4 | 15u, rate << 4 | count);
    irq_enable(IRQ_eint0 + line, 2);
}

static void play(uint32_t channel, uint32_t clock, uint32_t on, uint32_t off) {
    PWM_GLOBAL(0) = 0xE400;
    PWM_CTRL(0, channel) = 0x0C;
    PWM_S0(0, channel) = 0;
    PWM_S1(0, channel) = 0;
    CHANGE(PWM_GLOBAL(0), 3u << 1, clock << 1);
    CHANGE(PWM_CTRL(0, channel), 0, PWM_CLOCK);
    PWM_S0(0, channel) = off << 16 | on;
    PWM_S1(0, channel) = 0;
    CHANGE(PWM_CTRL(0, channel), 0xFFFu << 8 | PWM_OPEN_DRAIN, 1u << 8);
    CHANGE(PWM_CTRL(0, channel), 0, PWM_KICK);
}

static void boxes(void) {
    uint32_t data[2], commands[2];
    CHANGE(BOX(0x04u), 0, 1);
    BOX(0x30u) = 4;
    BOX(0x34u) = 4;
    for (uint32_t bit = 0; bit < 4; bit++) {
        CHANGE(BOX(0x38u), 1u << bit, 0);
    }
    BOX(0x18u) = 1u << 3;
    irq_enable(IRQ_m4_software, 2);
    say("open");
    for (uint32_t at = 0; at < 2; at++) {
        while (!BOX(0x58u)) {
        }
        data[at] = BOX(0x54u);
        commands[at] = BOX(0x50u);
    }
    WAIT_FOR(rang);
    tell("data", data[0] + data[1]);
    tell("commands", commands[0] + commands[1]);
    tell("rang", rang);
    BOX(0x44u) = 11;
    BOX(0x40u) = 12;
    BOX(0x40u) = 13;
    BOX(0x14u) = 1u << 6;
    tell("pending", BOX(0x48u));
}

int main(void) {
    uart_open(DEBUG_UART);
    gpio_input(12);
    gpio_input(13);
    gpio_output(21);
    gpio_write(21, 1);
    ISU_PIN(28, 0x24u) = 1u << 2;
    ISU_PIN(28, 0x68u) = 1u << 2;
    ISU_PIN(28, 0x14u) = 1u << 2;
    tell("isu", ISU_PIN(28, 0x0Cu) >> 2 & 1u);
    ISU_PIN(28, 0x18u) = 1u << 2;
    tell("isu", ISU_PIN(28, 0x0Cu) >> 2 & 1u);
    external(12, 1, 0, 0, 15);
    external(13, 0, 1, 3, 9);
    play(2, 1, 500, 1500);
    boxes();
    say("press");
    WAIT_FOR(pressed == 2 && changed == 4);
    gpio_write(21, 0);
    say("done");
    return 0;
}
