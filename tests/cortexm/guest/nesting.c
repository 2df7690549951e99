/*
 * Handlers within handlers, with floating-point frames and without: each level fills what it may and finds it
 * again when what pre-empted it is over.
 *
 * A level is an interrupt of a priority of its own; what it does is four bits: whether it uses floating point
 * before and after it is pre-empted, whether it is pre-empted by pending first, and whether by two at once.
 */
#include "guest.h"

#define LEVELS 4
#define BEFORE 1u
#define AFTER 2u
#define LOWER 4u /* one of lower priority pends too: chained, or after the return */
#define TWO 8u   /* two higher ones pend at once: the later one comes first */

static volatile uint32_t plan[LEVELS + 2], depth;

/* All that floating point has. */
struct floats {
    uint32_t s[32], fpscr;
};

static void fill(uint32_t seed)
{
    struct floats floats;
    for (uint32_t i = 0; i < 32; i++)
        floats.s[i] = 0x3f800000 + seed * 0x10101 + i * 0x1001;
    floats.fpscr = (seed & 3) << 22 | (seed & 15) << 28;
    __asm__ volatile("vldm %0, {s0-s31}\n vmsr fpscr, %1" ::"r"(floats.s), "r"(floats.fpscr)
                     : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "memory");
}

/* FPSCR, and a digest of all registers. */
static void tell_floats(uint32_t is_filled)
{
    struct floats floats;
    uint32_t hash = 2166136261u;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(floats.fpscr)); /* of a context that begins here, or the one there is */
    show("fpscr", floats.fpscr);
    if (!is_filled)
        return;
    __asm__ volatile("vstm %0, {s0-s31}" ::"r"(floats.s) : "memory");
    for (uint32_t i = 0; i < 33; i++)
        hash = (hash ^ ((const uint32_t *)&floats)[i]) * 16777619u;
    show("s", hash);
}

static void pend_higher(uint32_t level, uint32_t what)
{
    if (level + 1 < LEVELS)
        ISPR = (what & TWO ? 2u : 0) << (LEVELS - 1 - level) >> 1 | 1u << (LEVELS - 2 - level);
    if (what & LOWER)
        ICSR = PENDSVSET;
    barrier();
}

static void run(uint32_t level)
{
    const uint32_t what = plan[level];
    if (what & BEFORE)
        fill(level + 1);
    pend_higher(level, what);
    if (what & AFTER)
        tell_floats(what & BEFORE);
    show("control", get_control());
}

/* The frame that a handler is given: its kind, its size by what it says, and what is in it. */
static void on_level(const struct trap *trap)
{
    const uint32_t level = LEVELS + IRQ0 - trap->number;
    print("(");
    print_hex(trap->number);
    show("lr", trap->exc_return);
    show("xpsr", trap->frame->xpsr & 0x2ff);
    show("control", get_control());
    if (!(trap->exc_return & 16)) {
        show("s0", ((const uint32_t *)trap->frame->s)[0]);
        show("s15", ((const uint32_t *)trap->frame->s)[15]);
        show("fpscr", trap->frame->fpscr);
    }
    if (trap->number != PEND_SV && depth++ < 60)
        run(level);
    show("iabr", IABR);
    print(")");
}

/* The thread: on which stack, with what alignment of it. */
static void thread(uint32_t control, uint32_t misaligned)
{
    static uint32_t kept;
    set_control(0);
    SET("psp", SCRATCH + 0x8000 - 4 * misaligned);
    depth = 0;
    if (plan[0] & BEFORE)
        fill(9);
    __asm__ volatile("mov %0, sp" : "=r"(kept));
    if (control & 2)
        set_control(get_control() | 2);
    ISPR = 1u << (LEVELS - 1);
    barrier();
    __asm__ volatile("nop" ::: "memory");
    set_control(get_control() & ~2u);
    if (plan[0] & AFTER)
        tell_floats(plan[0] & BEFORE);
    show("psp", GET("psp") - SCRATCH);
    show("control", get_control());
    end_line();
}

int main(void)
{
    CPACR = 0xf << 20;
    FPCCR = 1u << 31;
    barrier();
    for (uint32_t i = 0; i < LEVELS; i++) {
        handlers[IRQ0 + i] = on_level;
        IPR[i] = (uint8_t)(0x20 + 0x20 * i);
    }
    handlers[PEND_SV] = on_level;
    SHPR[PEND_SV] = 0x60;
    ISER = (1u << LEVELS) - 1;
    for (uint32_t seed = 0; seed < 96; seed++) {
        set_control(0); /* and no context */
        for (uint32_t i = 0; i < LEVELS + 2; i++)
            plan[i] = (seed * 2654435761u + i * 0x9e3779b9u) >> (3 + 4 * i) & 15;
        FPCCR = seed % 8 == 7 ? 0 : 1u << 31; /* without ASPEN no frame has floating point */
        FPDSCR = seed % 3 << 23;
        barrier();
        show("seed", seed);
        thread(seed & 2, seed >> 2 & 1);
    }
    return 0;
}
