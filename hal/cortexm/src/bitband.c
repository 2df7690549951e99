/*
 * Bit-banding, where the processor has it (Cortex-M4 technical reference manual, 3.7): a word in 0x22000000 or
 * 0x42000000 is one bit of memory or of a device, 32 MiB lower.
 *
 * An access reads, or reads and writes, as much of what is behind as it is wide.  The MPU looks at the alias.
 */
#include "internal.h"

#define ALIAS 0x02000000u /* how far above what it stands for, and how long */

/* Where the bit lies: what is read to get at it, and which bit of that it is. */
struct bit {
    uint32_t address, size, number;
};

static struct bit bit_of(uint32_t alias, uint32_t size)
{
    const uint32_t base = alias & 0xf0000000, byte = alias % ALIAS >> 5;
    return (struct bit){base + (byte & ~(size - 1)), size, alias >> 2 & (8 * size - 1)};
}

static const struct device *device_at(const struct machine *m, uint32_t address)
{
    for (uint32_t i = 0; i < m->device_count; i++)
        if (address - m->mapped[i].address < m->mapped[i].size)
            return &m->mapped[i];
    return NULL;
}

/* What the bit is part of.  Returns false if nothing answers there, which is the access's fault. */
static bool read_behind(struct machine *m, const struct bit *bit, uint32_t *value)
{
    const struct device *device = device_at(m, bit->address);
    const uint8_t *place = memory_at(m, bit->address, bit->size, UC_PROT_READ);
    *value = 0;
    if (place)
        memcpy(value, place, bit->size);
    else if (device)
        *value = device_read(m, device, bit->address - device->address, bit->size);
    return (place || device) && !m->fault_status;
}

static bool write_behind(struct machine *m, const struct bit *bit, uint32_t value)
{
    const struct device *device = device_at(m, bit->address);
    uint8_t *place = memory_at(m, bit->address, bit->size, UC_PROT_WRITE);
    if (place) {
        memcpy(place, &value, bit->size);
        forget_translation(m, bit->address, bit->size); /* there may be code */
    } else if (device)
        device_write(m, device, bit->address - device->address, bit->size, value);
    return (place || device) && !m->fault_status;
}

static uint64_t read_bit(struct machine *m, uint32_t alias, uint32_t size)
{
    const struct bit bit = bit_of(alias, size);
    uint32_t value;
    if (m->fault_status)
        return 0;
    place_find(m, alias, false);
    if (!read_behind(m, &bit, &value))
        refuse(m, PRECISERR | BFARVALID, alias);
    return value >> bit.number & 1;
}

static void write_bit(struct machine *m, uint32_t alias, uint32_t size, uint64_t written)
{
    const struct bit bit = bit_of(alias, size);
    uint32_t value;
    if (m->fault_status)
        return;
    place_find(m, alias, true);
    const bool is_there = read_behind(m, &bit, &value);
    value = (value & ~(1u << bit.number)) | (uint32_t)(written & 1) << bit.number;
    if (!is_there || !write_behind(m, &bit, value))
        refuse(m, PRECISERR | BFARVALID, alias);
}

static uint64_t on_memory_read(uc_engine *engine, uint64_t offset, unsigned size, void *user)
{
    (void)engine;
    return read_bit(user, 0x20000000 + ALIAS + (uint32_t)offset, size);
}

static void on_memory_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    (void)engine;
    write_bit(user, 0x20000000 + ALIAS + (uint32_t)offset, size, value);
}

static uint64_t on_device_read(uc_engine *engine, uint64_t offset, unsigned size, void *user)
{
    (void)engine;
    return read_bit(user, 0x40000000 + ALIAS + (uint32_t)offset, size);
}

static void on_device_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    (void)engine;
    write_bit(user, 0x40000000 + ALIAS + (uint32_t)offset, size, value);
}

bool bitband_map(struct machine *m)
{
    return unicorn.mmio_map(m->engine, 0x20000000 + ALIAS, ALIAS, on_memory_read, m, on_memory_write, m) == UC_ERR_OK &&
           unicorn.mmio_map(m->engine, 0x40000000 + ALIAS, ALIAS, on_device_read, m, on_device_write, m) == UC_ERR_OK;
}
