/*
 * The operations of field_64.h in MULX, ADCX and ADOX (CPU_ADX): the two carry chains of a row of products do not
 * wait for one another.
 *
 * The assembly is one statement an operation, because the compilers spill the carries between intrinsics; in it a
 * five-word window r8..r12 moves along the words of the product.  No jump, no address that depends on a number.
 */
#ifndef ARMILLARY_FIELD_ADX_X86_H
#define ARMILLARY_FIELD_ADX_X86_H

#if defined(__x86_64__)

#include <stdint.h>

/* (w0..w4) += a[0..4) * rdx, which fits. */
#define ADX_ROW(w0, w1, w2, w3, w4) \
    "xorl %%eax, %%eax\n\t" /* both carries */ \
    "mulxq (%[a]), %%rax, %%rcx\n\t adcxq %%rax, " w0 "\n\t adoxq %%rcx, " w1 "\n\t" \
    "mulxq 8(%[a]), %%rax, %%rcx\n\t adcxq %%rax, " w1 "\n\t adoxq %%rcx, " w2 "\n\t" \
    "mulxq 16(%[a]), %%rax, %%rcx\n\t adcxq %%rax, " w2 "\n\t adoxq %%rcx, " w3 "\n\t" \
    "mulxq 24(%[a]), %%rax, %%rcx\n\t adcxq %%rax, " w3 "\n\t adoxq %%rcx, " w4 "\n\t" \
    "movl $0, %%eax\n\t adcxq %%rax, " w4 "\n\t"

/* (w1..w4, w0) = (w0..w4) + w0 * p without its lowest word, which is zero; see field_shift(). */
#define ADX_SHIFT(w0, w1, w2, w3, w4) \
    "movq " w0 ", %%rax\n\t shlq $32, %%rax\n\t" \
    "movq " w0 ", %%rcx\n\t shrq $32, %%rcx\n\t" \
    "movq " w0 ", %%rdx\n\t subq %%rax, %%rdx\n\t" /* rdx, w0: the words of w0 * (2^64 - 2^32 + 1) */ \
    "sbbq %%rcx, " w0 "\n\t" \
    "addq %%rax, " w1 "\n\t adcq %%rcx, " w2 "\n\t adcq %%rdx, " w3 "\n\t adcq " w0 ", " w4 "\n\t" \
    "movl $0, " w0 "d\n\t adcq $0, " w0 "\n\t"

/* r = (top, w0..w3) - p where that is not negative, else (w0..w3).  Uses rax, rcx, rdx and s. */
#define ADX_REDUCE_ONCE(w0, w1, w2, w3, top, s) \
    "movq " w0 ", %%rax\n\t movq " w1 ", %%rcx\n\t movq " w2 ", %%rdx\n\t movq " w3 ", " s "\n\t" \
    "subq $-1, %%rax\n\t sbbq %[p1], %%rcx\n\t sbbq $0, %%rdx\n\t sbbq %[p3], " s "\n\t sbbq $0, " top "\n\t" \
    "cmovcq " w0 ", %%rax\n\t cmovcq " w1 ", %%rcx\n\t cmovcq " w2 ", %%rdx\n\t cmovcq " w3 ", " s "\n\t" \
    "movq %%rax, (%[r])\n\t movq %%rcx, 8(%[r])\n\t movq %%rdx, 16(%[r])\n\t movq " s ", 24(%[r])\n\t"

/* The words of p that are no immediate operands; in memory, because registers are few. */
static const uint64_t ADX_P1 = 0xffffffff, ADX_P3 = 0xffffffff00000001;

#define ADX_PRIME [p1] "m"(ADX_P1), [p3] "m"(ADX_P3)

/* out: r = a + b; may be a or b. */
static inline void field_add(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    __asm__("movq (%[a]), %%r8\n\t movq 8(%[a]), %%r9\n\t movq 16(%[a]), %%r10\n\t movq 24(%[a]), %%r11\n\t"
            "xorl %%r12d, %%r12d\n\t"
            "addq (%[b]), %%r8\n\t adcq 8(%[b]), %%r9\n\t adcq 16(%[b]), %%r10\n\t adcq 24(%[b]), %%r11\n\t"
            "adcq $0, %%r12\n\t"
            ADX_REDUCE_ONCE("%%r8", "%%r9", "%%r10", "%%r11", "%%r12", "%%r13")
            :
            : [r] "r"(r), [a] "r"(a), [b] "r"(b), ADX_PRIME
            : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "cc", "memory");
}

/* out: r = a - b; may be a or b. */
static inline void field_subtract(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    __asm__("movq (%[a]), %%r8\n\t movq 8(%[a]), %%r9\n\t movq 16(%[a]), %%r10\n\t movq 24(%[a]), %%r11\n\t"
            "subq (%[b]), %%r8\n\t sbbq 8(%[b]), %%r9\n\t sbbq 16(%[b]), %%r10\n\t sbbq 24(%[b]), %%r11\n\t"
            "sbbq %%rax, %%rax\n\t" /* the words of p if below zero, else zeros */
            "movq %[p1], %%rcx\n\t andq %%rax, %%rcx\n\t movq %[p3], %%rdx\n\t andq %%rax, %%rdx\n\t"
            "addq %%rax, %%r8\n\t adcq %%rcx, %%r9\n\t adcq $0, %%r10\n\t adcq %%rdx, %%r11\n\t"
            "movq %%r8, (%[r])\n\t movq %%r9, 8(%[r])\n\t movq %%r10, 16(%[r])\n\t movq %%r11, 24(%[r])\n\t"
            :
            : [r] "r"(r), [a] "r"(a), [b] "r"(b), ADX_PRIME
            : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc", "memory");
}

/* out: r = a / 2; may be a: p more where a is odd, then a shift. */
static inline void field_halve(uint64_t r[4], const uint64_t a[4])
{
    __asm__("movq (%[a]), %%r8\n\t movq 8(%[a]), %%r9\n\t movq 16(%[a]), %%r10\n\t movq 24(%[a]), %%r11\n\t"
            "movq %%r8, %%rax\n\t andl $1, %%eax\n\t negq %%rax\n\t" /* the lowest word of p, or zero */
            "movq %[p1], %%rcx\n\t andq %%rax, %%rcx\n\t movq %[p3], %%rdx\n\t andq %%rax, %%rdx\n\t"
            "addq %%rax, %%r8\n\t adcq %%rcx, %%r9\n\t adcq $0, %%r10\n\t adcq %%rdx, %%r11\n\t"
            "sbbq %%rax, %%rax\n\t" /* the carry, in every bit */
            "shrdq $1, %%r9, %%r8\n\t shrdq $1, %%r10, %%r9\n\t shrdq $1, %%r11, %%r10\n\t shrdq $1, %%rax, %%r11\n\t"
            "movq %%r8, (%[r])\n\t movq %%r9, 8(%[r])\n\t movq %%r10, 16(%[r])\n\t movq %%r11, 24(%[r])\n\t"
            :
            : [r] "r"(r), [a] "r"(a), ADX_PRIME
            : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc", "memory");
}

/* out: r = a * b / R; may be a or b. */
static inline void field_multiply(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    __asm__("movq (%[b]), %%rdx\n\t"
            "mulxq (%[a]), %%r8, %%r9\n\t"
            "mulxq 8(%[a]), %%rax, %%r10\n\t addq %%rax, %%r9\n\t"
            "mulxq 16(%[a]), %%rax, %%r11\n\t adcq %%rax, %%r10\n\t"
            "mulxq 24(%[a]), %%rax, %%r12\n\t adcq %%rax, %%r11\n\t adcq $0, %%r12\n\t"
            ADX_SHIFT("%%r8", "%%r9", "%%r10", "%%r11", "%%r12")
            "movq 8(%[b]), %%rdx\n\t"
            ADX_ROW("%%r9", "%%r10", "%%r11", "%%r12", "%%r8")
            ADX_SHIFT("%%r9", "%%r10", "%%r11", "%%r12", "%%r8")
            "movq 16(%[b]), %%rdx\n\t"
            ADX_ROW("%%r10", "%%r11", "%%r12", "%%r8", "%%r9")
            ADX_SHIFT("%%r10", "%%r11", "%%r12", "%%r8", "%%r9")
            "movq 24(%[b]), %%rdx\n\t"
            ADX_ROW("%%r11", "%%r12", "%%r8", "%%r9", "%%r10")
            ADX_SHIFT("%%r11", "%%r12", "%%r8", "%%r9", "%%r10")
            ADX_REDUCE_ONCE("%%r12", "%%r8", "%%r9", "%%r10", "%%r11", "%%r13")
            :
            : [r] "r"(r), [a] "r"(a), [b] "r"(b), ADX_PRIME
            : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "cc", "memory");
}

/* (w1..w3, w0) = (w0..w3) + w0 * p without its lowest word: as above, and nothing carries out of w0. */
#define ADX_SHIFT_FOUR(w0, w1, w2, w3) \
    "movq " w0 ", %%rax\n\t shlq $32, %%rax\n\t" \
    "movq " w0 ", %%rcx\n\t shrq $32, %%rcx\n\t" \
    "movq " w0 ", %%rdx\n\t subq %%rax, %%rdx\n\t" \
    "sbbq %%rcx, " w0 "\n\t" \
    "addq %%rax, " w1 "\n\t adcq %%rcx, " w2 "\n\t adcq %%rdx, " w3 "\n\t adcq $0, " w0 "\n\t"

/* out: r = a * a / R; may be a.  Mixed products once and doubled, then squares, then four divisions by 2^64. */
static inline void field_square(uint64_t r[4], const uint64_t a[4])
{
    __asm__("movq (%[a]), %%rdx\n\t"
            "mulxq 8(%[a]), %%r9, %%r10\n\t"
            "mulxq 16(%[a]), %%rax, %%r11\n\t addq %%rax, %%r10\n\t"
            "mulxq 24(%[a]), %%rax, %%r12\n\t adcq %%rax, %%r11\n\t adcq $0, %%r12\n\t"
            "movq 8(%[a]), %%rdx\n\t xorl %%r14d, %%r14d\n\t"
            "mulxq 16(%[a]), %%rax, %%rcx\n\t adcxq %%rax, %%r11\n\t adoxq %%rcx, %%r12\n\t"
            "mulxq 24(%[a]), %%rax, %%r13\n\t adcxq %%rax, %%r12\n\t adoxq %%r14, %%r13\n\t"
            "movq 16(%[a]), %%rdx\n\t adcxq %%r14, %%r13\n\t"
            "mulxq 24(%[a]), %%rax, %%rcx\n\t addq %%rax, %%r13\n\t adcq %%rcx, %%r14\n\t"
            "xorl %%r15d, %%r15d\n\t movq (%[a]), %%rdx\n\t"
            "mulxq %%rdx, %%r8, %%rcx\n\t adcxq %%r9, %%r9\n\t adoxq %%rcx, %%r9\n\t"
            "movq 8(%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %%rcx\n\t"
            "adcxq %%r10, %%r10\n\t adoxq %%rax, %%r10\n\t adcxq %%r11, %%r11\n\t adoxq %%rcx, %%r11\n\t"
            "movq 16(%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %%rcx\n\t"
            "adcxq %%r12, %%r12\n\t adoxq %%rax, %%r12\n\t adcxq %%r13, %%r13\n\t adoxq %%rcx, %%r13\n\t"
            "movq 24(%[a]), %%rdx\n\t mulxq %%rdx, %%rax, %%rcx\n\t"
            "adcxq %%r14, %%r14\n\t adoxq %%rax, %%r14\n\t adcxq %%r15, %%r15\n\t adoxq %%rcx, %%r15\n\t"
            ADX_SHIFT_FOUR("%%r8", "%%r9", "%%r10", "%%r11")
            ADX_SHIFT_FOUR("%%r9", "%%r10", "%%r11", "%%r8")
            ADX_SHIFT_FOUR("%%r10", "%%r11", "%%r8", "%%r9")
            ADX_SHIFT_FOUR("%%r11", "%%r8", "%%r9", "%%r10")
            "xorl %%ecx, %%ecx\n\t"
            "addq %%r12, %%r8\n\t adcq %%r13, %%r9\n\t adcq %%r14, %%r10\n\t adcq %%r15, %%r11\n\t adcq $0, %%rcx\n\t"
            "movq %%rcx, %%r12\n\t"
            ADX_REDUCE_ONCE("%%r8", "%%r9", "%%r10", "%%r11", "%%r12", "%%r13")
            :
            : [r] "r"(r), [a] "r"(a), ADX_PRIME
            : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
}

#endif
#endif
