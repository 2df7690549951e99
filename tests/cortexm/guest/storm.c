/*
 * Work under interrupts that come at any time: three threads that SysTick and PendSV switch between, with their
 * floating point and without, and interrupts that nest on top.  What each has worked out in the end depends on
 * every register being kept, and on nothing else.
 *
 * ARGUMENTS: SysTick's reload, seed, rounds, FPCCR.
 */
#include "guest.h"

#define THREADS 3

extern void start_thread(uint32_t psp) __attribute__((noreturn));

/* What is stacked below a frame: r4 to r11, EXC_RETURN, and s16 to s31 where the frame has floats. */
static uint32_t stacks[THREADS][256] __attribute__((aligned(8)));
volatile uint32_t tops[THREADS], current, switches, noise;
static volatile uint32_t results[THREADS], done;

static uint32_t step(uint32_t value)
{
    return value * 1664525u + 1013904223u;
}

/* Flags, IT blocks, long multiplications, many registers at once. */
static uint32_t integers(uint32_t seed, uint32_t rounds)
{
    uint32_t sum = seed, words[8];
    for (uint32_t i = 0; i < rounds; i++) {
        for (uint32_t j = 0; j < 8; j++)
            words[j] = seed = step(seed);
        __asm__ volatile("ldm %1, {r2-r9}\n adds r2, r3\n adcs r4, r5\n sbcs r6, r7\n ite cs\n eorcs %0, r4\n addcc %0, r6\n"
                         "umull r2, r3, r8, r9\n uqadd8 r2, r2, r3\n mrs r3, apsr\n eor.w %0, %0, r3, ror #7\n add %0, r2\n"
                         : "+r"(sum)
                         : "r"(words)
                         : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "cc", "memory");
    }
    return sum;
}

/* All 32 registers and FPSCR, over and over. */
static uint32_t floats(uint32_t seed, uint32_t rounds)
{
    uint32_t words[33];
    for (uint32_t j = 0; j < 32; j++)
        words[j] = 0x3f800000 | ((seed = step(seed)) >> 9);
    words[32] = seed & 0x00c00000;
    __asm__ volatile("vldm %1, {s0-s31}\n ldr r3, [%1, #128]\n vmsr fpscr, r3\n 1:\n vadd.f32 s0, s0, s31\n vmul.f32 s31, s31, s15\n"
                     "vsub.f32 s15, s16, s15\n vmla.f32 s16, s1, s2\n vdiv.f32 s1, s16, s17\n vabs.f32 s17, s15\n vcmp.f32 s0, s17\n"
                     "vmrs apsr_nzcv, fpscr\n it gt\n vmovgt.f32 s0, s2\n vadd.f32 s2, s2, s3\n subs %0, #1\n bne 1b\n vstm %1, {s0-s31}\n"
                     "vmrs r3, fpscr\n str r3, [%1, #128]"
                     : "+r"(rounds)
                     : "r"(words)
                     : "r3", "cc", "memory", "s0", "s1", "s2", "s3", "s15", "s16", "s17", "s31");
    uint32_t sum = 0;
    for (uint32_t j = 0; j < 33; j++)
        sum = sum * 16777619u ^ words[j];
    return sum;
}

/* Deep stacks. */
static uint32_t ackermann(uint32_t m, uint32_t n)
{
    return !m ? n + 1 : !n ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static void thread(void)
{
    const uint32_t me = current, seed = ARGUMENTS[1] + me, rounds = ARGUMENTS[2];
    results[me] = me == 0 ? integers(seed, 40 * rounds) : me == 1 ? floats(seed, 100 * rounds) : ackermann(2, 4 + rounds % 8) ^ integers(seed, 20 * rounds);
    done |= 1u << me;
    while (done != (1u << THREADS) - 1)
        __asm__ volatile("svc #0");
    SYST_CSR = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        show("result", results[i]);
        end_line();
    }
    finish();
}

/* A frame as if the thread had been interrupted before its first instruction. */
static uint32_t prepare(uint32_t index)
{
    uint32_t *top = &stacks[index][256 - 8 - 10];
    for (uint32_t i = 0; i < 18; i++)
        top[i] = 0;
    top[8] = 0xfffffffd;
    top[10 + 6] = (uint32_t)thread & ~1u;
    top[10 + 7] = 1u << 24;
    return (uint32_t)top;
}

uint32_t next_stack(uint32_t psp);
uint32_t next_stack(uint32_t psp)
{
    tops[current] = psp;
    current = (current + 1) % THREADS;
    switches++;
    return tops[current];
}

static void on_tick(const struct trap *trap)
{
    (void)trap;
    ICSR = PENDSVSET;
    ISPR = step(noise++) >> 28 & 7;
}

static void on_noise(const struct trap *trap)
{
    float value = (float)noise;
    if (trap->number & 1)
        __asm__ volatile("vmul.f32 %0, %0, %0\n vmov s0, %1\n vmov s15, %1" : "+t"(value) : "r"(0) : "s0", "s15");
    ISPR = noise & 2;
    noise += value > 3.0f;
}

static void on_call(const struct trap *trap)
{
    (void)trap;
    ICSR = PENDSVSET;
}

int main(void)
{
    extern void switch_threads(void);
    CPACR = 0xf << 20;
    FPCCR = ARGUMENTS[3];
    barrier();
    handlers[SYS_TICK] = on_tick;
    handlers[SV_CALL] = on_call;
    handlers[IRQ0] = handlers[IRQ0 + 1] = handlers[IRQ0 + 2] = on_noise;
    SHPR[PEND_SV] = 0xe0;
    SHPR[SYS_TICK] = 0x60;
    IPR[0] = 0x80;
    IPR[1] = 0x40;
    IPR[2] = 0x60;
    ISER = 7;
    static uint32_t table[64] __attribute__((aligned(256)));
    for (uint32_t i = 0; i < 64; i++)
        table[i] = ((const uint32_t *)VTOR)[i];
    table[PEND_SV] = (uint32_t)switch_threads;
    VTOR = (uint32_t)table;
    for (uint32_t i = 0; i < THREADS; i++)
        tops[i] = prepare(i);
    SET("primask", 1); /* no thread is running yet */
    SYST_RVR = ARGUMENTS[0];
    SYST_CVR = 0;
    SYST_CSR = 7;
    start_thread(tops[0]);
}
