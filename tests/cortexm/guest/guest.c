#include "guest.h"

#define UART_DATA REG(0x40004000)
#define UART_CTRL REG(0x40004008)
#define UART_BAUD REG(0x40004010)

void *memcpy(void *to, const void *from, unsigned size);
void *memset(void *to, int value, unsigned size);

handler *handlers[48];
volatile uint32_t resume_at;

/* The compiler calls these. */
void *memcpy(void *to, const void *from, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

void *memset(void *to, int value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    return to;
}

static void put(char letter)
{
    UART_BAUD = 16;
    UART_CTRL = 1;
    UART_DATA = (uint8_t)letter;
}

void print(const char *text)
{
    for (; *text; text++)
        put(*text);
}

void print_hex(uint32_t value)
{
    int shift = 28;
    while (shift > 0 && !(value >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

void show(const char *name, uint32_t value)
{
    put(' ');
    print(name);
    put('=');
    print_hex(value);
}

void end_line(void)
{
    put('\n');
}

/* A reset ends both: the machine says so, and QEMU was told not to start again. */
void finish(void)
{
    print("end\n");
    AIRCR = 0x05fa0004;
    for (;;)
        barrier();
}

void report(const struct trap *trap)
{
    show("exception", trap->number);
    show("lr", trap->exc_return);
    show("cfsr", CFSR);
    show("hfsr", HFSR);
    if (CFSR & 0x80)
        show("mmfar", MMFAR);
    if (CFSR & 0x8000)
        show("bfar", BFAR);
    CFSR = CFSR;
    HFSR = HFSR;
}

/* Every exception comes here. */
void trap(uint32_t exc_return, uint32_t msp, uint32_t psp)
{
    struct trap trap = {GET("ipsr") & 0x1ff, exc_return, msp, psp, (struct frame *)(exc_return & 4 ? psp : msp)};
    if (handlers[trap.number]) {
        handlers[trap.number](&trap);
        return;
    }
    report(&trap);
    show("pc", trap.frame->pc);
    show("xpsr", trap.frame->xpsr);
    end_line();
    if (!resume_at)
        finish();
    trap.frame->pc = resume_at & ~1u;
    trap.frame->xpsr = (trap.frame->xpsr & 0xf80f03ff) | 1u << 24;
}
