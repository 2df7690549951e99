/*
 * Returns from exceptions, lawful and not: each EXC_RETURN in each state, frames of which the xPSR is of another
 * mode, and stacks that cannot be reached.
 */
#include "guest.h"

#define NOWHERE 0x70000000u
#define ENABLE 1u
#define PRIVDEFENA 4u
#define NONBASETHRDENA 1u

static volatile uint32_t exc_return, spoil, nested, handled;

/* What a handler does to the frame, or to the state, before it returns. */
enum { NOTHING, IPSR_SET, IPSR_CLEAR, NO_THUMB, IT_SET, ODD_PC, INACTIVE, BAD_PSP, NO_PERMISSION, SPOILS };

static const char *const SPOIL_NAMES[] = {"nothing", "ipsr set", "ipsr clear", "no thumb", "it", "odd pc", "inactive", "bad psp", "no permission"};

static void protect(void)
{
    MPU_RNR = 0;
    MPU_RBAR = SCRATCH + 0x7000;
    MPU_RASR = 0x10000000 | (12 - 1) << 1 | 1; /* nobody, 4 KiB */
    MPU_CTRL = ENABLE | PRIVDEFENA;
    barrier();
}

static void spoil_frame(const struct trap *trap)
{
    switch (spoil) {
    case IPSR_SET:
        trap->frame->xpsr |= SYS_TICK;
        break;
    case IPSR_CLEAR:
        trap->frame->xpsr &= ~0x1ffu;
        break;
    case NO_THUMB:
        trap->frame->xpsr &= ~(1u << 24);
        break;
    case IT_SET: /* the next instruction is one of a block, and its condition does not hold */
        trap->frame->xpsr = (trap->frame->xpsr & ~0xf0000000u) | 8 << 8;
        break;
    case ODD_PC:
        trap->frame->pc |= 1;
        break;
    case INACTIVE:
        SHCSR &= ~(1u << 7);
        break;
    case BAD_PSP:
        SET("psp", NOWHERE);
        break;
    case NO_PERMISSION:
        protect();
        break;
    default:
        break;
    }
}

/* Leave the handler that runs by that value; `msp` is what it was given. */
extern void leave(uint32_t value, uint32_t msp) __attribute__((noreturn));

static void on_call(const struct trap *trap)
{
    if (!nested)
        show("entered", trap->exc_return);
    else if (trap->number == PEND_SV) {
        __asm__ volatile(".balign 4\n nop\n svc #0"); /* comes back to a multiple of 4 */
        return;
    }
    spoil_frame(trap);
    leave(exc_return, trap->msp);
}

static void on_fault(const struct trap *trap)
{
    MPU_CTRL = 0;
    barrier();
    handled = 1;
    report(trap);
    show("shcsr", SHCSR & 0xfff);
    show("control", get_control());
    show("psp", GET("psp") - SCRATCH);
    extern void escape(void) __attribute__((noreturn));
    escape();
}

static void try(uint32_t value, uint32_t what, uint32_t control, uint32_t within)
{
    extern uint32_t call_once(uint32_t control, uint32_t within);
    exc_return = value;
    spoil = what;
    nested = within;
    handled = 0;
    show("return", value);
    print(" ");
    print(SPOIL_NAMES[what]);
    show("c", control);
    show("n", within);
    SET("psp", SCRATCH + 0x7800);
    print(" >");
    const uint32_t after = call_once(control, within);
    MPU_CTRL = 0;
    barrier();
    if (!handled)
        show("after", after);
    end_line();
}

static void all(void)
{
    static const uint32_t VALUES[] = {0xfffffff1, 0xfffffff9, 0xfffffffd, 0xffffffe1, 0xffffffe9, 0xffffffed, 0xfffffff5,
                                      0xfffffff3, 0xfffffffb, 0xffffffff, 0xfffffff8, 0xf0000009};
    for (uint32_t i = 0; i < 11; i++)
        for (uint32_t within = 0; within < 2; within++)
            for (uint32_t control = 0; control < 4; control += 2)
                if ((VALUES[i] & 16 || i > 5) && (VALUES[i] & 4 || !control)) /* the frame is a basic one, and there */
                    try(VALUES[i], NOTHING, control, within);
    for (uint32_t what = 1; what < SPOILS; what++) {
        try(0xfffffff9, what, 0, 0);
        try(0xfffffffd, what, 2, 0);
        if (what != IT_SET)
            try(0xfffffff1, what, 0, 1);
    }
}

int main(void)
{
    CPACR = 0xf << 20;
    FPCCR = 0;
    barrier();
    handlers[SV_CALL] = handlers[PEND_SV] = on_call;
    handlers[HARD_FAULT] = handlers[MEM_MANAGE] = handlers[BUS_FAULT] = handlers[USAGE_FAULT] = on_fault;
    SHPR[SV_CALL] = 0x40;
    SHPR[PEND_SV] = 0x80;
    for (uint32_t thrdena = 0; thrdena < 2; thrdena++)
        for (uint32_t enabled = 0; enabled < 2; enabled++) {
            CCR = 0x200 | thrdena;
            SHCSR = enabled ? FAULTS_ON : 0;
            show("ccr", CCR);
            show("shcsr", SHCSR);
            end_line();
            all();
        }
    return 0;
}
