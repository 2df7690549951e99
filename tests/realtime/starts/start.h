#ifndef START_H
#define START_H

#include <stdint.h>

#define WORD(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define IN_SYSRAM __attribute__((section(".dma"), aligned(4)))

#ifdef __cplusplus
extern "C" {
#endif

/* Enable an interrupt and set its handler in the copied table (with -DMOVED). */
void handle(uint32_t irq, void (*handler)(void));

static inline void synchronize(void) {
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

#ifdef __cplusplus
}
#endif

#endif
