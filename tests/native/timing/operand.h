/*
 * Which memory an x86-64 instruction is about to touch, as far as registers decide it.
 */
#ifndef ARMILLARY_TEST_OPERAND_H
#define ARMILLARY_TEST_OPERAND_H

#include <stdint.h>

/* Registers by their number in instructions: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15. */
struct operand {
    uint64_t address; /* base + scaled index; the constant displacement is left out */
    int is_gather;    /* a vector of addresses, which is not followed */
};

/*
 * in:  code at an instruction (Intel's manual, volume 2, chapter 2)
 * out: its memory operand; an address of 0 if it has none that a register decides
 */
struct operand operand_of(const uint8_t *code, const uint64_t registers[16]);

#endif
