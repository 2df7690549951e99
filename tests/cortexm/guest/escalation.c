/*
 * Who takes an exception that cannot wait: each kind, under each mask and in handlers of each priority.
 */
#include "guest.h"

#define NOWHERE 0x70000000u

enum { PRIMASK, BASEPRI_AT, BASEPRI_BELOW, BASEPRI_ABOVE, FAULTMASK, NONE, MASKS };

static const char *const MASK_NAMES[] = {"primask", "basepri at", "basepri below", "basepri above", "faultmask", "none"};

static void by_svc(void)
{
    __asm__ volatile("svc #3");
}

static void by_udf(void)
{
    __asm__ volatile("udf #0");
}

static void by_bus(void)
{
    (void)REG(NOWHERE);
}

static void by_fetch(void)
{
    __asm__ volatile("push {r4, lr}\n blx %0\n pop {r4, lr}" ::"r"(0x40000001) : "memory", "r4", "lr");
}

static void by_division(void)
{
    uint32_t zero = 0;
    __asm__ volatile("udiv %0, %0, %0" : "+r"(zero));
}

static const struct {
    const char *name;
    void (*cause)(void);
    uint32_t number;
} KINDS[] = {{"svc", by_svc, SV_CALL}, {"udf", by_udf, USAGE_FAULT}, {"bus", by_bus, BUS_FAULT}, {"fetch", by_fetch, MEM_MANAGE}, {"division", by_division, USAGE_FAULT}};

static void mask(uint32_t which)
{
    static const uint32_t LEVELS[] = {0, 0x80, 0xa0, 0x60};
    if (which == PRIMASK)
        SET("primask", 1);
    else if (which == FAULTMASK)
        SET("faultmask", 1);
    else if (which < FAULTMASK)
        SET("basepri", LEVELS[which]);
}

static void unmask(void)
{
    SET("primask", 0);
    SET("basepri", 0);
    SET("faultmask", 0);
}

/* What took it, with what state, and which exceptions are active then. */
static void on_any(const struct trap *trap)
{
    report(trap);
    show("shcsr", SHCSR);
    show("primask", GET("primask"));
    show("basepri", GET("basepri"));
    show("faultmask", GET("faultmask"));
    show("rettobase", ICSR >> 11 & 1);
    if (trap->number == SV_CALL)
        return;
    trap->frame->pc = resume_at & ~1u;
    trap->frame->xpsr = (trap->frame->xpsr & 0xf80f01ff) | 1u << 24 | (trap->frame->xpsr & 0x200);
}

/* As attempt() does, in a handler: goes on behind the cause, whatever happened to it. */
static void cause(uint32_t kind)
{
    extern void in_place(void (*code)(void));
    in_place(KINDS[kind].cause);
}

static volatile uint32_t wanted;

static void in_handler(const struct trap *trap)
{
    show("in", trap->number);
    cause(wanted);
    show("after", GET("ipsr"));
}

static void masked(uint32_t kind, uint32_t which)
{
    print(KINDS[kind].name);
    print(" ");
    print(MASK_NAMES[which]);
    mask(which);
    cause(kind);
    unmask();
    end_line();
}

/* From the handler of an interrupt that is above, at, or below the fault's priority. */
static void nested(uint32_t kind, uint32_t priority)
{
    print(KINDS[kind].name);
    show("within", priority);
    wanted = kind;
    IPR[0] = (uint8_t)priority;
    ISPR = 1;
    barrier();
    end_line();
}

static void all(void)
{
    for (uint32_t kind = 0; kind < sizeof KINDS / sizeof *KINDS; kind++) {
        for (uint32_t which = 0; which < MASKS; which++)
            if (which != FAULTMASK) /* which locks up: lockup.c */
                masked(kind, which);
        for (uint32_t priority = 0x60; priority < 0xc0; priority += 0x20)
            nested(kind, priority);
    }
}

int main(void)
{
    for (uint32_t i = HARD_FAULT; i <= SV_CALL; i++)
        handlers[i] = on_any;
    handlers[IRQ0] = in_handler;
    ISER = 1;
    CCR |= 16;
    for (uint32_t i = MEM_MANAGE; i <= SV_CALL; i++)
        SHPR[i] = 0x80;
    for (uint32_t enabled = 0; enabled < 8; enabled++) {
        SHCSR = enabled << 16;
        show("enabled", enabled);
        end_line();
        all();
    }
    for (uint32_t group = 0; group < 8; group++) { /* which bits of a priority pre-empt */
        AIRCR = 0x05fa0000 | group << 8;
        SHCSR = FAULTS_ON;
        SHPR[USAGE_FAULT] = 0x70;
        show("group", group);
        end_line();
        for (uint32_t priority = 0x60; priority < 0xc0; priority += 0x10)
            nested(1, priority);
    }
    return 0;
}
