/* Layers, sleep: all sources but the one that is to wake are held back, interrupts masked, SLEEPDEEP set; the core waits, and its handler
 * runs only when interrupts are let in again. */
#include "gpt.h"
#include "layers.h"

#define HELD(n) REGISTER(IRQ_CONFIG_BASE + 0x600u + 4u * (n))
#define WAKE_HELD(n) REGISTER(IRQ_CONFIG_BASE + 0x620u + 4u * (n))
#define SLEEP_CTRL REGISTER(RGU_BASE + 0x000u)
#define SLEEP_AUX REGISTER(RGU_BASE + 0x004u)
#define POWER_DOWN REGISTER(RGU_BASE + 0x100u)
#define SCB_SCR REGISTER(0xE000ED10u)
static volatile uint32_t woke;

void irq_gpt3(void) {
    woke++;
    GPT3_CTRL |= 1u << 15;
    delay_us(5);
    GPT3_CTRL &= ~(1u << 15);
    GPT3_CTRL &= ~1u;
}

static void hold(uint32_t bits) {
    for (uint32_t word = 0; word < 4; word++) {
        HELD(word) = bits ? HELD(word) | (word < 3 ? bits : bits & 15u) : 0;
        WAKE_HELD(word) = bits ? WAKE_HELD(word) | (word < 3 ? bits : bits & 15u) : 0;
    }
    REGISTER(IRQ_CONFIG_BASE + 0x340u) |= 4u;
    REGISTER(IRQ_CONFIG_BASE + 0x344u) |= 1u;
    REGISTER(IRQ_CONFIG_BASE + 0x344u) &= ~1u;
}

static void sleep_for(uint32_t microseconds) {
    uint32_t masked;
    GPT3_INIT = 0;
    GPT3_EXPIRE = microseconds;
    GPT3_CTRL |= 1u;
    SYSTICK_CTRL &= ~2u;
    disable_interrupts();
    hold(~0u);
    HELD(0) &= ~(1u << IRQ_gpt3);
    WAKE_HELD(0) &= ~(1u << IRQ_gpt3);
    POWER_DOWN &= ~0x3FFFFFFu;
    POWER_DOWN |= 15u;
    SLEEP_CTRL &= ~2u;
    SLEEP_CTRL |= 1u;
    SCB_SCR |= 4u;
    __asm__ volatile("dsb\n\twfi\n\tisb" ::: "memory");
    masked = woke;
    SCB_SCR &= ~4u;
    hold(0);
    enable_interrupts();
    SYSTICK_CTRL |= 2u;
    tell("masked", masked);
}

int main(void) {
    layers_open();
    uart_open(DEBUG_UART);
    SLEEP_AUX |= 1u;
    install(IRQ_gpt3, 5, LEVEL);
    say("sleeping");
    uart_flush(DEBUG_UART);
    sleep_for(250000);
    tell("woke", woke);
    say("done");
    return 0;
}
