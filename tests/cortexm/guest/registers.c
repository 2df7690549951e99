/*
 * System registers: what they are after reset, which bits can be written, what writing does.
 */
#include "guest.h"

static const struct {
    const char *name;
    uint32_t address;
} WORDS[] = {
    {"ICSR", 0xe000ed04},  {"VTOR", 0xe000ed08},  {"AIRCR", 0xe000ed0c}, {"SCR", 0xe000ed10},      {"CCR", 0xe000ed14},
    {"SHPR1", 0xe000ed18}, {"SHPR2", 0xe000ed1c}, {"SHPR3", 0xe000ed20}, {"SHCSR", 0xe000ed24},    {"CFSR", 0xe000ed28},
    {"HFSR", 0xe000ed2c},  {"DFSR", 0xe000ed30},  {"MMFAR", 0xe000ed34}, {"BFAR", 0xe000ed38},     {"CPACR", 0xe000ed88},
    {"TYPE", 0xe000ed90},  {"MCTRL", 0xe000ed94}, {"RNR", 0xe000ed98},   {"FPCCR", 0xe000ef34},    {"FPDSCR", 0xe000ef3c},
    {"MVFR0", 0xe000ef40}, {"MVFR1", 0xe000ef44}, {"ISER0", 0xe000e100}, {"ICER0", 0xe000e180},    {"ISPR0", 0xe000e200},
    {"ICPR0", 0xe000e280}, {"IABR0", 0xe000e300}, {"IPR0", 0xe000e400},  {"IPR7", 0xe000e41c},     {"CSR", 0xe000e010},
    {"RVR", 0xe000e014},   {"PFR0", 0xe000ed40},  {"PFR1", 0xe000ed44},  {"DFR0", 0xe000ed48},
};

/* What can be set, in registers that do nothing by themselves. */
static const struct {
    const char *name;
    uint32_t address, value;
} WRITES[] = {
    {"VTOR", 0xe000ed08, 0xffffff80}, {"SCR", 0xe000ed10, 0x12},        {"CCR", 0xe000ed14, 0x31b},
    {"SHPR1", 0xe000ed18, ~0u},       {"SHPR2", 0xe000ed1c, ~0u},       {"SHPR3", 0xe000ed20, ~0u},
    {"SHPR1", 0xe000ed18, 0},         {"SHPR2", 0xe000ed1c, 0},         {"SHPR3", 0xe000ed20, 0},
    {"SHCSR", 0xe000ed24, 0x70000},   {"SHCSR", 0xe000ed24, 0},         {"MMFAR", 0xe000ed34, 0x12345678},
    {"BFAR", 0xe000ed38, 0x87654321}, {"IPR0", 0xe000e400, 0xa0c0e020}, {"IPR7", 0xe000e41c, 0x20406080},
    {"AIRCR", 0xe000ed0c, 0x700},     {"AIRCR", 0xe000ed0c, 0x05fa0500}, {"AIRCR", 0xe000ed0c, 0x05fa0000},
    {"ISER0", 0xe000e100, 0xff},      {"ICER0", 0xe000e180, 0x0f},      {"ICER0", 0xe000e180, 0xf0},
    {"RVR", 0xe000e014, 0x123456},    {"RNR", 0xe000ed98, 5},           {"RBAR", 0xe000ed9c, 0x20000000},
    {"RASR", 0xe000eda0, 0x1307002b}, {"RBAR", 0xe000ed9c, 0x20001012}, {"RNR", 0xe000ed98, 2},
    {"RBAR", 0xe000eda4, 0x20002013}, {"RASR", 0xe000eda8, 0x03000009}, {"RNR", 0xe000ed98, 3},
    {"RASR", 0xe000eda0, 0},          {"CPACR", 0xe000ed88, 0xf00000},  {"CPACR", 0xe000ed88, 0x500000},
    {"CPACR", 0xe000ed88, 0},
};

static void show_all(const char *title)
{
    print(title);
    end_line();
    for (uint32_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        show(WORDS[i].name, REG(WORDS[i].address));
        end_line();
    }
}

static uint32_t seen;

static void on_irq(const struct trap *trap)
{
    seen = seen << 8 | trap->number;
    show("icsr", ICSR & ~0xff000u);
    show("iabr", IABR);
    show("shcsr", SHCSR);
}

static void special(const char *name, uint32_t value)
{
    show(name, value);
    end_line();
}

static void special_registers(void)
{
    SET("primask", 0xffffffff);
    special("primask", GET("primask"));
    SET("primask", 0);
    SET("basepri", 0x1e0);
    special("basepri", GET("basepri"));
    SET("basepri_max", 0xe0);
    special("kept", GET("basepri"));
    SET("basepri_max", 0x20);
    special("lowered", GET("basepri"));
    SET("basepri_max", 0);
    special("zero", GET("basepri"));
    SET("basepri", 0);
    SET("faultmask", 1);
    special("faultmask", GET("faultmask"));
    SET("faultmask", 0);
    SET("psp", SCRATCH + 0x8000);
    special("psp", GET("psp"));
    for (uint32_t low = 0; low < 4; low++) {
        SET("psp", SCRATCH + 0x8000 + low);
        special("psp", GET("psp"));
        uint32_t old = GET("msp");
        __asm__ volatile("msr msp, %1\n mrs r1, msp\n msr msp, %0\n sub %0, r1, %0" : "+r"(old) : "r"(old + low - 64) : "r1");
        special("msp", old);
    }
    SET("control", 2);
    special("control", GET("control"));
    SET("control", 0);
    special("ipsr", GET("ipsr"));
    special("epsr", GET("epsr"));
    special("xpsr", GET("xpsr") & 0x1ff);
}

/* Active and pending states as handlers see them. */
static void states(void)
{
    static const uint32_t pends[] = {PENDSVSET, PENDSTSET, PENDSVSET | PENDSTSET, 1u << 31};
    for (uint32_t i = NMI; i < 48; i++)
        handlers[i] = on_irq;
    ISER = 0x80000003;
    for (uint32_t i = 0; i < 4; i++) {
        SET("primask", 1);
        seen = 0;
        ICSR = pends[i];
        barrier();
        show("pending", ICSR & ~0xff000u);
        show("shcsr", SHCSR);
        SET("primask", 0);
        show("seen", seen);
        end_line();
    }
    SET("primask", 1);
    ISPR = 0x80000002;
    barrier();
    show("icsr", ICSR);
    show("ispr", ISPR);
    ICPR = 2;
    show("icpr", ICPR);
    SET("primask", 0);
    show("seen", seen);
    end_line();
}

int main(void)
{
    show_all("reset");
    for (uint32_t i = 0; i < sizeof WRITES / sizeof *WRITES; i++) {
        REG(WRITES[i].address) = WRITES[i].value;
        barrier();
        show(WRITES[i].name, REG(WRITES[i].address));
        end_line();
    }
    VTOR = 0;
    CCR = 0x200;
    SCR = 0;
    barrier();
    show_all("again");
    special_registers();
    states();
    return 0;
}
