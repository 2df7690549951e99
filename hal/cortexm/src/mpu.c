/*
 * The memory protection unit (DDI0403E, B3.5).
 *
 * While it is on, unicorn asks for the permissions of each page of 1 KiB.  Where a page has more than one
 * (a region or sub-region smaller than a page), it is open there, and every access to it is checked.
 */
#include "internal.h"

#include <string.h>

#define ENABLE 1u
#define HFNMIENA 2u
#define PRIVDEFENA 4u
#define PAGE 1024u
#define FINEST 32u
#define XN (1u << 28)

bool is_privileged(struct machine *m)
{
    return exception_number(m) || !(reg_get(m, UC_ARM_REG_CONTROL) & 1);
}

/* Does region i hold the address (B3.5.3)? */
static bool holds(const struct machine *m, uint32_t i, uint32_t address)
{
    const uint32_t attributes = m->mpu_attributes[i], bits = (attributes >> 1 & 31) + 1;
    if (!(attributes & ENABLE) || bits < 5)
        return false;
    if (bits < 32 && (address ^ m->mpu_base[i]) >> bits)
        return false;
    return bits < 8 || !(attributes >> (8 + (address >> (bits - 3) & 7)) & 1);
}

/* The permissions that a region's AP field gives (table B3-15). */
static uint32_t perms_of(uint32_t attributes, bool privileged)
{
    static const uint8_t PRIVILEGED[8] = {0, 3, 3, 3, 0, 1, 1, 1}, OTHERS[8] = {0, 0, 1, 3, 0, 0, 1, 1};
    const uint32_t data = (privileged ? PRIVILEGED : OTHERS)[attributes >> 24 & 7];
    return data | ((data & UC_PROT_READ) && !(attributes & XN) ? UC_PROT_EXEC : 0);
}

/* The map without regions: devices and the upper half of memory hold no code (B3.1). */
static uint32_t background(uint32_t address)
{
    const bool is_code = address < 0x40000000 || (address >= 0x60000000 && address < 0xa0000000);
    return UC_PROT_READ | UC_PROT_WRITE | (is_code ? UC_PROT_EXEC : 0);
}

bool may_execute(uint32_t address)
{
    return background(address) & UC_PROT_EXEC;
}

static bool is_off(struct machine *m)
{
    return !(m->mpu_control & ENABLE) || (!(m->mpu_control & HFNMIENA) && execution_priority(m) < 0);
}

uint32_t mpu_perms(struct machine *m, uint32_t address, bool privileged)
{
    if (is_off(m) || address >> 20 == 0xe00) /* the private peripheral bus is beyond it */
        return background(address);
    for (uint32_t i = m->options.mpu_regions; i--;)
        if (holds(m, i, address))
            return perms_of(m->mpu_attributes[i], privileged);
    return privileged && (m->mpu_control & PRIVDEFENA) ? background(address) : 0;
}

bool mpu_allows(struct machine *m, uint32_t address, uint32_t size, uint32_t perms, bool privileged)
{
    for (uint32_t at = 0; at < size; at += FINEST)
        if ((mpu_perms(m, address + at, privileged) & perms) != perms)
            return false;
    return (mpu_perms(m, address + size - 1, privileged) & perms) == perms;
}

/* Is some border of the region inside a page? */
static bool is_fine_region(const struct machine *m, uint32_t i)
{
    const uint32_t attributes = m->mpu_attributes[i], bits = (attributes >> 1 & 31) + 1;
    return (attributes & ENABLE) && (bits < 10 || (bits < 13 && (attributes & 0xff00)));
}

/* The pages that it touches: from *first to the byte *last. */
static void pages_of(const struct machine *m, uint32_t i, uint32_t *first, uint32_t *last)
{
    const uint32_t size = 2u << (m->mpu_attributes[i] >> 1 & 31), base = m->mpu_base[i] & ~(size - 1);
    *first = base & ~(PAGE - 1);
    *last = (base + size - 1) | (PAGE - 1);
}

bool mpu_is_fine(const struct machine *m, uint32_t address)
{
    uint32_t first, last;
    for (uint32_t i = 0; i < m->options.mpu_regions && m->has_fine_pages; i++)
        if (is_fine_region(m, i)) {
            pages_of(m, i, &first, &last);
            if (address >= first && address <= last)
                return true;
        }
    return false;
}

/* Whether the permissions differ within a page; *open becomes all that some part of it has. */
static bool is_fine(struct machine *m, uint32_t page, bool privileged, uint32_t *open)
{
    const uint32_t first = mpu_perms(m, page, privileged);
    bool differs = false;
    *open = first;
    for (uint32_t at = FINEST; at < PAGE && m->has_fine_pages; at += FINEST) {
        const uint32_t perms = mpu_perms(m, page + at, privileged);
        differs |= perms != first;
        *open |= perms;
    }
    return differs;
}

static uint32_t wanted(uc_mem_type type)
{
    return type == UC_MEM_FETCH ? UC_PROT_EXEC : type == UC_MEM_WRITE ? UC_PROT_WRITE : UC_PROT_READ;
}

bool mpu_fill(struct machine *m, uint32_t address, uc_mem_type type, uc_tlb_entry *entry)
{
    uint32_t open;
    is_fine(m, address & ~(PAGE - 1), is_privileged(m), &open);
    if (address >= 0xfffffc00) /* where exception returns go: nothing is mapped, which tells of them */
        open = UC_PROT_EXEC;
    entry->paddr = address & ~(PAGE - 1);
    if (type != UC_MEM_FETCH) /* writing is slow where code may be: see memory.c */
        open &= ~(uint32_t)UC_PROT_EXEC;
    entry->perms = (uc_prot)(m->is_probing ? UC_PROT_ALL : open);
    if (m->is_probing || (open & wanted(type)) == wanted(type))
        return true;
    m->fault_address = address; /* of the page: see mpu_probe() */
    m->fault_status = type == UC_MEM_FETCH ? IACCVIOL : DACCVIOL | MMARVALID;
    m->is_address_of_page = type != UC_MEM_FETCH;
    return false;
}

static bool on_fill(uc_engine *engine, uint64_t address, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
    (void)engine;
    return mpu_fill(user, (uint32_t)address, type, entry);
}

/* Every access, while some page is fine. */
static void on_access(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
    struct machine *m = user;
    (void)engine, (void)value;
    if (m->fault_status || mpu_allows(m, (uint32_t)address, (uint32_t)size, wanted(type), is_privileged(m))) {
        forget_it_block(m);
        return;
    }
    refuse(m, DACCVIOL | MMARVALID, (uint32_t)address);
    m->refused_size = type == UC_MEM_WRITE ? (uint32_t)size : 0;
    memory_copy(m, m->refused, (uint32_t)address, m->refused_size);
}

/* unicorn writes all the same: put back what was there. */
void mpu_undo(struct machine *m)
{
    uint8_t *place = memory_at(m, m->fault_address, m->refused_size, 0);
    if (place && m->refused_size)
        memcpy(place, m->refused, m->refused_size);
    m->refused_size = 0;
}

/* While somebody looks at accesses, unicorn tells of them in code that it translates from then on. */
static void flush_if(struct machine *m, bool is_changed)
{
    if (is_changed)
        unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TB_FLUSH, 0));
}

/*
 * Look at every access, if a border goes through any page.  Not at that page's alone: unicorn would tell nobody of the
 * others, and leave the state of its IT block behind all the same (forget_it_block()).
 */
static void look_at_pages(struct machine *m)
{
    const bool was_looking = m->fine_count;
    for (uint32_t i = 0; i < m->fine_count; i++)
        unicorn.hook_del(m->engine, m->fine_hooks[i]);
    m->fine_count = 0;
    for (uint32_t i = 0; i < m->options.mpu_regions && m->mpu_control & ENABLE && !m->fine_count; i++)
        if (is_fine_region(m, i))
            add_hook(m, &m->fine_hooks[m->fine_count++], UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, HOOK(on_access), m, 1, 0);
    m->has_fine_pages = m->fine_count;
    m->cared = 0; /* which blocks need no looking at is to be found out again */
    flush_if(m, was_looking != m->has_fine_pages);
}

/* Whether unicorn's pages still hold: they depend on the registers, the privilege, and whether the MPU is off in here. */
static bool is_current(struct machine *m)
{
    const uint32_t key = (m->mpu_control & ENABLE) << 2 | (uint32_t)is_privileged(m) << 1 | (uint32_t)is_off(m);
    const bool is_same = key == m->mpu_key && !m->is_mpu_changed;
    m->mpu_key = key;
    m->is_mpu_changed = false;
    return is_same;
}

/* Make unicorn's translation follow what has changed. */
void mpu_apply(struct machine *m)
{
    uc_hook handle;
    const bool is_on = m->mpu_control & ENABLE, is_changed = m->is_mpu_changed;
    if ((!is_on && !m->is_translated) || is_current(m))
        return;
    if (is_on && !m->is_translated) {
        unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TLB_TYPE, 1), UC_TLB_VIRTUAL);
        add_hook(m, &handle, UC_HOOK_TLB_FILL, HOOK(on_fill), m, 1, 0);
        m->is_translated = true;
    }
    if (is_changed)
        look_at_pages(m);
    if (m->is_translated)
        unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TLB_FLUSH, 0));
}

/*
 * A page was refused, and the address within it is not known: run the instruction again with all pages open
 * and every access looked at, up to the one that is refused.
 */
void mpu_probe(struct machine *m)
{
    const uint32_t status = m->fault_status, address = m->fault_address, pc = reg_get(m, UC_ARM_REG_PC);
    m->is_address_of_page = false;
    m->is_probing = true;
    m->is_probed = false;
    m->meter.left = 0; /* each block is told */
    m->fault_status = 0;
    add_hook(m, &m->probe_hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, HOOK(on_access), m, 1, 0);
    flush_if(m, !m->fine_count);
    unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TLB_FLUSH, 0));
    run_alone(m, pc);
    mpu_undo(m);
    unicorn.hook_del(m->engine, m->probe_hook);
    flush_if(m, !m->fine_count);
    unicorn.ctl(m->engine, UC_CTL_WRITE(UC_CTL_TLB_FLUSH, 0));
    m->is_probing = false;
    m->trap = 0;
    if (!m->fault_status)
        m->fault_address = address;
    m->fault_status = status;
}

/* --- registers (B3.5.5 to B3.5.9) ---------------------------------------------------------------- */

uint32_t mpu_read(struct machine *m, uint32_t offset)
{
    const uint32_t number = m->mpu_number & 7; /* from 0xda4 on they are aliases (B3.5.10) */
    if (offset == 0xd90 || !m->options.mpu_regions)
        return m->options.mpu_regions << 8;
    if (offset == 0xd94)
        return m->mpu_control;
    if (offset == 0xd98)
        return m->mpu_number;
    return (offset & 7) == 4 ? m->mpu_base[number] | number : m->mpu_attributes[number];
}

static void write_base(struct machine *m, uint32_t number, uint32_t value)
{
    if (value & 16) /* VALID: the region is named here */
        m->mpu_number = number = value & 7;
    m->mpu_base[number] = value & ~31u;
}

void mpu_write(struct machine *m, uint32_t offset, uint32_t value)
{
    const uint32_t number = m->mpu_number & 7; /* from 0xda4 on they are aliases (B3.5.10) */
    if (!m->options.mpu_regions || offset == 0xd90)
        return;
    if (offset == 0xd94)
        m->mpu_control = value & 7;
    else if (offset == 0xd98)
        m->mpu_number = value & 7;
    else if ((offset & 7) == 4)
        write_base(m, number, value);
    else
        m->mpu_attributes[number] = value & 0x173fff3f;
    m->is_mpu_changed = true;
    look_soon(m);
}
