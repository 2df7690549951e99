/* The layered style: the unit reset and clocked through its base word, the set and reset registers themselves read,
 * modified and written, pulls cleared by whole words, SysTick polled for delays at 197.6 MHz, GPT0 repeating with its
 * sense bit set first, GPT3 cleared by ICLR for a moment and started anew. */
#include "clock.h"
#include "cortex.h"
#include "gpio.h"
#include "gpt.h"
#include "isu.h"
#include "uart.h"

static volatile uint32_t repeats, singles;

void irq_gpt01(void) {
    GPT_ISR = 1;
    repeats++;
}

void irq_gpt3(void) {
    GPT3_CTRL |= 0x8000u;
    GPT3_CTRL &= ~0x8000u;
    singles++;
}

static void delay_us(uint32_t microseconds) {
    for (; microseconds; microseconds--) {
        uint32_t start = SYSTICK_VALUE, now;
        do {
            now = SYSTICK_VALUE;
        } while ((start >= now ? start - now : start + SYSTICK_LOAD + 1 - now) < PLL_HZ / 1000000);
    }
}

static void change(uint32_t pin, uint32_t offset) {
    GPIO_REGISTER(pin, offset) |= GPIO_BIT(pin);
}

static void pins(void) {
    REGISTER(GPIO_BASE(2) + 0x30u) = 0x80000000u;
    REGISTER(GPIO_BASE(2) + 0x40u) = 0x80000000u;
    for (uint32_t pin = 8; pin < 11; pin++) {
        change(pin, 0x68u);
        change(pin, 0x24u);
        GPIO_REGISTER(pin, 0x10u) |= GPIO_BIT(pin);
    }
    change(9, 0x18u); /* only this one falls */
}

int main(void) {
    clock_use_pll();
    SYSTICK_LOAD = PLL_HZ / 1000 - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = 5;
    isu_open(0, ISU_UART_CLOCKS);
    ISU_UART(0)->fcr = 0x87;
    ISU_UART(0)->mcr = 0;
    uart_open(ISU_UART(0));
    REGISTER(IRQ_CONFIG_BASE + 0x200u) |= 1u << IRQ_gpt01;
    GPT_ICNT(0) = 328;
    GPT_CTRL(0) |= 6u;
    GPT_IER |= 1u;
    irq_enable(IRQ_gpt01, 5);
    GPT_CTRL(0) |= 9u;
    GPT3_EXPIRE = 5000;
    GPT3_INIT = 0;
    GPT3_CTRL = (GPT3_CTRL & ~(0x3Fu << 16)) | 25u << 16;
    irq_enable(IRQ_gpt3, 5);
    GPT3_CTRL |= 1u;
    delay_us(20000);
    GPT3_CTRL &= ~1u;
    delay_us(2);
    GPT3_CTRL |= 1u;
    delay_us(20000);
    pins();
    uart_print(ISU_UART(0), "repeats ");
    uart_decimal(ISU_UART(0), repeats);
    uart_print(ISU_UART(0), ", singles ");
    uart_decimal(ISU_UART(0), singles);
    uart_print(ISU_UART(0), "\n");
    return 0;
}
