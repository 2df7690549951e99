/*
 * The processor's registers as unicorn keeps them.
 */
#include "internal.h"

uint32_t reg_get(struct machine *m, int reg)
{
    uint32_t value = 0;
    unicorn.reg_read(m->engine, reg, &value);
    return value;
}

void reg_set(struct machine *m, int reg, uint32_t value)
{
    unicorn.reg_write(m->engine, reg, &value);
}

void regs_get(struct machine *m, const int *regs, uint32_t *values, uint32_t count)
{
    void *places[REGS];
    for (uint32_t i = 0; i < count; i++)
        places[i] = &values[i];
    unicorn.reg_read_batch(m->engine, (int *)(uintptr_t)regs, places, (int)count);
}

void regs_set(struct machine *m, const int *regs, const uint32_t *values, uint32_t count)
{
    void *places[REGS];
    for (uint32_t i = 0; i < count; i++)
        places[i] = (void *)(uintptr_t)&values[i];
    unicorn.reg_write_batch(m->engine, (int *)(uintptr_t)regs, places, (int)count);
}

uint32_t exception_number(struct machine *m)
{
    return reg_get(m, UC_ARM_REG_IPSR) & 0x1ff;
}

/* Set xPSR.  unicorn takes the exception number from one name and rebuilds its flags from another. */
void set_xpsr(struct machine *m, uint32_t value)
{
    reg_set(m, UC_ARM_REG_XPSR, value);
    reg_set(m, UC_ARM_REG_APSR_NZCVQG, value & 0xf80f0000);
    reg_set(m, UC_ARM_REG_APSR_NZCV, value & 0xf0000000);
}

/*
 * unicorn tells a memory hook the state of its IT block by writing it down, and leaves it there: the first
 * instruction after this stretch of code would be taken for one of the block.  Called by every hook that
 * lets the access pass.
 */
void forget_it_block(struct machine *m)
{
    const uint32_t status = reg_get(m, UC_ARM_REG_XPSR);
    if (status & 0x0600fc00)
        reg_set(m, UC_ARM_REG_XPSR, status & ~0x0600fc00u);
}

void become_privileged(struct machine *m)
{
    set_xpsr(m, 1u << 24 | HARD_FAULT);
    reg_set(m, UC_ARM_REG_CONTROL, 0); /* of it all but SPSEL, which only a thread may change */
    set_xpsr(m, 1u << 24);
    reg_set(m, UC_ARM_REG_CONTROL, 0);
    set_xpsr(m, 1u << 24 | HARD_FAULT);
}

/* unicorn's number of ours (machine.h). */
static int unicorn_number(uint32_t number)
{
    static const int SPECIAL[] = {UC_ARM_REG_XPSR,    UC_ARM_REG_MSP,       UC_ARM_REG_PSP,     UC_ARM_REG_PRIMASK,
                                  UC_ARM_REG_BASEPRI, UC_ARM_REG_FAULTMASK, UC_ARM_REG_CONTROL, UC_ARM_REG_FPSCR};
    if (number < 13)
        return UC_ARM_REG_R0 + (int)number;
    if (number < 16)
        return number == 13 ? UC_ARM_REG_SP : number == 14 ? UC_ARM_REG_LR : UC_ARM_REG_PC;
    return number < 24 ? SPECIAL[number - 16] : UC_ARM_REG_S0 + (int)number - 24;
}

uint32_t machine_get(struct machine *m, uint32_t number)
{
    if (number == 15 && m->is_asking)
        return m->place.pc;
    if (number < 17 || number > 21 || m->is_running || is_privileged(m))
        return number < 56 ? reg_get(m, unicorn_number(number)) : 0;
    const uint32_t status = reg_get(m, UC_ARM_REG_XPSR); /* a program that is not privileged reads zero; we do not */
    set_xpsr(m, status | HARD_FAULT);
    const uint32_t value = reg_get(m, unicorn_number(number));
    set_xpsr(m, status);
    return value;
}

void machine_set(struct machine *m, uint32_t number, uint32_t value)
{
    machine_doubt(m);
    if (number < 56)
        reg_set(m, unicorn_number(number), value);
}
