/*
 * The planes' work in Thumb-2: the S-box and MixColumns with as few instructions as fit the fourteen registers.
 *
 * The same circuits as in aes_planes.c, where they are explained.  Loads and stores are what remains to be saved,
 * and the compiler's are many: here the S-box of 113 gates takes 146 instructions, and a round's MixColumns
 * with its round key, for eight blocks, 236.  No instruction's time depends on data on a Cortex-M4 or M33: these
 * have no cache, and there is no branch but to the loop's head.
 */
#include "aes/aes_planes.h"

#if defined(__thumb2__)

#pragma GCC diagnostic ignored "-Wunused-parameter" /* C does not see what the instructions use */

/*
 * r0: the group's planes; sp: values put aside, and the end at sp[11].  The order of the gates was found by a search
 * for the fewest values put aside.  A value's name is that in aes_planes.c, or u for one that has none there; s0 is
 * plane 0.
 */
__attribute__((naked)) void aes_substitute(uint32_t *planes, uint32_t groups)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, #48\n"
            "add r1, r0, r1, lsl #5\n"
            "str r1, [sp, #44]\n"
            "1: ldm r0, {r1-r8}\n"); /* x7 to x0 */
    __asm__(
        "eor r9, r7, r6\n"               /* t0 = x1 ^ x2 */
        "eor r10, r5, r3\n"              /* y14 = x3 ^ x5 */
        "eor r11, r8, r2\n"              /* y13 = x0 ^ x6 */
        "eor r12, r8, r3\n"              /* y8 = x0 ^ x5 */
        "eor lr, r9, r1\n"               /* y1 = t0 ^ x7 */
        "eor r6, lr, r2\n"               /* y5 = y1 ^ x6 */
        "eor r2, r11, r10\n"             /* y12 = y13 ^ y14 */
        "str r10, [sp, #0]\n"            /* y14 */
        "eor r10, lr, r5\n"              /* y4 = y1 ^ x3 */
        "eor r5, r8, r5\n"               /* y9 = x0 ^ x3 */
        "eor r4, r4, r2\n"               /* t1 = x4 ^ y12 */
        "eor r7, r4, r7\n"               /* y20 = t1 ^ x1 */
        "eor r4, r4, r3\n"               /* y15 = t1 ^ x5 */
        "and r3, r10, r1\n"              /* u2 = y4 & x7 */
        "str r10, [sp, #4]\n"            /* y4 */
        "and r10, r2, r4\n"              /* t2 = y12 & y15 */
        "str r2, [sp, #8]\n"             /* y12 */
        "eor r2, r6, r12\n"              /* y3 = y5 ^ y8 */
        "str r6, [sp, #12]\n"            /* y5 */
        "and r6, r6, lr\n"               /* u3 = y5 & y1 */
        "str lr, [sp, #16]\n"            /* y1 */
        "eor lr, lr, r8\n"               /* y2 = y1 ^ x0 */
        "eor r8, r4, r1\n"               /* y6 = y15 ^ x7 */
        "eor r3, r3, r10\n"              /* t6 = u2 ^ t2 */
        "str r2, [sp, #20]\n"            /* y3 */
        "and r2, r2, r8\n"               /* u1 = y3 & y6 */
        "str r4, [sp, #24]\n"            /* y15 */
        "eor r4, r4, r9\n"               /* y10 = y15 ^ t0 */
        "eor r2, r2, r10\n"              /* t4 = u1 ^ t2 */
        "eor r10, r7, r5\n"              /* y11 = y20 ^ y9 */
        "eor r1, r1, r10\n"              /* y7 = x7 ^ y11 */
        "eor r9, r9, r10\n"              /* y16 = t0 ^ y11 */
        "str r8, [sp, #28]\n"            /* y6 */
        "eor r8, r4, r10\n"              /* y17 = y10 ^ y11 */
        "str lr, [sp, #32]\n"            /* y2 */
        "and lr, lr, r1\n"               /* u4 = y2 & y7 */
        "str r1, [sp, #36]\n"            /* y7 */);
    __asm__(
        "and r1, r11, r9\n"              /* t7 = y13 & y16 */
        "str r10, [sp, #40]\n"           /* y11 */
        "and r10, r5, r10\n"             /* t12 = y9 & y11 */
        "eor lr, lr, r1\n"               /* t11 = u4 ^ t7 */
        "eor r6, r6, r1\n"               /* t9 = u3 ^ t7 */
        "ldr r1, [sp, #0]\n"             /* y14 */
        "and r1, r1, r8\n"               /* u5 = y14 & y17 */
        "eor r1, r1, r10\n"              /* t14 = u5 ^ t12 */
        "eor r2, r2, r1\n"               /* u7 = t4 ^ t14 */
        "eor r6, r6, r1\n"               /* u9 = t9 ^ t14 */
        "and r1, r12, r4\n"              /* u6 = y8 & y10 */
        "eor r1, r1, r10\n"              /* t16 = u6 ^ t12 */
        "ldr r10, [r0, #28]\n"           /* x0 */
        "eor r10, r10, r9\n"             /* y18 = x0 ^ y16 */
        "eor r2, r2, r7\n"               /* t21 = u7 ^ y20 */
        "eor r7, r3, r1\n"               /* u8 = t6 ^ t16 */
        "eor r3, lr, r1\n"               /* u10 = t11 ^ t16 */
        "eor lr, r4, r12\n"              /* y19 = y10 ^ y8 */
        "eor r1, r7, lr\n"               /* t22 = u8 ^ y19 */
        "eor r7, r11, r9\n"              /* y21 = y13 ^ y16 */
        "eor lr, r6, r7\n"               /* t23 = u9 ^ y21 */
        "eor r6, r2, r1\n"               /* t25 = t21 ^ t22 */
        "and r7, r2, lr\n"               /* t26 = t21 & t23 */
        "eor r2, r3, r10\n"              /* t24 = u10 ^ y18 */
        "eor r3, lr, r2\n"               /* t30 = t23 ^ t24 */
        "eor r10, r1, r7\n"              /* t31 = t22 ^ t26 */
        "eor r7, r2, r7\n"               /* t27 = t24 ^ t26 */
        "and r10, r10, r3\n"             /* u12 = t31 & t30 */
        "eor r3, r10, r2\n"              /* t33 = u12 ^ t24 */
        "and r10, r6, r7\n"              /* u11 = t25 & t27 */
        "eor lr, lr, r3\n"               /* t34 = t23 ^ t33 */
        "eor r10, r10, r1\n"             /* t29 = u11 ^ t22 */
        "eor r1, r7, r3\n"               /* u13 = t27 ^ t33 */
        "and r2, r2, r1\n"               /* t36 = t24 & u13 */
        "eor r1, r7, r2\n"               /* u14 = t27 ^ t36 */
        "and r7, r10, r1\n"              /* u15 = t29 & u14 */
        "eor r1, r10, r3\n"              /* t42 = t29 ^ t33 */);
    __asm__(
        "eor r6, r6, r7\n"               /* t40 = t25 ^ u15 */
        "eor r7, r2, lr\n"               /* t37 = t36 ^ t34 */
        "eor r2, r10, r6\n"              /* t43 = t29 ^ t40 */
        "ldr lr, [sp, #16]\n"            /* y1 */
        "and lr, r6, lr\n"               /* z4 = t40 & y1 */
        "and r11, r2, r11\n"             /* z12 = t43 & y13 */
        "and r2, r2, r9\n"               /* z3 = t43 & y16 */
        "eor r9, r6, r7\n"               /* t41 = t40 ^ t37 */
        "and r5, r1, r5\n"               /* z15 = t42 & y9 */
        "and r12, r9, r12\n"             /* z17 = t41 & y8 */
        "eor lr, r2, lr\n"               /* c6 = z3 ^ z4 */
        "str r12, [sp, #16]\n"           /* z17 */
        "ldr r12, [sp, #40]\n"           /* y11 */
        "and r12, r1, r12\n"             /* z6 = t42 & y11 */
        "eor r1, r1, r9\n"               /* t45 = t42 ^ t41 */
        "and r8, r1, r8\n"               /* z7 = t45 & y17 */
        "and r9, r9, r4\n"               /* z8 = t41 & y10 */
        "ldr r4, [sp, #12]\n"            /* y5 */
        "and r6, r6, r4\n"               /* z13 = t40 & y5 */
        "ldr r4, [sp, #0]\n"             /* y14 */
        "and r1, r1, r4\n"               /* z16 = t45 & y14 */
        "eor r4, r8, lr\n"               /* c8 = z7 ^ c6 */
        "ldr r8, [sp, #28]\n"            /* y6 */
        "and r8, r7, r8\n"               /* z1 = t37 & y6 */
        "eor r9, r4, r9\n"               /* u16 = c8 ^ z8 */
        "eor r12, r12, r4\n"             /* c16 = z6 ^ c8 */
        "ldr r4, [sp, #20]\n"            /* y3 */
        "and r4, r7, r4\n"               /* z10 = t37 & y3 */
        "eor r1, r5, r1\n"               /* c1 = z15 ^ z16 */
        "eor r6, r6, r1\n"               /* u19 = z13 ^ c1 */
        "eor r7, r3, r7\n"               /* t44 = t33 ^ t37 */
        "eor r4, r4, r1\n"               /* c2 = z10 ^ c1 */
        "ldr r1, [sp, #8]\n"             /* y12 */
        "and r1, r7, r1\n"               /* z9 = t44 & y12 */
        "eor r1, r1, r4\n"               /* c3 = z9 ^ c2 */
        "eor lr, r1, lr\n"               /* u20 = c3 ^ c6 */
        "eor lr, lr, r8\n"               /* u21 = u20 ^ z1 */);
    __asm__(
        "ldr r8, [sp, #24]\n"            /* y15 */
        "and r7, r7, r8\n"               /* z0 = t44 & y15 */
        "eor r8, r1, r12\n"              /* s7 = c3 ^ c16 */
        "str r8, [r0, #28]\n"            /* plane 7 */
        "ldr r1, [sp, #36]\n"            /* y7 */
        "and r8, r10, r1\n"              /* z5 = t29 & y7 */
        "eor r1, r9, r11\n"              /* u17 = u16 ^ z12 */
        "ldr r9, [r0, #0]\n"             /* x7 */
        "and r9, r3, r9\n"               /* z2 = t33 & x7 */
        "eor r9, r7, r9\n"               /* c4 = z0 ^ z2 */
        "eor r2, r9, r2\n"               /* u18 = c4 ^ z3 */
        "eor r1, r1, r9\n"               /* c10 = u17 ^ c4 */
        "eor r9, r2, r8\n"               /* c14 = u18 ^ z5 */
        "ldr r2, [sp, #32]\n"            /* y2 */
        "and r8, r10, r2\n"              /* z14 = t29 & y2 */
        "eor r10, r6, r9\n"              /* c18 = u19 ^ c14 */
        "ldr r2, [sp, #4]\n"             /* y4 */
        "and r6, r3, r2\n"               /* z11 = t33 & y4 */
        "eor r3, r8, r1\n"               /* c17 = z14 ^ c10 */
        "eor r2, r3, r5\n"               /* u22 = c17 ^ z15 */
        "eor r8, r1, r10\n"              /* s1 = c10 ^ c18 */
        "eor r5, r2, r12\n"              /* u23 = u22 ^ c16 */
        "eor r1, lr, r7\n"               /* s4 = u21 ^ z0 */
        "eor r11, r11, r10\n"            /* s0 = z12 ^ c18 */
        "strd r11, r8, [r0, #0]\n"       /* planes 0, 1 */
        "eor r2, r3, r4\n"               /* u24 = c17 ^ c2 */
        "ldr lr, [sp, #16]\n"            /* z17 */
        "eor r7, r5, lr\n"               /* s5 = u23 ^ z17 */
        "strd r1, r7, [r0, #16]\n"       /* planes 4, 5 */
        "eor r11, r2, r6\n"              /* s2 = u24 ^ z11 */
        "eor r10, r1, r12\n"             /* s6 = s4 ^ c16 */
        "str r10, [r0, #24]\n"           /* plane 6 */
        "eor r8, r9, r1\n"               /* s3 = c14 ^ s4 */
        "strd r11, r8, [r0, #8]\n"       /* planes 2, 3 */);
    __asm__("adds r0, #32\n"
            "ldr r1, [sp, #44]\n"
            "cmp r0, r1\n"
            "bne 1b\n"
            "add sp, #48\n"
            "pop {r4-r11, pc}\n");
}

/* The four sums of a row and the next, each turned as the first of its two rows is: s0..s3 of rows a..d, r2 to r5. */
#define SUMS(s0, s1, s2, s3)         \
    "eor " s0 ", r2, r3, ror #8\n"   \
    "eor " s1 ", r3, r4, ror #8\n"   \
    "eor " s2 ", r4, r5, ror #8\n"   \
    "eor " s3 ", r5, r2, ror #8\n"

#define LOAD_ROWS(plane)             \
    "ldr r2, [r0, #4*" plane "]\n"   \
    "ldr r3, [r0, #4*" plane "+32]\n" \
    "ldr r4, [r0, #4*" plane "+64]\n" \
    "ldr r5, [r0, #4*" plane "+96]\n"

/* One plane: s, the sums, stay for the next; d, twice the sums, are used up. */
#define PLANE(plane, s0, s1, s2, s3, d0, d1, d2, d3)  \
    LOAD_ROWS(plane)                                   \
    SUMS(s0, s1, s2, s3)                               \
    "eor r2, r2, " d3 ", ror #24\n"                    \
    "eor r2, r2, " s1 ", ror #8\n"                     \
    "eor r5, " s0 ", r5, ror #24\n"                    \
    "eor r5, r5, " d2 ", ror #16\n"                    \
    "eor " d1 ", " d1 ", r4, ror #8\n"                 \
    "eor " d1 ", " d1 ", " s3 ", ror #16\n"            \
    "eor " d0 ", " d0 ", r3, ror #8\n"                 \
    "eor " d0 ", " d0 ", " s2 ", ror #16\n"            \
    "ldrd " d2 ", " d3 ", [r1, #16*" plane "+8]\n"     \
    "ldrd r3, r4, [r1, #16*" plane "]\n"               \
    "eor r2, r2, " d3 "\n"                             \
    "eor r5, r5, " d2 "\n"                             \
    "eor r4, r4, " d1 ", ror #8\n"                     \
    "eor r3, r3, " d0 "\n"                             \
    "str r3, [r0, #4*" plane "]\n"                     \
    "str r4, [r0, #4*" plane "+32]\n"                  \
    "str r5, [r0, #4*" plane "+64]\n"                  \
    "str r2, [r0, #4*" plane "+96]\n"

/* Twice the sums, where they take the highest plane in: it waits at sp. */
#define ADD_TOP(d0, d1, d2, d3)    \
    "ldm sp, {r2-r5}\n"            \
    "eor " d0 ", " d0 ", r2\n"     \
    "eor " d1 ", " d1 ", r3\n"     \
    "eor " d2 ", " d2 ", r4\n"     \
    "eor " d3 ", " d3 ", r5\n"

#define EVEN(plane) PLANE(plane, "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr")
#define ODD(plane) PLANE(plane, "r10", "r11", "r12", "lr", "r6", "r7", "r8", "r9")

__attribute__((naked)) void aes_mix_rows(aes_rows rows, aes_planes_key key)
{
    __asm__("push {r4-r11, lr}\n"
            LOAD_ROWS("7")
            SUMS("r10", "r11", "r12", "lr")
            "push {r10-r12, lr}\n");
    __asm__(EVEN("0") ADD_TOP("r6", "r7", "r8", "r9"));
    __asm__(ODD("1"));
    __asm__(EVEN("2") ADD_TOP("r6", "r7", "r8", "r9"));
    __asm__(ODD("3") ADD_TOP("r10", "r11", "r12", "lr"));
    __asm__(EVEN("4"));
    __asm__(ODD("5"));
    __asm__(EVEN("6"));
    __asm__(ODD("7"));
    __asm__("add sp, #16\n"
            "pop {r4-r11, pc}\n");
}

#endif
