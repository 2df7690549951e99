/* The MPU guards memory: unprivileged code may not write the vault, nor overrun its stack into the guard, nor execute
 * data. Each attempt becomes a MemManage fault, which says where, ends the attempt and lets the program go on.
 *
 * Regions (DDI0403E, B3.5): a higher number overrides a lower one. Privileged code, such as the handlers, keeps the
 * default map (PRIVDEFENA) where no region lies. */
#include <stddef.h>
#include <stdint.h>

#include "cortex.h"
#include "uart.h"

enum { SIZE_32 = 4 << 1, SIZE_256 = 7 << 1, SIZE_256K = 17 << 1, SIZE_64K = 15 << 1, ENABLED = 1 }; /* attributes */
enum { READ_ALL_WRITE_PRIVILEGED = 2 << 24, ALL = 3 << 24, NOBODY = 0 << 24, EXECUTE_NEVER = 1 << 28, NORMAL = 1 << 17 };
enum { MEM_MANAGE_ENABLED = 1 << 16 };
enum { INSTRUCTION = 1 << 0, DATA = 1 << 1, ADDRESS_VALID = 1 << 7 }; /* CFSR */
enum { FRAME_R0 = 0, FRAME_LR = 5, FRAME_PC = 6, FRAME_XPSR = 7, THUMB = 1 << 24 };

__attribute__((aligned(32))) static volatile uint32_t vault[8] = {0x600D};
__attribute__((aligned(256))) static uint32_t guard[64];
__attribute__((aligned(256))) static uint32_t stack[256];
static uint16_t code_in_data[2] = {0x4770, 0x4770};      /* bx lr */
static volatile uint32_t faults;

static void region(uint32_t number, uintptr_t base, uint32_t attributes) {
    MPU_NUMBER = number;
    MPU_BASE = (uint32_t)base;
    MPU_ATTRIBUTES = attributes | NORMAL | ENABLED;
}

static void protect(void) {
    region(0, TCM & ~0x3FFFFu, SIZE_256K | ALL);
    region(1, (uintptr_t)vault, SIZE_32 | READ_ALL_WRITE_PRIVILEGED | EXECUTE_NEVER);
    region(2, (uintptr_t)guard, SIZE_256 | NOBODY | EXECUTE_NEVER);
    region(3, (uintptr_t)code_in_data & ~31u, SIZE_32 | ALL | EXECUTE_NEVER);
    region(4, DEBUG_UART_BASE, SIZE_64K | ALL | EXECUTE_NEVER);
    SCB_SHCSR |= MEM_MANAGE_ENABLED;
    MPU_CTRL = 1 | 4;
    barrier();
}

/* Say what happened, and end the attempt: go on where it was called from. */
__attribute__((used)) static void tell_fault(uint32_t *frame) {
    uint32_t status = SCB_CFSR;
    uart_print(DEBUG_UART, status & INSTRUCTION ? "refused to execute " : "refused to touch ");
    uart_hex(DEBUG_UART, status & ADDRESS_VALID ? SCB_MMFAR : frame[FRAME_PC]);
    uart_print(DEBUG_UART, "\n");
    SCB_CFSR = status;
    faults++;
    frame[FRAME_PC] = frame[FRAME_LR] & ~1u;
    frame[FRAME_XPSR] |= THUMB;
}

__attribute__((naked)) void mem_manage(void) {
    __asm__ volatile("tst lr, #4\n\tite eq\n\tmrseq r0, msp\n\tmrsne r0, psp\n\tpush {r3, lr}\n\tbl tell_fault\n\tpop {r3, pc}");
}

__attribute__((noinline)) static void store(volatile uint32_t *address, uint32_t value) {
    __asm__ volatile("str %1, [%0]" ::"r"(address), "r"(value) : "memory");
}

__attribute__((noinline)) static void call(uintptr_t address) {
    void (*function)(void) = (void (*)(void))(address | 1u);
    function();
    __asm__ volatile(""); /* no tail call: the return address is here */
}

__attribute__((noinline, noreturn)) static void attempts(void) {
    store(vault, 0xBAD);
    store(&guard[63], 0xBAD); /* what the first word beyond a full stack would be */
    call((uintptr_t)code_in_data);
    uart_print(DEBUG_UART, vault[0] == 0x600D ? "the vault is as it was, faults: " : "the vault was opened, faults: ");
    uart_decimal(DEBUG_UART, faults);
    uart_print(DEBUG_UART, "\n");
    for (;;) {
    }
}

int main(void) {
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, "MPU regions: ");
    uart_decimal(DEBUG_UART, MPU_TYPE >> 8 & 0xFF);
    uart_print(DEBUG_UART, "\n");
    protect();
    __asm__ volatile("msr psp, %0\n\tmsr control, %1\n\tisb" ::"r"(stack + 256), "r"(3) : "memory"); /* unprivileged, PSP */
    attempts();
}
