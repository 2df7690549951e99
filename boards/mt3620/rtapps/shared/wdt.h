/* WDT: the watchdog of a core. Every register wants its key. */
#ifndef WDT_H
#define WDT_H

#include "mt3620.h"

#define WDT_MODE REGISTER(WDT_BASE + 0x30u)
#define WDT_LENGTH REGISTER(WDT_BASE + 0x34u)
#define WDT_RESTART REGISTER(WDT_BASE + 0x38u)
#define WDT_STATUS REGISTER(WDT_BASE + 0x3Cu) /* 15 timed out, 14 reset by software, before this start */

enum { WDT_TIMED_OUT = 1 << 15, WDT_BY_SOFTWARE = 1 << 14 };
enum { WDT_TICKS_A_SECOND = 32 };

/* Restart the count. */
static inline void wdt_kick(void) {
    WDT_RESTART = 0x1971;
}

/* Reset the core unless it is kicked every `ticks` (1..2048) thirty-seconds of a second. */
static inline void wdt_start(uint32_t ticks) {
    WDT_LENGTH = ((ticks - 1) & 0x7FFu) << 5 | 0x08;
    wdt_kick();
    WDT_MODE = 0x22 << 8 | 1;
}

#endif
