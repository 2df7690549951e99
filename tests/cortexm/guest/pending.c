/*
 * What software sets: pending and active states through every register that has them, in bytes and halves where
 * that is allowed; SysTick as far as it does not depend on how fast time goes; IT blocks that an exception cuts.
 */
#include "guest.h"

#define PENDSTCLR (1u << 25)
#define PENDSVCLR (1u << 27)
#define NMIPENDSET (1u << 31)
#define COUNTFLAG (1u << 16)

static volatile uint32_t order, inner;

static void tell_states(void)
{
    show("icsr", ICSR);
    show("shcsr", SHCSR);
    show("ispr", ISPR);
    show("iabr", IABR);
}

static void on_any(const struct trap *trap)
{
    print(" (");
    print_hex(trap->number);
    tell_states();
    order = order << 8 | trap->number;
    if (inner) {
        const uint32_t what = inner;
        inner = 0;
        ICSR = what;
        barrier();
        show("then", ICSR);
    }
    print(")");
}

/* Set while masked, look, let go. */
static void set(const char *name, volatile uint32_t *where, uint32_t value)
{
    print(name);
    show("value", value);
    order = 0;
    SET("primask", 1);
    *where = value;
    barrier();
    tell_states();
    SET("primask", 0);
    show("order", order);
    end_line();
}

static void sets(void)
{
    static const uint32_t ICSRS[] = {PENDSVSET, PENDSTSET, PENDSVSET | PENDSTSET, NMIPENDSET, PENDSVSET | PENDSVCLR, PENDSTSET | PENDSTCLR,
                                     NMIPENDSET | PENDSVSET | PENDSTSET};
    for (uint32_t i = 0; i < sizeof ICSRS / sizeof *ICSRS; i++)
        set("icsr", &ICSR, ICSRS[i]);
    for (uint32_t bit = 12; bit < 16; bit++)
        set("shcsr", &SHCSR, FAULTS_ON | 1u << bit);
    for (uint32_t irq = 0; irq < 32; irq += 5)
        set("ispr", &ISPR, 1u << irq);
    for (uint32_t irq = 0; irq < 32; irq += 7)
        set("stir", &STIR, irq);
    set("ispr", &ISPR, 0xffffffff);
    for (uint32_t i = 0; i < sizeof ICSRS / sizeof *ICSRS; i++) { /* from within a handler */
        inner = ICSRS[i];
        set("within", &ISPR, 1);
    }
}

/* Cleared before it is let go: nothing comes. */
static void clears(void)
{
    static const struct {
        volatile uint32_t *where;
        uint32_t set, clear;
        volatile uint32_t *by;
    } CASES[] = {{&ICSR, PENDSVSET, PENDSVCLR, &ICSR}, {&ICSR, PENDSTSET, PENDSTCLR, &ICSR}, {&ISPR, 0xf0, 0x30, &ICPR},
                 {&SHCSR, FAULTS_ON | 1u << 15, FAULTS_ON, &SHCSR}, {&ISPR, 0xc, 0xc, &ICER}, {&ISER, 0xc, 0xc, &ISER}};
    for (uint32_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        order = 0;
        SET("primask", 1);
        *CASES[i].where = CASES[i].set;
        *CASES[i].by = CASES[i].clear;
        barrier();
        tell_states();
        SET("primask", 0);
        show("order", order);
        end_line();
    }
}

/* Priorities in bytes and halves, and which of equals comes first. */
static void priorities(void)
{
    for (uint32_t i = 0; i < 8; i++)
        IPR[i] = (uint8_t)(0xe0 - 0x20 * (i / 2));
    *(volatile uint16_t *)(IPR + 8) = 0x40a0;
    for (uint32_t i = 0; i < 12; i += 4)
        show("ipr", *(volatile uint32_t *)(IPR + i));
    show("half", *(volatile uint16_t *)(IPR + 6));
    SHPR[PEND_SV] = 0xa0;
    SHPR[SYS_TICK] = 0xa0;
    *(volatile uint16_t *)(SHPR + 4) = 0x2040;
    show("shpr", *(volatile uint32_t *)(SHPR + 4));
    show("half", *(volatile uint16_t *)(SHPR + 14));
    end_line();
    set("all", &ISPR, 0x3ff);
    SET("primask", 1);
    ICSR = PENDSVSET | PENDSTSET;
    set("equals", &ISPR, 0x330);
    for (uint32_t i = 0; i < 12; i++)
        IPR[i] = 0;
    SHPR[PEND_SV] = SHPR[SYS_TICK] = 0;
}

static void ticks(void)
{
    SYST_CSR = 0;
    SYST_RVR = 0xffffffff;
    show("reload", SYST_RVR);
    SYST_CVR = 0x1234;
    show("value", SYST_CVR);
    show("control", SYST_CSR & ~4u);
    SYST_RVR = 0;
    SYST_CSR = 7; /* without a reload nothing ever comes */
    for (volatile uint32_t i = 0; i < 1000; i++)
        ;
    show("none", order = 0);
    show("control", SYST_CSR & ~4u);
    SYST_CSR = 0;
    end_line();
    for (uint32_t interrupts = 0; interrupts < 2; interrupts++) {
        SET("primask", 1);
        order = 0;
        SYST_RVR = 999;
        SYST_CVR = 0;
        SYST_CSR = 5 | interrupts << 1;
        while (!(SYST_CSR & COUNTFLAG))
            ;
        SYST_RVR = 0xffffff;
        SYST_CVR = 0;
        show("flag", SYST_CSR & COUNTFLAG);
        SYST_CSR = 4;
        show("pending", ICSR >> 26 & 1);
        SET("primask", 0);
        show("order", order);
        end_line();
    }
}

/* A call in each place of an IT block, and what is run after it. */
#define CALL(name, text)                                                                                               \
    static uint32_t name(uint32_t start)                                                                               \
    {                                                                                                                  \
        uint32_t value = start;                                                                                        \
        __asm__ volatile("movs %0, #0\n cmp %0, #0\n" text : "+r"(value)::"cc", "memory");                              \
        return value;                                                                                                  \
    }

CALL(first, "itttt eq\n svceq #1\n addeq %0, #1\n addeq %0, #2\n addeq %0, #4\n")
CALL(second, "itett eq\n addeq %0, #1\n svcne #1\n svceq #1\n addeq %0, #4\n")
CALL(third, "itete eq\n addeq %0, #1\n addne %0, #2\n svceq #1\n addne %0, #4\n")
CALL(last, "itete ne\n addne %0, #1\n addeq %0, #2\n addne %0, #8\n svceq #1\n")
CALL(none, "ittt ne\n svcne #1\n svcne #2\n svcne #3\n")

static void on_call(const struct trap *trap)
{
    print(" (");
    print_hex(trap->number);
    show("it", trap->frame->xpsr & 0x0600fc00);
    print(")");
}

static void cut(void)
{
    static uint32_t (*const CASES[])(uint32_t) = {first, second, third, last, none};
    handlers[SV_CALL] = on_call;
    for (uint32_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        show("value", CASES[i](0));
        end_line();
    }
}

int main(void)
{
    for (uint32_t i = NMI; i < 48; i++)
        handlers[i] = on_any;
    ISER = ~0u;
    sets();
    ISER = ~0u;
    clears();
    ISER = ~0u;
    ICPR = ~0u;
    priorities();
    ticks();
    cut();
    return 0;
}
