/*
 * Unicorn, told to be a Cortex-M4, and what is watched of it.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 0x1000u

static const int NAMES[REGISTERS] = {
    UC_ARM_REG_R0, UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3,  UC_ARM_REG_R4, UC_ARM_REG_R5,
    UC_ARM_REG_R6, UC_ARM_REG_R7,  UC_ARM_REG_R8,  UC_ARM_REG_R9,  UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR,  UC_ARM_REG_PC,  UC_ARM_REG_XPSR,
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return ((hash ^ value) * 0x9e3779b97f4a7c15u) ^ (hash >> 29);
}

static uint32_t halfword(const struct machine *machine, uint32_t at)
{
    return at + 1 < CODE_SIZE ? machine->code[at] | (uint32_t)machine->code[at + 1] << 8 : 0;
}

uint32_t instruction_size(const struct machine *machine, uint32_t pc)
{
    return (halfword(machine, pc) >> 11) >= 0x1d ? 4 : 2;
}

uint32_t it_length(const struct machine *machine, uint32_t pc, uint32_t *count)
{
    const uint32_t word = halfword(machine, pc);
    uint32_t length = 0, mask = word & 15;
    if ((word & 0xff00) != 0xbf00 || mask == 0)
        return 0;
    *count = 4 - (uint32_t)__builtin_ctz(mask);
    for (uint32_t i = 0; i < *count; i++)
        length += instruction_size(machine, pc + 2 + length);
    return length;
}

/* Unicorn does not tell of an instruction whose condition fails: an IT counts all that depend on it. */
static void on_instruction(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct machine *machine = context;
    const uint32_t pc = (uint32_t)address;
    uint32_t more = 0, length;
    (void)size;

    machine->path = mix(machine->path, pc);
    if (pc > machine->it_begin && pc < machine->it_end)
        return;
    machine->it_begin = machine->it_end = 0;
    if ((length = it_length(machine, pc, &more)) != 0)
        machine->it_begin = pc, machine->it_end = pc + 2 + length;
    machine->instructions += 1 + more;
    if (machine->instructions > machine->limit)
        uc_emu_stop(uc);
}

void it_forget(uc_engine *uc)
{
    uint32_t status = 0;
    uc_reg_read(uc, UC_ARM_REG_XPSR, &status);
    if (!(status & 0x0600fc00))
        return;
    status &= ~0x0600fc00u;
    uc_reg_write(uc, UC_ARM_REG_XPSR, &status);
}

static void on_data(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *context)
{
    struct machine *machine = context;
    (void)value;
    it_forget(uc);
    machine->data = mix(machine->data, address << 8 | (uint64_t)type << 4 | (uint64_t)size);
    if (type == UC_MEM_WRITE && address < machine->lowest && address >= STACK_FLOOR)
        machine->lowest = (uint32_t)address;
}

static uint8_t *pages(size_t size)
{
    uint8_t *memory = aligned_alloc(PAGE, size);
    return memory ? memset(memory, 0, size) : NULL;
}

static int set_up(struct machine *machine)
{
    return uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &machine->uc) ||
           uc_ctl_set_cpu_model(machine->uc, UC_CPU_ARM_CORTEX_M4) ||
           uc_mem_map_ptr(machine->uc, 0, CODE_SIZE, UC_PROT_READ | UC_PROT_EXEC, machine->code) ||
           uc_mem_map_ptr(machine->uc, MEMORY_BASE, MEMORY_SIZE, UC_PROT_READ | UC_PROT_WRITE, machine->memory) ||
           uc_mem_map(machine->uc, EXIT, PAGE, UC_PROT_READ | UC_PROT_EXEC) ||
           uc_context_alloc(machine->uc, &machine->fresh) || uc_context_save(machine->uc, machine->fresh);
}

static int watch(struct machine *machine, int with_data)
{
    uc_hook code, data;
    return uc_hook_add(machine->uc, &code, UC_HOOK_CODE, (void *)on_instruction, machine, 0, CODE_SIZE) ||
           (with_data && uc_hook_add(machine->uc, &data, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_data,
                                     machine, 1, 0));
}

struct machine *machine_bare(const uint8_t *code, size_t length)
{
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine || length > CODE_SIZE)
        return NULL;
    machine->code = pages(CODE_SIZE), machine->memory = pages(MEMORY_SIZE);
    if (!machine->code || !machine->memory)
        return NULL;
    memcpy(machine->code, code, length);
    return set_up(machine) ? NULL : machine;
}

struct machine *machine_new(const uint8_t *code, size_t length, int with_data)
{
    struct machine *machine = machine_bare(code, length);
    return machine && !watch(machine, with_data) ? machine : NULL;
}

void machine_free(struct machine *machine)
{
    uc_context_free(machine->fresh);
    uc_close(machine->uc);
    free(machine->code), free(machine->memory), free(machine);
}

uint8_t *machine_memory(struct machine *machine)
{
    return machine->memory;
}

void machine_save(const struct machine *machine, struct state *state)
{
    void *places[REGISTERS];
    for (int i = 0; i < REGISTERS; i++)
        places[i] = &state->registers[i];
    uc_reg_read_batch(machine->uc, (int *)NAMES, places, REGISTERS);
    memcpy(state->memory, machine->memory, MEMORY_SIZE);
}

void machine_load(struct machine *machine, const struct state *state)
{
    void *places[REGISTERS];
    for (int i = 0; i < REGISTERS; i++)
        places[i] = (void *)(uintptr_t)&state->registers[i];
    uc_context_restore(machine->uc, machine->fresh);
    uc_reg_write_batch(machine->uc, (int *)NAMES, places, REGISTERS);
    memcpy(machine->memory, state->memory, MEMORY_SIZE);
}

void machine_prepare(struct machine *machine, uint32_t function, uint32_t stack, const uint32_t *arguments,
                     size_t count, struct state *state)
{
    const size_t in_memory = count > ARGUMENTS_IN_REGISTERS ? count - ARGUMENTS_IN_REGISTERS : 0;
    memset(state->registers, 0, sizeof state->registers);
    memcpy(state->memory, machine->memory, MEMORY_SIZE);
    stack -= (uint32_t)(in_memory + (in_memory & 1)) * 4;
    for (size_t i = 0; i < count; i++)
        if (i < ARGUMENTS_IN_REGISTERS)
            state->registers[i] = arguments[i];
        else
            memcpy(state->memory + (stack - MEMORY_BASE) + 4 * (i - ARGUMENTS_IN_REGISTERS), &arguments[i], 4);
    state->registers[SP] = stack;
    state->registers[LR] = EXIT | 1;
    state->registers[PC] = function & ~1u;
    state->registers[XPSR] = 1u << 24; /* Thumb */
}

int machine_run(struct machine *machine, uint32_t pc)
{
    uint32_t at = 0;
    if (uc_emu_start(machine->uc, pc | 1, EXIT, 0, 0))
        return CRASHED;
    if (machine->instructions > machine->limit)
        return HUNG;
    uc_reg_read(machine->uc, UC_ARM_REG_R0, &machine->result);
    uc_reg_read(machine->uc, UC_ARM_REG_PC, &at);
    return at == EXIT ? RETURNED : CRASHED;
}

int machine_call(struct machine *machine, uint32_t function, uint32_t stack, const uint32_t *arguments, size_t count)
{
    struct state state;
    machine->instructions = machine->path = machine->data = 0;
    machine->it_begin = machine->it_end = 0;
    machine->lowest = stack;
    machine_prepare(machine, function, stack, arguments, count, &state);
    machine_load(machine, &state);
    return machine_run(machine, function);
}
