/*
 * Privilege: accesses as if without it, special registers and system registers for who has none, code that runs
 * into what may not be executed, and the MPU in handlers of faults.
 */
#include "guest.h"

#define ENABLE 1u
#define HFNMIENA 2u
#define PRIVDEFENA 4u
#define AREA 0x20004000u
#define NOWHERE 0x70000000u
#define STIR_ADDRESS 0xe000ef00u

static volatile uint32_t faulted, seen;

static void on_fault(const struct trap *trap)
{
    faulted = 1;
    report(trap);
    show("pc", trap->frame->pc >= AREA && trap->frame->pc < AREA + 0x2000 ? trap->frame->pc : 0);
    show("it", trap->frame->xpsr & 0x0600fc00);
    show("r2", trap->frame->r2);
    set_control(get_control() & ~1u);
    trap->frame->pc = resume_at & ~1u;
    trap->frame->xpsr = (trap->frame->xpsr & 0xf80f03ff) | 1u << 24;
}

static void keep(const struct trap *trap)
{
    seen = trap->frame->r2 ^ trap->frame->r3 << 1;
}

static void region(uint32_t number, uint32_t base, uint32_t bits, uint32_t access, uint32_t is_data)
{
    MPU_RNR = number;
    MPU_RBAR = base;
    MPU_RASR = is_data << 28 | access << 24 | (bits - 1) << 1 | 1;
}

static void usual(void)
{
    MPU_CTRL = 0;
    for (uint32_t i = 0; i < 8; i++) {
        MPU_RNR = i;
        MPU_RASR = 0;
    }
    region(0, 0, 18, 3, 0);
    region(1, 0x20010000, 16, 3, 0);
    region(2, 0x40004000, 12, 3, 1);
    barrier();
}

#define CODE(name, text)                                                                                               \
    void name(void);                                                                                                   \
    __asm__(".thumb_func\n" #name ":\n" text "\n bx lr\n")

CODE(ldrt, "ldrt r2, [r0, #4]");
CODE(ldrbt, "ldrbt r2, [r0, #255]");
CODE(ldrht, "ldrht r2, [r0, #2]");
CODE(ldrsbt, "ldrsbt r2, [r0]");
CODE(ldrsht, "ldrsht r2, [r0, #6]");
CODE(strt, "strt r1, [r0, #8]");
CODE(strbt, "strbt r1, [r0, #1]");
CODE(strht, "strht r1, [r0, #10]");
CODE(taken, "cmp r0, r0\n itet eq\n moveq r2, #5\n movne r2, #7\n ldrteq r3, [r0, #4]\n adds r2, #1");
CODE(skipped, "cmp r0, r0\n itte ne\n ldrtne r2, [r0]\n strtne r1, [r0]\n moveq r2, #9");
CODE(several, "movs r2, #1\n strt r1, [r0]\n adds r2, #1\n ldrt r3, [r0]\n adds r2, #1");
CODE(plain, "ldr r2, [r0, #4]");

static const struct {
    const char *name;
    void (*code)(void);
} ACCESSES[] = {{"ldrt", ldrt},   {"ldrbt", ldrbt}, {"ldrht", ldrht}, {"ldrsbt", ldrsbt}, {"ldrsht", ldrsht},   {"strt", strt},
                {"strbt", strbt}, {"strht", strht}, {"taken", taken}, {"skipped", skipped}, {"several", several}, {"plain", plain}};

static void run(const char *name, void (*code)(void), uint32_t r0, uint32_t control)
{
    print(name);
    show("at", r0);
    show("c", control);
    faulted = seen = 0;
    attempt(code, r0, 0x12345678, control);
    if (!faulted)
        print(" fine");
}

static void access(uint32_t address, uint32_t bits)
{
    for (uint32_t i = 0; i < sizeof ACCESSES / sizeof *ACCESSES; i++)
        for (uint32_t control = 0; control < 2; control++) {
            run(ACCESSES[i].name, ACCESSES[i].code, address, control);
            MPU_CTRL = 0;
            barrier();
            show("word", REG(AREA) ^ REG(AREA + 8) << 1);
            REG(AREA) = REG(AREA + 8) = 0x01020304;
            MPU_CTRL = bits;
            barrier();
            end_line();
        }
}

static void accesses(void)
{
    for (uint32_t ap = 0; ap < 8; ap++) {
        if (ap == 4)
            continue;
        usual();
        region(3, AREA, 12, ap, 1);
        show("ap", ap);
        end_line();
        MPU_CTRL = ENABLE | PRIVDEFENA;
        barrier();
        access(AREA, ENABLE | PRIVDEFENA);
    }
    usual();
    access(AREA, 0);
    access(NOWHERE, 0);
    access(0xe000ed24, 0); /* system registers are nobody's without privilege, whatever the MPU */
    access(0xe000ed24, ENABLE | PRIVDEFENA);
}

CODE(masks, "cpsid i\n msr basepri, r1\n msr faultmask, r1\n cpsid f\n mrs r2, primask\n mrs r3, basepri\n cpsie i\n cpsie f");
CODE(stacks, "mrs r2, psp\n msr psp, r1\n mrs r3, psp\n mrs r2, msp");
CODE(control_up, "movs r2, #0\n msr control, r2\n isb\n mrs r3, control\n mrs r2, ipsr");
CODE(read_scb, "ldr r2, [r0]");
CODE(write_scb, "movs r1, #1\n str r1, [r0]");
CODE(byte_scb, "ldrb r2, [r0]");

static void unprivileged(void)
{
    usual();
    SET("psp", SCRATCH + 0x100);
    run("masks", masks, 0, 1);
    show("masks", GET("primask") << 16 | GET("basepri") << 8 | GET("faultmask"));
    end_line();
    run("stacks", stacks, 0, 1);
    show("psp", GET("psp"));
    end_line();
    run("control", control_up, 0, 1);
    end_line();
    for (uint32_t may_pend = 0; may_pend < 2; may_pend++) {
        CCR = 0x200 | may_pend << 1;
        run("stir", write_scb, STIR_ADDRESS, 1);
        show("pending", ISPR);
        ICPR = ~0u;
        end_line();
    }
    CCR = 0x200;
    static const uint32_t PLACES[] = {0xe000e010, 0xe000e100, 0xe000e400, 0xe000ed00, 0xe000ed14, 0xe000ed90, STIR_ADDRESS, 0xe000edfc};
    for (uint32_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        run("read", read_scb, PLACES[i], 1);
        end_line();
        run("byte", byte_scb, PLACES[i], 1);
        end_line();
        run("write", write_scb, PLACES[i], 1);
        end_line();
    }
}

/*
 * Additions, narrow or wide, up to a border beyond which nothing may be executed: where does it stop?  The border
 * is that of a page; QEMU 7.2 does not see smaller ones.
 */
static void runs_into(uint32_t bits, uint32_t is_wide)
{
    const uint32_t border = AREA + (1u << bits), wide = 0x0201f102, narrow = 0x32013201; /* add.w r2, r2, #1; adds r2, #1 */
    for (uint32_t shift = 0; shift < 4; shift += 2)
        for (uint32_t access = 0; access < 4; access++) {
            usual();
            for (uint32_t at = border - 0x20; at < border + 0x20; at += 4)
                REG(at + shift) = is_wide ? wide : narrow;
            REG(border + 0x20 + shift) = 0x47704770;
            region(3, AREA, 13, 3, 0);
            region(4, border, bits, access & 1 ? 3 : 0, access >> 1 || !(access & 1));
            MPU_CTRL = ENABLE | PRIVDEFENA;
            barrier();
            run(is_wide ? "wide" : "narrow", (void (*)(void))(border - 0x20 + shift + 1), access, 0);
            end_line();
        }
}

/* What handlers of faults reach: the MPU is off in them unless HFNMIENA is set. */
static void reach(const struct trap *trap)
{
    show("in", trap->number);
    show("word", REG(AREA));
    if (trap->number == HARD_FAULT)
        on_fault(trap);
}

static void in_handlers(void)
{
    handlers[HARD_FAULT] = handlers[NMI] = handlers[PEND_SV] = reach;
    for (uint32_t bits = 0; bits < 3; bits++) {
        usual();
        region(3, AREA, 12, bits ? 1 : 0, 1);
        MPU_CTRL = ENABLE | PRIVDEFENA | (bits == 2 ? HFNMIENA : 0);
        barrier();
        show("bits", bits);
        ICSR = 1u << 31;
        barrier();
        SHCSR = 0;
        run("hard", read_scb, NOWHERE, 0);
        SET("faultmask", 1);
        show("masked", REG(AREA));
        SET("faultmask", 0);
        SHCSR = FAULTS_ON;
        run("thread", read_scb, AREA, 0);
        end_line();
    }
}

int main(void)
{
    handlers[HARD_FAULT] = handlers[MEM_MANAGE] = handlers[BUS_FAULT] = handlers[USAGE_FAULT] = on_fault;
    handlers[IRQ0] = keep;
    SHCSR = FAULTS_ON;
    accesses();
    unprivileged();
    for (uint32_t bits = 10; bits < 13; bits++) {
        runs_into(bits, 0);
        runs_into(bits, 1);
    }
    in_handlers();
    return 0;
}
