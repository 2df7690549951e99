/* Messages to and from an app of the main core, by two rings in memory that both cores reach. */
#ifndef RINGS_H
#define RINGS_H

#include <stdint.h>

enum { MESSAGE_MOST = 1024, COMPONENT_ID_SIZE = 16 };

struct message {
    uint8_t app[COMPONENT_ID_SIZE]; /* whom it is from, or for */
    uint32_t size;
    uint8_t data[MESSAGE_MOST];
};

/* Wait until the main core has told where the rings are, and listen for its doorbell. */
void rings_open(void);
/* Returns 1 and fills `message` if one waits; 0 if none does; -1 if what the ring says cannot be. */
int rings_receive(struct message *message);
/* Returns 1, or 0 if there is no room now. */
int rings_send(const struct message *message);

#endif
