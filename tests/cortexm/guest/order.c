/*
 * Who runs when: a script pends, masks and changes priorities, in the thread and in every handler, and the
 * order of what ran is printed.  A script is words in ARGUMENTS: how many there are, then each as a step.
 */
#include "guest.h"

#define DEPTH 12 /* handlers that run a script of their own, lest two pend each other for ever */

static volatile uint32_t at, count, depth, runs;

static void step(uint32_t word);

static void here(char what, uint32_t number)
{
    const char text[2] = {what, 0};
    print(text);
    print_hex(number);
    print(" ");
}

static void on_exception(const struct trap *trap)
{
    here('(', trap->number);
    if (trap->number == HARD_FAULT) {
        print_hex(HFSR);
        HFSR = HFSR;
    }
    print_hex(GET("faultmask"));
    print(ICSR & 1u << 11 ? "b " : "n ");
    depth++;
    if (runs++ < 400 && depth < DEPTH)
        for (uint32_t i = 0; i < 2 && at < count; i++)
            step(ARGUMENTS[1 + at++]);
    depth--;
    here(')', trap->number);
}

/* A step: what to do in the low byte, with which exception or value in the next. */
static void step(uint32_t word)
{
    const uint32_t value = word >> 8 & 255, irq = value & 7;
    switch (word & 15) {
    case 0:
    case 1:
    case 2:
        ISPR = 1u << irq;
        break;
    case 3:
        ISPR = value;
        break;
    case 4:
        STIR = irq;
        break;
    case 5:
        IPR[irq] = (uint8_t)(value & 0xe0);
        break;
    case 6:
        SHPR[value & 1 ? PEND_SV : value & 2 ? SYS_TICK : SV_CALL] = (uint8_t)(value & 0xe0);
        break;
    case 7:
        SET("basepri", value & 0xe0);
        break;
    case 8:
        SET("primask", value & 1);
        break;
    case 9:
        ICSR = value & 1 ? PENDSVSET : value & 2 ? PENDSTSET : value & 4 ? 1u << 27 : 1u << 25;
        break;
    case 10:
        ICPR = 1u << irq;
        break;
    case 11:
        ICER = 1u << irq;
        break;
    case 12:
        ISER = 1u << irq;
        break;
    case 13:
        if (!(GET("primask") & 1) && (GET("ipsr") & 0x1ff) == 0 && GET("basepri") == 0)
            __asm__ volatile("svc #0");
        break;
    case 14:
        AIRCR = 0x05fa0000 | (value & 7) << 8;
        break;
    default:
        if (!(value & 0x30))
            SET("faultmask", value & 1);
        else if (value == 0x31)
            ICSR = 1u << 31;
        else
            SET("basepri_max", value & 0xe0);
        break;
    }
    barrier();
}

int main(void)
{
    count = ARGUMENTS[0] < 4000 ? ARGUMENTS[0] : 4000;
    for (uint32_t i = NMI; i < 48; i++)
        handlers[i] = on_exception;
    ISER = 0xff;
    while (at < count) {
        step(ARGUMENTS[1 + at++]);
        here('.', GET("basepri") | (GET("primask") & 1));
        show("pending", ISPR);
        show("active", IABR);
        end_line();
    }
    SET("faultmask", 0);
    SET("primask", 0);
    SET("basepri", 0);
    end_line();
    return 0;
}
