/* A blocking wait at full speed: GPT1 runs down from all ones at 993 Hz and is looked at until enough has passed. */
#include "clock.h"
#include "gpt.h"
#include "style.h"

#define GPT1_CNT REGISTER(GPT_BASE + 0x44u)

static void wait(uint32_t counts) {
    GPT_CTRL(1) = GPT_RESTART;
    GPT_ICNT(1) = 0xFFFFFFFFu;
    GPT_CTRL(1) |= GPT_ENABLE;
    while (0xFFFFFFFFu - GPT1_CNT < counts) {
    }
    GPT_CTRL(1) &= ~(uint32_t)GPT_ENABLE;
}

int main(void) {
    clock_use_pll();
    uart_open(DEBUG_UART);
    wait(993);
    say("waited");
    for (;;) {
        wait_for_interrupt();
    }
}
