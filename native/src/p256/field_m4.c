/*
 * The field of P-256 for the Cortex-M4 and M33: addition, subtraction, halving and multiplication in assembly.
 *
 * UMAAL (low, high, a, b) makes a * b + low + high, which always fits: a row of a product needs no carry flag, and
 * takes up one word more at its beginning for nothing.
 *
 * Squares are products too.  A square would save 28 of the 64 UMAAL, but must then double 15 words and cannot take
 * up Montgomery's multiples on the way: about as many instructions, and as much code again.
 *
 * Functions are naked: they use every register there is, which no compiler has to make room for.
 */
#include "p256/field_32.h"

#if FIELD_32_M4

/* p from its lowest word, as immediate operands; the mask form is for p or 0. */
#define SUBTRACT_PRIME(w0, w1, w2, w3, w4, w5, w6, w7)                                                              \
    "subs " w0 ", " w0 ", #0xffffffff\n sbcs " w1 ", " w1 ", #0xffffffff\n sbcs " w2 ", " w2 ", #0xffffffff\n"       \
    "sbcs " w3 ", " w3 ", #0\n sbcs " w4 ", " w4 ", #0\n sbcs " w5 ", " w5 ", #0\n"                                  \
    "sbcs " w6 ", " w6 ", #1\n sbcs " w7 ", " w7 ", #0xffffffff\n"

/* mask is all ones or zero; one becomes its lowest bit.  The carry is left in the flag. */
#define ADD_PRIME_IF(mask, one, w0, w1, w2, w3, w4, w5, w6, w7)                                                     \
    "and " one ", " mask ", #1\n"                                                                                    \
    "adds " w0 ", " w0 ", " mask "\n adcs " w1 ", " w1 ", " mask "\n adcs " w2 ", " w2 ", " mask "\n"                \
    "adcs " w3 ", " w3 ", #0\n adcs " w4 ", " w4 ", #0\n adcs " w5 ", " w5 ", #0\n"                                  \
    "adcs " w6 ", " w6 ", " one "\n adcs " w7 ", " w7 ", " mask "\n"

#define NAKED __attribute__((naked))

/* Parameters are in r0, r1 and r2, where the compiler does not see them used. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* a + b - p, and p again if that was too much. */
NAKED void field_32_add(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    __asm__("push {r4-r11, lr}\n"
            "ldm r1, {r3-r10}\n"
            "ldm r2!, {r1, r11, r12, lr}\n"
            "adds r3, r3, r1\n adcs r4, r4, r11\n adcs r5, r5, r12\n adcs r6, r6, lr\n"
            "ldm r2, {r1, r11, r12, lr}\n"
            "adcs r7, r7, r1\n adcs r8, r8, r11\n adcs r9, r9, r12\n adcs r10, r10, lr\n"
            "mov r1, #0\n adc r1, r1, r1\n"
            SUBTRACT_PRIME("r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10")
            "sbc r1, r1, #0\n"
            ADD_PRIME_IF("r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10")
            "stm r0, {r3-r10}\n"
            "pop {r4-r11, pc}\n");
}

/* a - b, and p more if that borrows. */
NAKED void field_32_subtract(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    __asm__("push {r4-r11, lr}\n"
            "ldm r1, {r3-r10}\n"
            "ldm r2!, {r1, r11, r12, lr}\n"
            "subs r3, r3, r1\n sbcs r4, r4, r11\n sbcs r5, r5, r12\n sbcs r6, r6, lr\n"
            "ldm r2, {r1, r11, r12, lr}\n"
            "sbcs r7, r7, r1\n sbcs r8, r8, r11\n sbcs r9, r9, r12\n sbcs r10, r10, lr\n"
            "sbc r1, r1, r1\n"
            ADD_PRIME_IF("r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10")
            "stm r0, {r3-r10}\n"
            "pop {r4-r11, pc}\n");
}

/* a, or a + p if that is even, shifted right; the carry comes in at the top. */
NAKED void field_32_halve(uint32_t r[8], const uint32_t a[8])
{
    __asm__("push {r4-r10, lr}\n"
            "ldm r1, {r3-r10}\n"
            "and r1, r3, #1\n rsb r1, r1, #0\n"
            ADD_PRIME_IF("r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10")
            "rrxs r10, r10\n rrxs r9, r9\n rrxs r8, r8\n rrxs r7, r7\n"
            "rrxs r6, r6\n rrxs r5, r5\n rrxs r4, r4\n rrx r3, r3\n"
            "stm r0, {r3-r10}\n"
            "pop {r4-r10, pc}\n");
}

/* Two words of a times the word of b in r12 onto two words of t, the carry in c. */
#define PRODUCTS(at, t0, t1, c)                                                                                      \
    "ldrd r0, lr, [r1, #" at "]\n umaal " t0 ", " c ", r0, r12\n umaal " t1 ", " c ", lr, r12\n"

/*
 * Word `at` / 4 of b times a onto t0..t7; the carry becomes the word above.  The lowest word is then complete: M of this
 * row, kept on the stack.  `first` puts the first carry into c.
 */
#define ROW(at, first, t0, t1, t2, t3, t4, t5, t6, t7, c)                                                            \
    "ldr r12, [r2, #" at "]\n" first PRODUCTS("0", t0, t1, c) PRODUCTS("8", t2, t3, c) PRODUCTS("16", t4, t5, c)     \
    PRODUCTS("24", t6, t7, c) "str " t0 ", [sp, #" at "]\n"

#define ZERO(c) "mov " c ", #0\n"
#define KEPT(c, at) "ldr " c ", [sp, #" at "]\n"

/*
 * As in field_32.c, where the sum is explained.  On the stack: M[0] to M[7], and the address of the result.  The words of
 * t move through r3 to r11: after eight rows t[7] (which is M[7], not complete) is in r10, t[8] in r11, t[9] to t[15] in
 * r3 to r9.
 */
NAKED void field_32_multiply(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    __asm__("push {r0, r4-r11, lr}\n"
            "sub sp, sp, #32\n"
            /* Row 0 onto nothing, but t[6], which begins with M[0]. */
            "ldr r12, [r2]\n ldrd r0, lr, [r1]\n umull r3, r11, r0, r12\n"
            "mov r4, #0\n mov r5, #0\n mov r6, #0\n mov r7, #0\n mov r8, #0\n mov r9, r3\n mov r10, #0\n"
            "umaal r4, r11, lr, r12\n"
            PRODUCTS("8", "r5", "r6", "r11") PRODUCTS("16", "r7", "r8", "r11") PRODUCTS("24", "r9", "r10", "r11")
            "str r3, [sp]\n"
            ROW("4", ZERO("r3"), "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r3")
            ROW("8", ZERO("r4"), "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r3", "r4")
            ROW("12", KEPT("r5", "0"), "r6", "r7", "r8", "r9", "r10", "r11", "r3", "r4", "r5")
            ROW("16", KEPT("r6", "4"), "r7", "r8", "r9", "r10", "r11", "r3", "r4", "r5", "r6")
            ROW("20", KEPT("r7", "8"), "r8", "r9", "r10", "r11", "r3", "r4", "r5", "r6", "r7")
            ROW("24", KEPT("r8", "12"), "r9", "r10", "r11", "r3", "r4", "r5", "r6", "r7", "r8")
            ROW("28", KEPT("r9", "16"), "r10", "r11", "r3", "r4", "r5", "r6", "r7", "r8", "r9")
            /* M (2^32 - 1) onto t[7..15); the first carry is M[1]. */
            "mov r12, #0xffffffff\n"
            "ldrd r0, r1, [sp]\n mov r2, r1\n umaal r10, r2, r0, r12\n umaal r11, r2, r1, r12\n"
            "ldrd r0, r1, [sp, #8]\n umaal r3, r2, r0, r12\n umaal r4, r2, r1, r12\n"
            "ldrd r0, r1, [sp, #16]\n umaal r5, r2, r0, r12\n umaal r6, r2, r1, r12\n"
            "ldr lr, [sp, #24]\n umaal r7, r2, lr, r12\n umaal r8, r2, r10, r12\n"
            "mov r12, #0\n adds r9, r9, r2\n adc r12, r12, #0\n"
            /* M[5..8) onto t[8..11): r1, lr, r10. */
            "adds r11, r11, r1\n adcs r3, r3, lr\n adcs r4, r4, r10\n adcs r5, r5, #0\n adcs r6, r6, #0\n"
            "adcs r7, r7, #0\n adcs r8, r8, #0\n adcs r9, r9, #0\n adc r12, r12, #0\n"
            /* M[2..8) onto t[8..14): two from the stack, then r0, r1, lr, r10. */
            "ldr r2, [sp, #8]\n adds r11, r11, r2\n ldr r2, [sp, #12]\n adcs r3, r3, r2\n"
            "adcs r4, r4, r0\n adcs r5, r5, r1\n adcs r6, r6, lr\n adcs r7, r7, r10\n"
            "adcs r8, r8, #0\n adcs r9, r9, #0\n adc r12, r12, #0\n"
            SUBTRACT_PRIME("r11", "r3", "r4", "r5", "r6", "r7", "r8", "r9")
            "sbc r12, r12, #0\n"
            ADD_PRIME_IF("r12", "r10", "r11", "r3", "r4", "r5", "r6", "r7", "r8", "r9")
            "ldr r0, [sp, #32]\n"
            "str r11, [r0], #4\n stm r0, {r3-r9}\n"
            "mov r1, #0\n strd r1, r1, [sp]\n strd r1, r1, [sp, #8]\n" /* M would tell the product */
            "strd r1, r1, [sp, #16]\n strd r1, r1, [sp, #24]\n"
            "add sp, sp, #36\n"
            "pop {r4-r11, pc}\n");
}

#else
typedef int field_m4_is_elsewhere; /* a translation unit is not empty */
#endif
