/* MBOX to the main core: pairs of command and data, and software interrupts. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdint.h>

#include "mt3620.h"

#define MBOX_SOFTWARE_SEND REGISTER(MBOX_A7_BASE + 0x14u)   /* bit n: interrupt n at the other side */
#define MBOX_SOFTWARE_ENABLE REGISTER(MBOX_A7_BASE + 0x18u)
#define MBOX_SOFTWARE_STATUS REGISTER(MBOX_A7_BASE + 0x1Cu) /* write 1 to clear */
#define MBOX_POP_COMMAND REGISTER(MBOX_A7_BASE + 0x50u)     /* takes the pair: read the data first */
#define MBOX_POP_DATA REGISTER(MBOX_A7_BASE + 0x54u)
#define MBOX_POP_COUNT REGISTER(MBOX_A7_BASE + 0x58u)

#endif
