/*
 * Saving and restoring all but memory.
 */
#include "internal.h"

#include <string.h>

#define VERSION 0x4d340001u /* "M4", version 1: changes with what is saved */
#define REGISTERS 56
#define FIRST offsetof(struct machine, cycles)
#define LENGTH (offsetof(struct machine, blocks) - FIRST)

struct saved {
    uint32_t version;
    uint32_t registers[REGISTERS];
    uint8_t fields[LENGTH];
};

uint32_t machine_state_size(void)
{
    return sizeof(struct saved);
}

void machine_save(struct machine *m, uint8_t *state)
{
    struct saved saved = {.version = VERSION};
    for (uint32_t i = 0; i < REGISTERS; i++)
        saved.registers[i] = machine_get(m, i);
    memcpy(saved.fields, (const uint8_t *)m + FIRST, LENGTH);
    memcpy(state, &saved, sizeof saved);
}

/* Thread or handler mode first, then which stack is in use, then the stacks, then the flags. */
static void set_registers(struct machine *m, const uint32_t registers[REGISTERS])
{
    reg_set(m, UC_ARM_REG_XPSR, 1u << 24);
    machine_set(m, 22, registers[22]);
    for (uint32_t i = 0; i < REGISTERS; i++)
        if (i != 13 && i != 15 && i != 16 && i != 22)
            machine_set(m, i, registers[i]);
    set_xpsr(m, registers[16]);
    reg_set(m, UC_ARM_REG_PC, registers[15] | 1);
}

int machine_restore(struct machine *m, const uint8_t *state)
{
    struct saved saved;
    memcpy(&saved, state, sizeof saved);
    if (saved.version != VERSION)
        return -1;
    memcpy((uint8_t *)m + FIRST, saved.fields, LENGTH);
    set_registers(m, saved.registers);
    machine_code_changed(m, 0, 0);
    m->attention = true;
    m->is_mpu_changed = true;
    return 0;
}

void machine_code_changed(struct machine *m, uint32_t address, uint32_t size)
{
    (void)address, (void)size;
    memset(m->blocks, 0, sizeof m->blocks);
    unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TB_FLUSH, 0));
}
