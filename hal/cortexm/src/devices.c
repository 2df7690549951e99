/*
 * Asking devices: the owner's, and the processor's own registers.
 */
#include "internal.h"

/* The access just made does not happen: stop on its instruction. */
void refuse(struct machine *m, uint32_t status, uint32_t address)
{
    m->fault_status = status;
    m->fault_address = address;
    unicorn.emu_stop(m->engine);
}

/* Keep an access for a post-mortem. */
static void remember(struct machine *m, uint32_t address, uint32_t size, uint32_t value, bool is_write)
{
    const uint32_t pc = m->place.pc;
    struct access *last = &m->accesses[(m->access_count - 1) % ACCESSES];
    if (m->access_count && !is_write && !last->is_write && last->pc == pc && last->address == address && last->value == value)
        last->repeats++; /* a polling loop does not push out what was before it */
    else
        m->accesses[m->access_count++ % ACCESSES] = (struct access){machine_now(m), pc, address, value, (uint16_t)size, is_write, 0};
}

uint32_t device_read(struct machine *m, const struct device *device, uint32_t offset, uint32_t size)
{
    const struct counter *counter = counter_find(m, device->number, offset);
    if (counter) {
        countdown_read(m, m->place.pc, counter);
        const uint32_t value = counter_value(counter, m, m->countdown.cycle);
        warp_clock(m, &counter->how, m->countdown.cycle, value);
        return value;
    }
    m->is_refused = false;
    m->is_asking = true;
    const uint32_t value = m->devices.read(m->devices.owner, device->number, offset, size);
    m->is_asking = false;
    remember(m, device->address + offset, size, value, false);
    warp_read(m, m->place.pc, device->number, offset, value);
    if (m->is_refused)
        refuse(m, PRECISERR | BFARVALID, device->address + offset);
    return value;
}

void device_write(struct machine *m, const struct device *device, uint32_t offset, uint32_t size, uint32_t value)
{
    m->is_refused = false;
    remember(m, device->address + offset, size, value, true);
    warp_store(m, device, offset, size, value);
    m->is_asking = true;
    m->devices.write(m->devices.owner, device->number, offset, size, value);
    m->is_asking = false;
    if (m->is_refused)
        refuse(m, PRECISERR | BFARVALID, device->address + offset);
}

static uint64_t on_device_read(uc_engine *engine, uint64_t offset, unsigned size, void *user)
{
    const struct device *device = user;
    (void)engine;
    if (device->machine->fault_status)
        return 0;
    place_find(device->machine, device->address + (uint32_t)offset, false);
    return device_read(device->machine, device, (uint32_t)offset, size);
}

static void on_device_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    const struct device *device = user;
    (void)engine;
    if (device->machine->fault_status) /* the access was refused already */
        return;
    place_find(device->machine, device->address + (uint32_t)offset, true);
    device_write(device->machine, device, (uint32_t)offset, size, (uint32_t)value);
}

/* Who has no privilege reaches nothing here, but may be let pend interrupts (CCR.USERSETMPEND). */
static bool may_reach(struct machine *m, uint32_t address, bool is_write)
{
    return is_privileged(m) || (is_write && address == 0xe000ef00 && m->ccr & 2);
}

/* SysTick's value and the cycle counter go on evenly; what else is there does not. */
static void tell_clock(struct machine *m, uint32_t address, uint32_t value)
{
    const uint64_t cycle = machine_cycles(m);
    struct machine_counter how = {.start = ticks_at(m, cycle), .numerator = 1, .denominator = m->ticks_per_cycle, .base = value, .mask = UINT32_MAX};
    const bool is_even = address == 0xe0001004 || (address == 0xe000e018 && systick_counts(m, cycle, &how));
    warp_clock(m, is_even ? &how : NULL, cycle, value);
}

static uint64_t on_system_read(uc_engine *engine, uint64_t offset, unsigned size, void *user)
{
    struct machine *m = user;
    const uint32_t address = 0xe0000000 + (uint32_t)offset;
    (void)engine;
    place_find(m, address, false);
    if (may_reach(m, address, false)) {
        if (address == 0xe000e018 && size == 4) /* SysTick's value */
            countdown_read(m, m->place.pc, &m->counters[SYSTICK]);
        const uint32_t value = system_read(m, address, size);
        if (address >> 4 == 0xe000e01 || address >> 12 == 0xe0001) /* SysTick, DWT */
            tell_clock(m, address, value);
        return value;
    }
    refuse(m, PRECISERR | BFARVALID, address);
    return 0;
}

static void on_system_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    struct machine *m = user;
    const uint32_t address = 0xe0000000 + (uint32_t)offset;
    (void)engine;
    place_find(m, address, true);
    if (address >> 8 == 0xe000e1) /* NVIC_ISER and ICER */
        warp_enable(m);
    else
        warp_write(m);
    if (may_reach(m, address, true)) {
        system_write(m, address, size, (uint32_t)value);
        set_deadline(m);
    } else
        refuse(m, PRECISERR | BFARVALID, address);
}

int machine_map_device(struct machine *m, uint32_t address, uint32_t size, uint32_t number)
{
    if (m->device_count == DEVICES)
        return -1;
    struct device *device = &m->mapped[m->device_count];
    *device = (struct device){m, address, size, number};
    if (unicorn.mmio_map(m->engine, address, size, on_device_read, device, on_device_write, device) != UC_ERR_OK)
        return -1;
    m->device_count++;
    return 0;
}

bool system_map(struct machine *m)
{
    return unicorn.mmio_map(m->engine, 0xe0000000, 0x100000, on_system_read, m, on_system_write, m) == UC_ERR_OK;
}
