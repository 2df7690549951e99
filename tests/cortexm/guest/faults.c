/*
 * Each fault: what the status registers say, what is stacked, and who takes it.
 */
#include "guest.h"

/* Where nothing answers, on both. */
#define NOWHERE 0x70000000u

/* Run `code` with r0 to r3 given; the fault's handler comes back behind it. */
static void run(const char *name, void (*code)(void), uint32_t r0, uint32_t r1)
{
    print(name);
    attempt(code, r0, r1, 0);
    print(" done\n");
}

#define CODE(name, text)                                                                                               \
    void name(void);                                                                                                   \
    __asm__(".thumb_func\n" #name ":\n" text "\n bx lr\n")

CODE(udf_narrow, "udf #1");
CODE(udf_wide, "udf.w #0x1234");
CODE(undefined_data, ".hword 0xeac8, 0x8000, 0xfb80, 0xff0f");
CODE(coprocessor, "mrc p1, 0, r0, c0, c0, 0");
CODE(load_word, "ldr r2, [r0]");
CODE(load_half, "ldrh r2, [r0, #2]");
CODE(load_byte, "ldrb r2, [r0, #3]");
CODE(load_signed, "ldrsh r2, [r0, #6]");
CODE(load_double, "ldrd r2, r3, [r0]");
CODE(load_many, "ldm r0, {r2, r3}");
CODE(load_index, "ldr r2, [r0], #4");
CODE(load_float, "vldr s0, [r0]");
CODE(store_word, "str r1, [r0]");
CODE(store_half, "strh r1, [r0, #2]");
CODE(store_byte, "strb r1, [r0, #1]");
CODE(store_double, "strd r1, r1, [r0]");
CODE(store_many, "stm r0, {r1, r2}");
CODE(store_before, "str r1, [r0, #-4]!");
CODE(exclusive, "ldrex r2, [r0]");
CODE(exclusive_byte, "ldrexb r2, [r0]");
CODE(branch_table, "tbb [r0, r1]");
CODE(jump, "bx r0");
CODE(jump_load, "ldr pc, [r0]");
CODE(call, "push {r4, lr}\n blx r0\n pop {r4, pc}");
CODE(pop_even, "bic r2, lr, #3\n push {r2}\n pop {pc}");
CODE(divide, "udiv r2, r0, r1");
CODE(divide_signed, "sdiv r2, r0, r1");
CODE(divide_many, "udiv r2, r1, r1\n adds r0, #1\n sdiv r3, r0, r1\n udiv r2, r0, r1");
CODE(add_float, "vadd.f32 s0, s1, s2");
CODE(move_float, "vmov r2, s3");
CODE(status_float, "vmrs r2, fpscr");
CODE(in_block, "cmp r0, r0\n ite eq\n ldreq r2, [r0]\n movne r2, #1");
CODE(in_block_late, "cmp r0, r0\n itete eq\n moveq r2, #1\n movne r2, #2\n ldreq r2, [r0]\n movne r3, #3");
CODE(in_block_skipped, "cmp r0, r0\n itt ne\n ldrne r2, [r0]\n ldrne r3, [r0]");
CODE(in_block_undefined, "cmp r0, r0\n it eq\n udfeq #3");
CODE(in_block_float, "cmp r0, r0\n itt ne\n vaddne.f32 s0, s1, s2\n movne r2, #0");
CODE(in_block_divide, "cmp r0, r0\n itet eq\n addeq r2, #1\n addne r2, #2\n udiveq r3, r0, r1");
CODE(in_block_no_divide, "cmp r0, r0\n ite ne\n sdivne r3, r0, r1\n addeq r2, #1");
CODE(in_block_float_taken, "cmp r0, r0\n itt eq\n addeq r2, #1\n vaddeq.f32 s0, s1, s2");
CODE(hints, "nop\n nop.w\n yield\n yield.w\n sev\n wfe\n sev.w\n wfe.w\n dmb\n clrex");

static void usual(void)
{
    run("udf", udf_narrow, 0, 0);
    run("udf.w", udf_wide, 0, 0);
    run("undefined", undefined_data, 0, 0);
    run("coprocessor 1", coprocessor, 0, 0);
    run("ldr", load_word, NOWHERE, 0);
    run("ldrh", load_half, NOWHERE, 0);
    run("ldrb", load_byte, NOWHERE, 0);
    run("ldrsh", load_signed, NOWHERE, 0);
    run("ldrd", load_double, NOWHERE, 0);
    run("ldm", load_many, NOWHERE, 0);
    run("ldr post", load_index, NOWHERE, 0);
    run("vldr", load_float, NOWHERE, 0);
    run("str", store_word, NOWHERE, 1);
    run("strh", store_half, NOWHERE, 1);
    run("strb", store_byte, NOWHERE, 1);
    run("strd", store_double, NOWHERE, 1);
    run("stm", store_many, NOWHERE, 1);
    run("str pre", store_before, NOWHERE, 1);
    run("ldrex", exclusive, NOWHERE, 1);
    run("ldrexb", exclusive_byte, NOWHERE, 1);
    run("tbb", branch_table, NOWHERE, 1);
    run("bx nowhere", jump, NOWHERE + 1, 0);
    run("bx device", jump, 0x40000001, 0);
    run("ldr pc nowhere", jump_load, NOWHERE, 0);
    run("blx even", call, (uint32_t)udf_narrow & ~1u, 0);
    run("bx even", jump, 0x100, 0);
    run("pop even", pop_even, 0, 0);
    run("it, first", in_block, NOWHERE, 0);
    run("it, third", in_block_late, NOWHERE, 0);
    run("it, skipped", in_block_skipped, NOWHERE, 0);
    run("it, udf", in_block_undefined, 0, 0);
    run("bx exc_return in thread", jump, 0xfffffff9, 0);
    run("hints", hints, 0, 0);
}

static void traps(void)
{
    run("divide, no trap", divide, 5, 0);
    CCR |= 16;
    run("udiv", divide, 5, 0);
    run("sdiv", divide_signed, 5, 0);
    run("udiv by one", divide, 5, 1);
    run("second of three", divide_many, 5, 0);
    run("it, udiv", in_block_divide, 5, 0);
    run("it, udiv by one", in_block_divide, 5, 1);
    run("it, skipped sdiv", in_block_no_divide, 5, 0);
    CCR &= ~16u;
    run("unaligned, no trap", load_word, SCRATCH + 1, 0);
    CCR |= 8;
    run("ldr unaligned", load_word, SCRATCH + 1, 0);
    run("ldrh unaligned", load_half, SCRATCH + 1, 0);
    run("ldrb", load_byte, SCRATCH, 0);
    run("str unaligned", store_word, SCRATCH + 2, 0);
    run("strh unaligned", store_half, SCRATCH + 3, 0);
    run("ldr aligned", load_word, SCRATCH, 0);
    CCR &= ~8u;
    CPACR = 0;
    barrier();
    run("vadd without floats", add_float, 0, 0);
    run("vmov without floats", move_float, 0, 0);
    run("vmrs without floats", status_float, 0, 0);
    run("vldr without floats", load_float, SCRATCH, 0);
    run("it, skipped float", in_block_float, 0, 0);
    run("it, float", in_block_float_taken, 0, 0);
    CPACR = 5 << 20;
    barrier();
    run("vadd with privilege", add_float, 0, 0);
    CPACR = 0xf << 20;
    barrier();
    run("vadd", add_float, 0, 0);
}

static void all(const char *title, uint32_t shcsr)
{
    print(title);
    end_line();
    SHCSR = shcsr;
    barrier();
    usual();
    traps();
}

int main(void)
{
    CPACR = 0xf << 20;
    FPCCR = 1u << 31;
    barrier();
    set_control(0);
    all("faults are hard faults", 0);
    all("faults are enabled", FAULTS_ON);
    all("bus faults alone", 1u << 17);
    return 0;
}
