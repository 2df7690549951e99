/*
 * Sequences of instructions, given from outside: each is run with all registers known, and a digest of all
 * registers, flags and the window of memory after it is printed.
 *
 * ARGUMENTS: how many sequences there are, then for each the address of its code; the code lies behind.
 */
#include "guest.h"

#define WINDOW 0x20000400u
#define WINDOW_SIZE 0x800u

struct state {
    uint32_t r[13], flags, s[32], fpscr;
};

struct state state;
void run_sequence(uint32_t code);

static uint32_t mix(uint32_t hash, const uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ words[i]) * 16777619u;
    return hash;
}

static uint32_t random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed ^ *seed >> 15;
}

/* Values that matter: small ones, those near the ends, and any. */
static uint32_t value(uint32_t *seed)
{
    static const uint32_t ends[] = {0, 1, 2, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff8000, 0x00ff00ff};
    const uint32_t kind = random(seed) >> 8;
    return kind & 1 ? random(seed) : ends[(kind >> 1) % 12];
}

static uint32_t real(uint32_t *seed)
{
    static const uint32_t reals[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x40490fdb, 0x00800000, 0x7f7fffff, 0x4b000000,
                                     0x3eaaaaab, 0xcf000000, 0x4effffff, 0x3f000000};
    const uint32_t kind = random(seed) >> 8;
    return kind & 1 ? ((random(seed) & 0x807fffff) | (0x30000000u + (random(seed) & 0x1f000000))) : reals[(kind >> 1) % 12];
}

static void prepare(uint32_t seed)
{
    for (uint32_t i = 0; i < 13; i++)
        state.r[i] = value(&seed);
    state.r[10] = WINDOW + WINDOW_SIZE / 2;
    state.r[11] = random(&seed) & 63;
    state.flags = random(&seed) & 0xf80f0000;
    for (uint32_t i = 0; i < 32; i++)
        state.s[i] = real(&seed);
    state.fpscr = 0;
    for (uint32_t at = WINDOW; at < WINDOW + WINDOW_SIZE; at += 4)
        REG(at) = random(&seed);
}

static void on_fault(const struct trap *trap)
{
    report(trap);
    end_line();
    finish();
}

int main(void)
{
    CPACR = 0xf << 20;
    FPCCR = 1u << 31;
    barrier();
    for (uint32_t i = HARD_FAULT; i <= USAGE_FAULT; i++)
        handlers[i] = on_fault;
    for (uint32_t i = 0; i < ARGUMENTS[0]; i++) {
        prepare(i + 1);
        run_sequence(ARGUMENTS[1 + i]);
        uint32_t hash = mix(2166136261u, (const uint32_t *)&state, sizeof state / 4);
        show("r", mix(2166136261u, state.r, 13));
        show("flags", state.flags);
        show("s", mix(2166136261u, state.s, 32));
        show("fpscr", state.fpscr);
        show("all", mix(hash, (const uint32_t *)WINDOW, WINDOW_SIZE / 4));
        end_line();
    }
    return 0;
}
