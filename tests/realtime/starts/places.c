/* Where everything is, and that an interrupt set in the copied table comes from there. */
#include <stdio.h>

#include "gpt.h"
#include "start.h"

static uint32_t given = 0x600D, zero;
static volatile uint32_t fired;

static const char *name(uintptr_t at) {
    return at >= SYSRAM ? "SYSRAM" : at >= FLASH ? "flash" : "TCM";
}

#ifdef MOVED
static void expired(void) {
    (void)gpt_take();
    fired++;
}
#endif

int main(void) {
    uint32_t here = 0;
    static const char code[] = "code";
    printf("%s %s, constants %s, data %s, stack %s: %x %u\n", code, name((uintptr_t)&main), name((uintptr_t)code),
           name((uintptr_t)&given), name((uintptr_t)&here), (unsigned)given, (unsigned)zero);
#ifdef MOVED
    handle(IRQ_gpt01, expired);
    gpt_repeat(0, 33);
    while (fired < 3) {
    }
    printf("fired\n");
#endif
    return 0;
}
