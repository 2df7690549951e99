/* Accesses at odd addresses: what LDR, LDRH, STR and STRH may, until CCR says no. */
#include <stdio.h>

#include "start.h"

#define CCR WORD(0xE000ED14u)

static uint8_t bytes[32] __attribute__((aligned(8)));

int main(void) {
    uint32_t word, half;
    for (uint8_t at = 0; at < sizeof bytes; at++) {
        bytes[at] = at;
    }
    __asm__ volatile("ldr %0, [%1, #1]" : "=r"(word) : "r"(bytes));
    __asm__ volatile("ldrsh %0, [%1, #3]" : "=r"(half) : "r"(bytes));
    __asm__ volatile("str %0, [%1, #5]\n\tstrh %0, [%1, #11]" ::"r"(0xAABBCCDDu), "r"(bytes) : "memory");
    printf("%08x %x %02x%02x%02x%02x %02x%02x\n", (unsigned)word, (unsigned)half, bytes[5], bytes[6], bytes[7], bytes[8], bytes[11], bytes[12]);
#ifdef TRAPPED
    CCR |= 8;
    synchronize();
    __asm__ volatile("ldr %0, [%1, #1]" : "=r"(word) : "r"(bytes));
#endif
    return 0;
}
