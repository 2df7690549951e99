/* A dimmer: the voltage at ADC0, a thousand times a second, becomes the duty cycle of PWM0. */
#include <stdint.h>

#include "adc.h"
#include "cortex.h"
#include "pwm.h"
#include "uart.h"

enum { INPUT = 0, OUTPUT = 0, SAMPLES_HZ = 1000, REFERENCE_MV = 2500 };
enum { PERIOD = 1000 }; /* clocks of 2 MHz: 2 kHz */

static volatile uint32_t latest, samples;

void irq_adc(void) {
    while (ADC_LSR & 1u) {
        latest = ADC_DATA >> 4 & 0xFFFu;
        samples++;
    }
}

static void open_adc(void) {
    ADC_GLOBAL = 0;
    ADC_GLOBAL = 1;
    ADC_CTL3 = ADC_ANALOG_2V5;
    ADC_LEVEL = 1u << 2;
    ADC_IER = 1;
    ADC_PERIOD = ADC_CLOCK / SAMPLES_HZ - 1;
    irq_enable(IRQ_adc, 2);
    ADC_CTL0 = ADC_CHANNEL(INPUT) | ADC_SETTLING(20) | ADC_SAMPLING(8) | ADC_PERIODIC | ADC_ENABLE;
}

static void tell(uint32_t value, uint32_t on) {
    uart_decimal(DEBUG_UART, (value * REFERENCE_MV + ADC_FULL_SCALE / 2) / ADC_FULL_SCALE);
    uart_print(DEBUG_UART, " mV, ");
    uart_decimal(DEBUG_UART, on * 100 / PERIOD);
    uart_print(DEBUG_UART, " %\n");
}

int main(void) {
    uint32_t seen = 0, shown = PERIOD + 1;
    uart_open(DEBUG_UART);
    PWM_GLOBAL(0) = PWM_2MHZ;
    open_adc();
    for (;;) {
        wait_for_interrupt();
        uint32_t on = (latest * PERIOD + ADC_FULL_SCALE / 2) / ADC_FULL_SCALE;
        if (samples == seen || on == shown) {
            continue;
        }
        seen = samples;
        shown = on;
        pwm_play(0, OUTPUT, on, PERIOD);
        tell(latest, on);
    }
}
