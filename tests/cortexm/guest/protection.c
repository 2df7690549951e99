/*
 * Memory protection: who may read, write and execute what, by every rule of the regions.
 */
#include "guest.h"

#define ON 1u
#define HFNMIENA 2u
#define PRIVDEFENA 4u
#define SIZE(bits) (((bits)-1u) << 1)
#define AP(value) ((uint32_t)(value) << 24)
#define XN (1u << 28)
#define AREA 0x20004000u

static volatile uint32_t faulted, is_on;

static void on_fault(const struct trap *trap)
{
    faulted = 1;
    report(trap);
    show("pc", trap->frame->pc >= 0x20000000 ? trap->frame->pc : 0);
    set_control(get_control() & ~1u);
    trap->frame->pc = resume_at & ~1u;
    trap->frame->xpsr = (trap->frame->xpsr & 0xf80f03ff) | 1u << 24;
}

static void region(uint32_t number, uint32_t base, uint32_t attributes)
{
    MPU_RNR = number;
    MPU_RBAR = base;
    MPU_RASR = attributes;
}

static void off(void)
{
    is_on = 0;
    MPU_CTRL = 0;
    for (uint32_t i = 0; i < 8; i++)
        region(i, 0, 0);
    region(0, 0, AP(3) | SIZE(18) | ON); /* the program itself */
    region(1, 0x20010000, AP(3) | SIZE(16) | ON);
    region(4, 0x40004000, AP(3) | XN | SIZE(12) | ON); /* what it prints to */
    barrier();
}

static void on(uint32_t bits)
{
    is_on = 1;
    MPU_CTRL = ON | bits;
    barrier();
}

void touch_read(void);
void touch_write(void);
void touch_byte(void);
void touch_run(void);
void touch_many(void);
void touch_walk(void);
__asm__(".thumb_func\ntouch_read: ldr r2, [r0]\n bx lr\n"
        ".thumb_func\ntouch_write: str r1, [r0]\n bx lr\n"
        ".thumb_func\ntouch_byte: strb r1, [r0]\n bx lr\n"
        ".thumb_func\ntouch_run: push {r4, lr}\n adds r0, #1\n blx r0\n pop {r4, pc}\n"
        ".thumb_func\ntouch_walk: movs r3, #64\n 1: str r1, [r0], #4\n subs r3, #1\n bne 1b\n bx lr\n"
        ".thumb_func\ntouch_many: ldm r0, {r1, r2, r3, r12}\n bx lr\n");

static void touch(const char *name, void (*code)(void), uint32_t address, uint32_t unprivileged)
{
    faulted = 0;
    print(name);
    show("at", address);
    print(unprivileged ? " by anyone" : "");
    MPU_CTRL &= ~ON; /* what is written is looked at without it */
    barrier();
    for (uint32_t i = 0; i < 64; i++)
        ((volatile uint32_t *)AREA)[i] = 0x4770;
    MPU_CTRL |= ON & is_on;
    barrier();
    attempt(code, address, 0x47704770, unprivileged);
    MPU_CTRL &= ~ON;
    barrier();
    uint32_t changed = 0;
    for (uint32_t i = 0; i < 64; i++)
        changed += ((volatile uint32_t *)AREA)[i] != 0x4770;
    show("changed", changed);
    MPU_CTRL |= ON & is_on;
    barrier();
    print(faulted ? "\n" : " fine\n");
}

static void touch_all(uint32_t address)
{
    for (uint32_t unprivileged = 0; unprivileged < 2; unprivileged++) {
        touch("read", touch_read, address, unprivileged);
        touch("write", touch_write, address, unprivileged);
        touch("run", touch_run, address, unprivileged);
    }
}

static void permissions(void)
{
    for (uint32_t ap = 0; ap < 8; ap++)
        for (uint32_t xn = 0; xn < 2; xn++) {
            if (ap == 4)
                continue;
            off();
            REG(AREA) = 0x4770;
            region(2, AREA, AP(ap) | (xn ? XN : 0) | SIZE(12) | ON);
            on(0);
            touch_all(AREA);
        }
}

/* Borders of regions of every size from 32 bytes on. */
static void sizes(void)
{
    for (uint32_t bits = 5; bits < 14; bits++) {
        off();
        region(2, AREA, AP(1) | SIZE(bits) | ON);
        region(3, AREA + (1u << bits), AP(6) | SIZE(bits) | ON);
        on(PRIVDEFENA);
        touch("read", touch_read, AREA - 4, 1);
        touch("read", touch_read, AREA, 1);
        touch("read", touch_read, AREA, 0);
        touch("read", touch_read, AREA + (1u << bits) - 4, 1);
        touch("byte", touch_byte, AREA + (1u << bits) - 1, 1);
        touch("read", touch_read, AREA + (1u << bits), 1);
        touch("write", touch_write, AREA + (1u << bits), 0);
        touch("byte", touch_byte, AREA + (2u << bits) - 1, 0);
        touch("write", touch_write, AREA + (2u << bits), 0);
        touch("walk", touch_walk, AREA, 1);
        touch("many", touch_many, AREA + (1u << bits) - 8, 1);
    }
}

static void subregions(void)
{
    for (uint32_t bits = 8; bits < 13; bits += 2)
        for (uint32_t which = 0; which < 8; which++) {
            off();
            region(2, AREA, AP(3) | SIZE(bits) | (0x55u << 8 ^ 1u << (8 + which)) | ON);
            on(PRIVDEFENA);
            touch("read", touch_read, AREA + (which << (bits - 3)), 1);
            touch("write", touch_write, AREA + ((which + 1) << (bits - 3)) - 4, 1);
        }
}

/* The highest number wins; what no region has is the background's, or nobody's. */
static void overlaps(void)
{
    for (uint32_t high = 0; high < 2; high++) {
        off();
        region(high ? 7 : 3, AREA, AP(1) | SIZE(10) | ON);
        region(high ? 3 : 7, AREA, AP(3) | SIZE(12) | ON);
        on(PRIVDEFENA);
        touch("read", touch_read, AREA + 0x10, 1);
        touch("read", touch_read, AREA + 0x410, 1);
        touch("read", touch_read, AREA + 0x1010, 1);
        touch("read", touch_read, AREA + 0x1010, 0);
        on(0);
        touch("read", touch_read, AREA + 0x1010, 0);
        touch("read", touch_read, 0x40005004, 0);
        touch("run", touch_run, 0x40005000, 0);
        touch("read", touch_read, 0xe000ed00, 0);
        touch("read", touch_read, 0xe000ed00, 1);
        touch("write", touch_write, 0xe000ed28, 1);
        touch("byte", touch_byte, 0xe000e100, 1);
    }
    off();
    touch("read", touch_read, 0xe000ed00, 1);
    touch("write", touch_write, 0xe000e100, 1);
    touch("read", touch_read, 0xe000e014, 1);
}

int main(void)
{
    handlers[HARD_FAULT] = handlers[MEM_MANAGE] = handlers[BUS_FAULT] = handlers[USAGE_FAULT] = on_fault;
    print("type");
    print_hex(REG(0xe000ed90));
    end_line();
    for (uint32_t enabled = 0; enabled < 2; enabled++) {
        SHCSR = enabled ? FAULTS_ON : 0;
        permissions();
        sizes();
        subregions();
        overlaps();
        MPU_CTRL = 0;
        barrier();
    }
    return 0;
}
