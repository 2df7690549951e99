/* The attacker of lab 3: a real-time app whose manifest gives it two rings and no pin. It tries what it may not, one thing
 * after the other, and survives the bus faults: a refused access is skipped, and said. */
#include <stdint.h>

#include "cortex.h"
#include "gpio.h"
#include "gpt.h"
#include "mailbox.h"
#include "rings.h"
#include "uart.h"

enum { LED = 8, SECOND = 1000000, PAUSE = 700000 };
enum { RING_BYTES = 4096, DATA_BYTES = RING_BYTES - 64 };
#define MEMORY 0x80000000u /* the main core's SYSRAM; our rings come first */
#define MEMORY_END 0x80010000u
#define FUSES 0x300E0000u
#define FUSES_END 0x300E0400u

static volatile uint32_t faults;

void skip(uint32_t *frame);

/* Exception entry pushed r0-r3, r12, lr, pc and xPSR (DDI0403E, B1.5.6): go on behind the instruction at that pc. */
__attribute__((used)) void skip(uint32_t *frame) {
    const uint16_t *at = (const uint16_t *)(uintptr_t)frame[6];
    frame[6] += (*at >> 11) >= 0x1Du ? 4u : 2u; /* 32-bit encodings begin so (A5.1) */
    SCB_CFSR = SCB_CFSR;
    faults++;
}

__attribute__((naked)) void hard_fault(void) {
    __asm__ volatile("mrs r0, msp\n\tpush {r3, lr}\n\tbl skip\n\tpop {r3, pc}");
}

static void say(const char *what, uint32_t faults_before) {
    barrier();
    uart_print(DEBUG_UART, what);
    uart_print(DEBUG_UART, faults == faults_before ? " went through\n" : " was a bus fault\n");
}

/* A light that flickers for a second: 25 times on and off. */
static void take_the_pin(void) {
    uint32_t before = faults;
    gpio_output(LED);
    for (uint32_t turn = 0; turn < 50u; turn++) {
        gpio_write(LED, turn & 1u);
        wait_us(SECOND / 50);
    }
    say("pin", before);
}

static void read_all(const char *name, uint32_t start, uint32_t end) {
    uint32_t before = faults, secrets = 0;
    for (uint32_t at = start; at < end && faults == before; at += 4u) {
        secrets += REGISTER(at) != 0;
    }
    if (faults == before) {
        uart_print(DEBUG_UART, "of ");
        uart_decimal(DEBUG_UART, (end - start) / 4u);
        uart_print(DEBUG_UART, " words ");
        uart_decimal(DEBUG_UART, secrets);
        uart_print(DEBUG_UART, " are not zero\n");
    }
    say(name, before);
}

/* The position that our ring says we have written to: behind its end. */
static void lie_about_the_ring(void) {
    uint32_t before = faults;
    REGISTER(MEMORY) = DATA_BYTES;
    MBOX_SOFTWARE_SEND = 1u;
    say("position", before);
}

int main(void) {
    uart_open(DEBUG_UART);
    rings_open();
    wait_us(PAUSE);
    take_the_pin();
    wait_us(PAUSE);
    read_all("memory", MEMORY + 2u * RING_BYTES, MEMORY_END);
    wait_us(PAUSE);
    read_all("fuses", FUSES, FUSES_END);
    wait_us(PAUSE);
    lie_about_the_ring();
    return 0;
}
