/*
 * Stacking, entry and return: every kind of exception out of every kind of thread.
 *
 * probe() fills all registers with known values, lets the exception come and keeps what they are after it;
 * the handler keeps what it was given and spoils what it may.
 */
#include "guest.h"

struct seen {
    uint32_t r[13], sp_change, flags, control, fpscr, s[32];
};



static struct frame kept;
static struct trap told;
static uint32_t was_extended, handler_control;

static void keep(const struct trap *trap)
{
    told = *trap;
    kept = *trap->frame;
    was_extended = !(trap->exc_return & 0x10);
    handler_control = get_control();
    SYST_CSR = 0;
    __asm__ volatile("mov r1, #0\n mov r2, r1\n mov r3, r1\n mov r12, r1\n msr apsr_nzcvq, r1" ::: "r1", "r2", "r3", "r12", "cc");
}

static void keep_and_spoil_floats(const struct trap *trap)
{
    keep(trap);
    __asm__ volatile("vmov s0, %0\n vmov s15, %0\n vmov s7, %0\n vmsr fpscr, %0" ::"r"(0) : "s0", "s7", "s15");
}

static uint32_t sum(const uint32_t *words, uint32_t count)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ words[i]) * 16777619u;
    return hash;
}

static void tell(const struct seen *seen, uint32_t top)
{
    show("exception", told.number);
    show("lr", told.exc_return);
    show("r0", kept.r0);
    show("r1", kept.r1);
    show("r2", kept.r2);
    show("r3", kept.r3);
    show("r12", kept.r12);
    show("stacked-lr", kept.lr);
    show("pc", kept.pc);
    show("xpsr", kept.xpsr);
    show("size", top - (uint32_t)told.frame);
    show("in-handler", handler_control);
    if (was_extended) {
        show("floats", sum((const uint32_t *)kept.s, 16));
        show("fpscr", kept.fpscr);
    }
    show("after", sum(seen->r, 13));
    show("sp", seen->sp_change);
    show("flags", seen->flags);
    show("control", seen->control);
    show("s", sum(seen->s, 32));
    show("fpscr", seen->fpscr);
    end_line();
}

/* One probe: the stack, its alignment, privilege, floating-point state, and what comes. */
static void try(uint32_t kind, uint32_t with_floats, uint32_t uses_psp, uint32_t misaligned, uint32_t unprivileged)
{
    struct seen seen;
    uint32_t top = SCRATCH + 0x4000 - 4 * misaligned, old;
    __asm__ volatile("mrs %0, msp" : "=r"(old));
    SET("psp", top);
    set_control(get_control() & ~4u);
    if (!uses_psp)
        top = SCRATCH + 0x8000 - 4 * misaligned;
    extern uint32_t probe_on(uint32_t kind, uint32_t with_floats, struct seen *seen, uint32_t stack, uint32_t control);
    probe_on(kind, with_floats, &seen, top, uses_psp << 1 | unprivileged);
    tell(&seen, top);
}

int main(void)
{
    CPACR = 0xf << 20;
    FPCCR = 1u << 31; /* floating-point state is stacked at once */
    barrier();
    ISER = 3;
    for (uint32_t i = 0; i < 48; i++)
        handlers[i] = i & 1 ? keep : keep_and_spoil_floats;
    for (uint32_t stkalign = 0; stkalign < 2; stkalign++) {
        CCR = stkalign << 9;
        for (uint32_t kind = 0; kind < 5; kind++)
            for (uint32_t bits = 0; bits < 16; bits++)
                if ((!(bits & 8) || kind == 0) && (stkalign || (bits & 5) != 5)) /* QEMU aligns no extended frame then */
                    try(kind, bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1);
    }
    return 0;
}
