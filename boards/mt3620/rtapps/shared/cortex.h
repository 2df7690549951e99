/* The processor's own registers (ARMv7-M Architecture Reference Manual, DDI0403E, B3) and instructions. */
#ifndef CORTEX_H
#define CORTEX_H

#include <stdint.h>

#include "mt3620.h"

#define SYSTICK_CTRL REGISTER(0xE000E010u) /* 0 enable, 1 interrupt, 2 the core's clock, 16 has counted to zero */
#define SYSTICK_LOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define NVIC_ENABLE(irq) REGISTER(0xE000E100u + 4u * ((irq) / 32u))
#define NVIC_DISABLE(irq) REGISTER(0xE000E180u + 4u * ((irq) / 32u))
#define NVIC_PRIORITY(irq) (*(volatile uint8_t *)(uintptr_t)(0xE000E400u + (irq)))
#define SCB_ICSR REGISTER(0xE000ED04u) /* 28 make PendSV pending */
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_SYSTEM_PRIORITY(exception) (*(volatile uint8_t *)(uintptr_t)(0xE000ED14u + (exception))) /* 4..15 */
#define SCB_SHCSR REGISTER(0xE000ED24u) /* 16 MemManage, 17 BusFault, 18 UsageFault enabled */
#define SCB_CFSR REGISTER(0xE000ED28u)  /* write 1 to clear */
#define SCB_MMFAR REGISTER(0xE000ED34u)
#define SCB_CPACR REGISTER(0xE000ED88u) /* 23:20 the floating-point unit */
#define MPU_TYPE REGISTER(0xE000ED90u)  /* 15:8 how many regions */
#define MPU_CTRL REGISTER(0xE000ED94u)  /* 0 enable, 2 privileged code keeps the map that it has without */
#define MPU_NUMBER REGISTER(0xE000ED98u)
#define MPU_BASE REGISTER(0xE000ED9Cu)
#define MPU_ATTRIBUTES REGISTER(0xE000EDA0u)

enum { MEM_MANAGE = 4, SVCALL = 11, PENDSV = 14, SYSTICK = 15 }; /* exceptions */
enum { PRIORITY_BITS = 3 };

static inline void wait_for_interrupt(void) {
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

static inline void disable_interrupts(void) {
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void enable_interrupts(void) {
    __asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

static inline void barrier(void) {
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

/* Let interrupt `irq` in, with `priority` 0 (first) to 7. */
static inline void irq_enable(uint32_t irq, uint32_t priority) {
    NVIC_PRIORITY(irq) = (uint8_t)(priority << (8 - PRIORITY_BITS));
    NVIC_ENABLE(irq) = 1u << (irq % 32u);
}

#endif
