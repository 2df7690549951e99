/*
 * Faults where none may be, by number (the first of ARGUMENTS): the last thing printed, and then silence.
 */
#include "guest.h"

#define NOWHERE 0x70000000u

static void spoil(const struct trap *trap)
{
    report(trap);
    end_line();
    if (ARGUMENTS[0] != 5)
        (void)REG(NOWHERE);
    print("back\n");
    finish();
}

static void undefine(const struct trap *trap)
{
    report(trap);
    end_line();
    if (trap->number != HARD_FAULT)
        __asm__ volatile("udf #0");
    print("again\n");
    finish();
}

static void call(const struct trap *trap)
{
    show("in", trap->number);
    end_line();
    __asm__ volatile("svc #1");
    print("back\n");
    finish();
}

/* The stack is where nothing is. */
static void lose_stack(void)
{
    __asm__ volatile("msr msp, %0\n isb\n svc #0" ::"r"(0x70000000) : "memory");
}

/* Every vector but the first is where nothing is: 0x400000 is the end of memory. */
static void lose_vectors(uint32_t vtor)
{
    VTOR = vtor;
    barrier();
    __asm__ volatile("svc #0");
}

/* Fault handlers reach their memory, or do not, by whether the MPU is on in them. */
static void protect(uint32_t bits)
{
    MPU_RNR = 0;
    MPU_RBAR = 0x20004000;
    MPU_RASR = 0x10000000 | (12 - 1) << 1 | 1;
    MPU_CTRL = bits;
    barrier();
    (void)REG(NOWHERE);
}

static void touch(const struct trap *trap)
{
    report(trap);
    show("word", REG(0x20004000) & 0);
    end_line();
    finish();
}

static void lose_frame(const struct trap *trap)
{
    report(trap);
    end_line();
    __asm__ volatile("msr msp, %0\n bx %1" ::"r"(NOWHERE), "r"(trap->exc_return) : "memory");
}

int main(void)
{
    handlers[HARD_FAULT] = spoil;
    handlers[NMI] = handlers[SV_CALL] = call;
    switch (ARGUMENTS[0]) {
    case 0: /* a fault in HardFault */
        (void)REG(NOWHERE);
        break;
    case 1: /* in NMI */
        handlers[NMI] = spoil;
        ICSR = 1u << 31;
        barrier();
        break;
    case 2: /* a supervisor call in NMI */
        ICSR = 1u << 31;
        barrier();
        break;
    case 3: /* undefined in the handler of the undefined, which escalates */
        SHCSR = FAULTS_ON;
        handlers[USAGE_FAULT] = handlers[HARD_FAULT] = undefine;
        __asm__ volatile("udf #0");
        break;
    case 4: /* a fault with FAULTMASK set */
        SET("faultmask", 1);
        (void)REG(NOWHERE);
        break;
    case 5: /* a supervisor call with PRIMASK set: a hard fault */
        SET("primask", 1);
        __asm__ volatile("svc #0");
        break;
    case 6: /* in SVCall: a hard fault, then lost */
        __asm__ volatile("svc #0");
        break;
    case 7:
        lose_stack();
        break;
    case 9: /* an undefined instruction in NMI */
        handlers[NMI] = undefine;
        ICSR = 1u << 31;
        barrier();
        break;
    case 10: /* the frame is gone when HardFault returns */
        handlers[HARD_FAULT] = lose_frame;
        (void)REG(NOWHERE);
        break;
    case 11: /* and when NMI does, which leaves it to HardFault, for which there is no stack */
        handlers[NMI] = lose_frame;
        ICSR = 1u << 31;
        barrier();
        break;
    case 12: /* the MPU is on in HardFault and denies */
        handlers[HARD_FAULT] = touch;
        protect(7);
        break;
    case 13: /* it is off there */
        handlers[HARD_FAULT] = touch;
        protect(5);
        break;
    default:
        lose_vectors(0x70000000);
        break;
    }
    print("not reached\n");
    return 0;
}
