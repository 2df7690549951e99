/* The streamed style: the ADC's results collected by DMA 29 as words into a ring of 16, interrupting at twelve, after a
 * wait of 50 us on GPT3; and memory copied by DMA 12. All channels share one interrupt, whose cause is looked up. */
#include "adc.h"
#include "cortex.h"
#include "dma.h"
#include "gpt.h"
#include "uart.h"

enum { ADC_DMA = 29, COPY_DMA = 12, RING = 16, ENOUGH = 12 };
#define DMA_GLOBAL(n) REGISTER(DMA_BASE + 0x4000u + 4u * (n))
#define ADC_DMA_ENABLE REGISTER(ADC_BASE + 0x24Cu)
#define ADC_POINTERS REGISTER(ADC_BASE + 0x2D4u)

__attribute__((section(".sysram"), aligned(4))) static volatile uint32_t ring[RING];
__attribute__((section(".sysram"), aligned(4))) static volatile uint8_t from[64], to[64];
static volatile uint32_t taken, total, place, copied;

static void take_results(void) {
    for (uint32_t count = DMA_FILLED(ADC_DMA); count; count--) {
        total += ring[(place & 0xFFFFu) / 4] >> 4 & 0xFFFu;
        place = (place & 0xFFFFu) + 4 < 4 * RING ? place + 4 : (place & DMA_WRAP) ^ DMA_WRAP;
        taken++;
    }
    DMA_SOFTWARE(ADC_DMA) = place;
}

void irq_dma(void) {
    for (uint32_t channel = 0; channel < 30; channel++) {
        if (!(DMA_GLOBAL(channel / 16) >> 2 * (channel % 16) & 2u)) {
            continue;
        }
        DMA_ACK(channel) = DMA_DONE;
        if (channel == ADC_DMA) {
            take_results();
        } else if (channel == COPY_DMA) {
            copied = 1;
        }
    }
}

static void start_adc(void) {
    ADC_CTL3 = ADC_ANALOG_2V5;
    ADC_GLOBAL &= ~1u;
    ADC_GLOBAL |= 1u;
    ADC_CTL3 = ADC_ANALOG_2V5;
    while ((ADC_POINTERS & 0x1Fu) != (ADC_POINTERS >> 5 & 0x1Fu)) {
        (void)ADC_DATA;
    }
    wait_us(50);
    DMA_ENABLE_SET = 1u << ADC_DMA;
    DMA_START(ADC_DMA) = 0;
    DMA_PERIPHERAL(ADC_DMA) = ADC_BASE + 0x200u;
    DMA_MEMORY(ADC_DMA) = (uint32_t)(uintptr_t)ring;
    DMA_SIZE(ADC_DMA) = RING;
    DMA_COUNT(ADC_DMA) = ENOUGH;
    DMA_CON(ADC_DMA) = 2u | DMA_REQUESTS | DMA_DONE | DMA_TO_MEMORY;
    DMA_SOFTWARE(ADC_DMA) = 0;
    ADC_DMA_ENABLE = 1;
    DMA_START(ADC_DMA) = DMA_RUN;
    ADC_PERIOD = ADC_CLOCK / 1000 - 1;
    ADC_CTL0 = ADC_CHANNEL(3) | ADC_SETTLING(20) | ADC_SAMPLING(8) | ADC_PERIODIC | ADC_ENABLE;
}

static void copy(void) {
    for (uint32_t at = 0; at < sizeof from; at++) {
        from[at] = (uint8_t)(at * 7);
    }
    DMA(COPY_DMA, 0x00u) = (uint32_t)(uintptr_t)from;
    DMA(COPY_DMA, 0x04u) = (uint32_t)(uintptr_t)to;
    DMA_COUNT(COPY_DMA) = sizeof from;
    DMA_CON(COPY_DMA) = DMA_DONE | 1u << 2 | 1u << 3;
    DMA_START(COPY_DMA) = DMA_RUN;
}

static uint32_t is_same(void) {
    for (uint32_t at = 0; at < sizeof to; at++) {
        if (to[at] != from[at]) {
            return 0;
        }
    }
    return 1;
}

int main(void) {
    uart_open(DEBUG_UART);
    irq_enable(IRQ_dma, 2);
    copy();
    while (!copied) {
        wait_for_interrupt();
    }
    uart_print(DEBUG_UART, is_same() ? "copied\n" : "copied wrongly\n");
    start_adc();
    while (taken < 10 * ENOUGH) {
        wait_for_interrupt();
    }
    ADC_CTL0 = 0;
    uart_decimal(DEBUG_UART, taken);
    uart_print(DEBUG_UART, " results, mean ");
    uart_decimal(DEBUG_UART, total / taken);
    uart_print(DEBUG_UART, "\n");
    return 0;
}
