/*
 * Entries whose frame cannot be stacked, by what came and by who takes the fault that follows (B1.5.10).
 */
#include "guest.h"

#define NOWHERE 0x70000000u
#define FORBIDDEN 0x20008000u /* 1 KiB of it */

enum { BY_SVC, BY_PENDSV, BY_IRQ, BY_UDF, BY_BUS, KINDS };

static const char *const NAMES[] = {"svc", "pendsv", "irq", "udf", "bus"};

static volatile uint32_t depth;

static void on_other(const struct trap *trap)
{
    print(" (");
    print_hex(trap->number);
    show("lr", trap->exc_return);
    show("pending", ICSR & 0x5401ff);
    print(")");
}

static void on_fault(const struct trap *trap)
{
    MPU_CTRL = 0;
    barrier();
    print(" [");
    report(trap);
    show("shcsr", SHCSR & 0xffff);
    show("psp", GET("psp"));
    print("]");
    extern void rescue(uint32_t exc_return) __attribute__((noreturn));
    rescue(trap->exc_return);
}

static void protect(void)
{
    MPU_RNR = 0;
    MPU_RBAR = FORBIDDEN;
    MPU_RASR = 0x10000000 | (10 - 1) << 1 | 1;
    MPU_CTRL = 1 | 4;
    barrier();
}

static void try(uint32_t kind, uint32_t psp, uint32_t with_floats)
{
    extern void enter_with(uint32_t kind, uint32_t psp, uint32_t control);
    print(NAMES[kind]);
    show("psp", psp);
    show("floats", with_floats);
    if (psp != NOWHERE)
        protect();
    enter_with(kind, psp, with_floats ? 6 : 2);
    MPU_CTRL = 0;
    barrier();
    show("left", ICSR & 0x1401000);
    show("shcsr", SHCSR & 0xffff);
    ICSR = 1u << 27;
    ICPR = 1;
    CFSR = CFSR;
    HFSR = HFSR;
    end_line();
}

static void all(void)
{
    for (uint32_t kind = 0; kind < KINDS; kind++)
        for (uint32_t with_floats = 0; with_floats < 2; with_floats++) {
            try(kind, NOWHERE, with_floats);
            try(kind, FORBIDDEN + 0x200, with_floats);
            try(kind, FORBIDDEN + 0x10, with_floats);  /* the frame's end is inside */
            try(kind, FORBIDDEN + 0x410, with_floats); /* its beginning is */
        }
}

int main(void)
{
    CPACR = 0xf << 20;
    FPCCR = 1u << 31;
    barrier();
    handlers[SV_CALL] = handlers[PEND_SV] = handlers[IRQ0] = on_other;
    for (uint32_t i = HARD_FAULT; i <= USAGE_FAULT; i++)
        handlers[i] = on_fault;
    ISER = 1;
    for (uint32_t enabled = 0; enabled < 8; enabled += 7)
        for (uint32_t order = 0; order < 3; order++) { /* faults above, at, below what came */
            SHCSR = enabled << 16;
            for (uint32_t i = MEM_MANAGE; i <= USAGE_FAULT; i++)
                SHPR[i] = (uint8_t)(0x40 + 0x20 * order);
            SHPR[SV_CALL] = SHPR[PEND_SV] = 0x60;
            IPR[0] = 0x60;
            show("enabled", enabled);
            show("order", order);
            end_line();
            all();
        }
    return 0;
}
