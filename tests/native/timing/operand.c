/*
 * Enough of x86-64's encoding to find base and index: prefixes, opcode map, ModRM, SIB.
 *
 * Displacements and immediates are constants of the code: two runs that execute the same instruction with
 * the same base and index touch the same memory.
 */
#include "operand.h"

#include <stddef.h>

enum { LEGACY, MAP_0F, MAP_0F38, MAP_0F3A };

struct instruction {
    const uint8_t *at; /* the opcode, later the ModRM */
    int map;
    uint8_t opcode;
    unsigned index_high, base_high; /* REX.X, REX.B or their like */
    int is_vector;                  /* VEX or EVEX */
};

static int is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || (byte & 0xfe) == 0xf2 || (byte & 0xe7) == 0x26 ||
           (byte & 0xfe) == 0x64;
}

/* Up to the opcode, and over it. */
static struct instruction decode(const uint8_t *code)
{
    struct instruction found = {code, LEGACY, 0, 0, 0, 0};
    while (is_prefix(*found.at))
        found.at++;
    const uint8_t first = found.at[0], second = found.at[1];
    if (first == 0xc5) {
        found.map = MAP_0F, found.is_vector = 1, found.at += 2;
    } else if (first == 0xc4 || first == 0x62) {
        found.map = second & 7, found.is_vector = 1, found.at += first == 0xc4 ? 3 : 4;
        found.index_high = ~second >> 6 & 1, found.base_high = ~second >> 5 & 1;
    } else if ((first & 0xf0) == 0x40) {
        found.index_high = first >> 1 & 1, found.base_high = first & 1, found.at++;
    }
    if (!found.is_vector && *found.at == 0x0f) {
        found.map = MAP_0F, found.at++;
        if (*found.at == 0x38 || *found.at == 0x3a)
            found.map = *found.at == 0x38 ? MAP_0F38 : MAP_0F3A, found.at++;
    }
    found.opcode = *found.at++;
    return found;
}

static int in_range(uint8_t x, uint8_t low, uint8_t high)
{
    return x >= low && x <= high;
}

static int has_modrm(const struct instruction *found)
{
    const uint8_t op = found->opcode;
    if (found->map == MAP_0F)
        return !(in_range(op, 0x05, 0x09) || op == 0x0b || op == 0x0e || in_range(op, 0x30, 0x37) || op == 0x77 ||
                 in_range(op, 0x80, 0x8f) || in_range(op, 0xa0, 0xa2) || in_range(op, 0xa8, 0xaa) ||
                 in_range(op, 0xc8, 0xcf));
    if (found->map != LEGACY)
        return 1;
    return (op < 0x40 && (op & 7) < 4) || op == 0x63 || op == 0x69 || op == 0x6b || in_range(op, 0x80, 0x8f) ||
           op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0xc7 || in_range(op, 0xd0, 0xd3) ||
           in_range(op, 0xd8, 0xdf) || op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

/* An instruction with an operand in memory's form that touches none: LEA, the long NOP. */
static int only_calculates(const struct instruction *found)
{
    return (found->map == LEGACY && found->opcode == 0x8d) || (found->map == MAP_0F && found->opcode == 0x1f);
}

static int gathers(const struct instruction *found)
{
    return found->is_vector && found->map == MAP_0F38 &&
           (in_range(found->opcode, 0x90, 0x93) || in_range(found->opcode, 0xa0, 0xa3) ||
            in_range(found->opcode, 0xc6, 0xc7));
}

/* Operands that the opcode implies: string instructions, and XLAT. */
static uint64_t implied(const struct instruction *found, const uint64_t registers[16])
{
    if (found->map != LEGACY)
        return 0;
    if (in_range(found->opcode, 0xa4, 0xa7) || in_range(found->opcode, 0xaa, 0xaf))
        return registers[6] * 3 + registers[7];
    return found->opcode == 0xd7 ? registers[3] + (registers[0] & 0xff) : 0;
}

struct operand operand_of(const uint8_t *code, const uint64_t registers[16])
{
    const struct instruction found = decode(code);
    if (!has_modrm(&found))
        return (struct operand){implied(&found, registers), 0};
    const unsigned mode = found.at[0] >> 6, rm = found.at[0] & 7, sib = found.at[1];
    if (mode == 3 || only_calculates(&found))
        return (struct operand){0, 0};
    if (rm != 4)
        return (struct operand){mode == 0 && rm == 5 ? 0 : registers[rm | found.base_high << 3], gathers(&found)};
    const unsigned index = (sib >> 3 & 7) | found.index_high << 3, base = (sib & 7) | found.base_high << 3;
    uint64_t address = (sib & 7) == 5 && mode == 0 ? 0 : registers[base];
    if (index != 4)
        address += registers[index] << (sib >> 6);
    return (struct operand){address, gathers(&found)};
}
