/*
 * Making a machine: processor, memory, reset.
 */
#include "internal.h"

#include <stdlib.h>

bool add_hook(struct machine *m, uc_hook *handle, int type, void *function, void *user, uint64_t begin, uint64_t end)
{
    return unicorn.hook_add(m->engine, handle, type, function, user, begin, end) == UC_ERR_OK;
}

bool hook_all(struct machine *m, int type, void *function)
{
    uc_hook handle;
    return add_hook(m, &handle, type, function, m, 1, 0);
}

/* Translated code is kept until this is full; a program that writes new code for ever must not fill the host. */
#define TRANSLATED (64u << 20)

static bool prepare(struct machine *m)
{
    return unicorn.open(UC_ARCH_ARM, UC_MODE_THUMB, &m->engine) == UC_ERR_OK &&
           unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TCG_BUFFER_SIZE, 1), TRANSLATED) == UC_ERR_OK &&
           unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_CPU_MODEL, 1), UC_CPU_ARM_CORTEX_M4) == UC_ERR_OK &&
           unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_UC_USE_EXITS, 1), 1) == UC_ERR_OK && /* none: it ends where a hook says so */
           meter_begin(m) && traps_begin(m) && system_map(m) &&
           (!m->options.bit_band || bitband_map(m));
}

struct machine *machine_new(const struct machine_options *options, const struct machine_devices *devices)
{
    struct machine *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->options = *options;
    m->ticks_per_cycle = options->ticks_per_cycle;
    m->devices = *devices;
    m->limit = NEVER;
    nvic_reset(m);
    machine_warp(m, 1);
    if (prepare(m))
        return m;
    machine_free(m);
    return NULL;
}

void machine_free(struct machine *m)
{
    if (m->engine)
        unicorn.close(m->engine);
    for (uint32_t i = 0; i < m->memory_count; i++)
        free(m->memories[i].is_open);
    free(m->warp.copy);
    free(m->tracing);
    free(m);
}

int machine_map_memory(struct machine *m, uint32_t address, uint32_t size, uint32_t perms, uint8_t *memory)
{
    if (!memory_add(m, address, size, perms, memory))
        return -1;
    warp_forget(m);
    return 0;
}

void machine_reset(struct machine *m, uint32_t vectors)
{
    uint32_t stack = 0, entry = 0;
    system_reset(m);
    m->last_fault = (struct machine_fault){0};
    m->vtor = vectors;
    become_privileged(m);
    for (uint32_t number = 0; number < 56; number++)
        machine_set(m, number, 0);
    if (!memory_read_word(m, vectors, &stack) || !memory_read_word(m, vectors + 4, &entry))
        m->is_locked_up = true;
    reg_set(m, UC_ARM_REG_CONTROL, 0);
    reg_set(m, UC_ARM_REG_XPSR, 1u << 24);
    reg_set(m, UC_ARM_REG_MSP, stack & ~3u);
    reg_set(m, UC_ARM_REG_LR, 0xffffffff);
    reg_set(m, UC_ARM_REG_PC, entry);
}

void machine_debug(struct machine *m, int is_on)
{
    m->is_debugged = is_on != 0;
}

void machine_refuse(struct machine *m)
{
    m->is_refused = true;
}

void machine_stop(struct machine *m)
{
    m->is_stop_wanted = true;
    look_soon(m);
}

const char *machine_error(const struct machine *m)
{
    return unicorn.strerror(m->failure);
}
