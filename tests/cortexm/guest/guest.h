/*
 * What the programs share that are run both on the machine and on QEMU's mps2-an386.
 *
 * All they print must be the same on both: no address of anything outside the program, no time.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define ICSR REG(0xe000ed04)
#define VTOR REG(0xe000ed08)
#define AIRCR REG(0xe000ed0c)
#define SCR REG(0xe000ed10)
#define CCR REG(0xe000ed14)
#define SHCSR REG(0xe000ed24)
#define CFSR REG(0xe000ed28)
#define HFSR REG(0xe000ed2c)
#define DFSR REG(0xe000ed30)
#define MMFAR REG(0xe000ed34)
#define BFAR REG(0xe000ed38)
#define CPACR REG(0xe000ed88)
#define MPU_CTRL REG(0xe000ed94)
#define MPU_RNR REG(0xe000ed98)
#define MPU_RBAR REG(0xe000ed9c)
#define MPU_RASR REG(0xe000eda0)
#define STIR REG(0xe000ef00)
#define FPCCR REG(0xe000ef34)
#define FPDSCR REG(0xe000ef3c)
#define DEMCR REG(0xe000edfc)
#define ISER REG(0xe000e100)
#define ICER REG(0xe000e180)
#define ISPR REG(0xe000e200)
#define ICPR REG(0xe000e280)
#define IABR REG(0xe000e300)
#define IPR ((volatile uint8_t *)0xe000e400)
#define SHPR ((volatile uint8_t *)0xe000ed14) /* [exception number] */
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)

#define PENDSVSET (1u << 28)
#define PENDSTSET (1u << 26)
#define FAULTS_ON (7u << 16)

/* A memory for stacks and data, unused by the program itself: 0x20000000[0x10000]. */
#define SCRATCH 0x20000000u

/* Where a test's caller leaves its wishes before the program runs: words. */
#define ARGUMENTS ((volatile uint32_t *)0x20010000)

enum { NMI = 2, HARD_FAULT = 3, MEM_MANAGE = 4, BUS_FAULT = 5, USAGE_FAULT = 6, SV_CALL = 11, DEBUG_MONITOR = 12, PEND_SV = 14, SYS_TICK = 15, IRQ0 = 16 };

/* The frame of an exception, as it lies on the stack. */
struct frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
    float s[16];
    uint32_t fpscr;
};

/* What an exception found, told to its handler. */
struct trap {
    uint32_t number, exc_return, msp, psp;
    struct frame *frame;
};

typedef void handler(const struct trap *trap);

/* The handler of each exception; without one it is a fault and is reported. */
extern handler *handlers[48];

/* Where the program goes on after a reported fault; 0: it ends. */
extern volatile uint32_t resume_at;

void print(const char *text);
void print_hex(uint32_t value);
void show(const char *name, uint32_t value); /* " name=value" */
void end_line(void);
void finish(void) __attribute__((noreturn));

/*
 * Run `code` with r0, r1 and CONTROL given (attempt.S); a fault that is reported comes back from here.  Where
 * CONTROL has no privilege, SVCall's handler is taken for the way back.
 */
void attempt(void (*code)(void), uint32_t r0, uint32_t r1, uint32_t control);

/* The usual report: " number CFSR HFSR ...", and clears the fault status. */
void report(const struct trap *trap);

static inline void barrier(void)
{
    __asm__ volatile("dsb\n isb" ::: "memory");
}

static inline uint32_t get_control(void)
{
    uint32_t value;
    __asm__ volatile("mrs %0, control" : "=r"(value));
    return value;
}

static inline void set_control(uint32_t value)
{
    __asm__ volatile("msr control, %0\n isb" ::"r"(value) : "memory");
}

#define GET(name)                                                                                                      \
    ({                                                                                                                 \
        uint32_t value_;                                                                                               \
        __asm__ volatile("mrs %0, " name : "=r"(value_));                                                              \
        value_;                                                                                                        \
    })
#define SET(name, value) __asm__ volatile("msr " name ", %0\n isb" ::"r"((uint32_t)(value)) : "memory")

int main(void);

#endif
