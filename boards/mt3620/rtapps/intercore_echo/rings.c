#include "rings.h"

#include "cortex.h"
#include "mailbox.h"

enum { HEADER = 64, GRAIN = 16, SIZE_WORD = 4, ENVELOPE = COMPONENT_ID_SIZE + 4 }; /* bytes; id and a reserved word */
enum { SENT = 1, RECEIVED = 2 };                          /* doorbells that we ring */
enum { THEY_SENT = 1 << 1 };                              /* the one that we hear */
#define WE_WRITE 0xBA5E0001u
#define WE_READ 0xBA5E0002u
#define END 0xBA5E0003u

/* The ring that we write and the one that we read. Each side writes its own ring's header only. */
struct ring {
    volatile uint32_t written; /* where its owner writes next */
    volatile uint32_t read;    /* how far its owner has read the other ring */
    uint32_t unused[14];
    uint8_t data[];
};
_Static_assert(sizeof(struct ring) == HEADER, "a line of the main core's cache");

static struct ring *ours, *theirs;
static uint32_t capacity;

/* A descriptor: the address, and in its lowest five bits the logarithm of the size. */
static struct ring *take(uint32_t descriptor) {
    capacity = (1u << (descriptor & 0x1Fu)) - HEADER;
    return (struct ring *)(uintptr_t)(descriptor & ~0x1Fu);
}

void rings_open(void) {
    uint32_t command;
    do {
        while (!MBOX_POP_COUNT) {
        }
        uint32_t data = MBOX_POP_DATA;
        command = MBOX_POP_COMMAND;
        if (command == WE_WRITE) {
            ours = take(data);
        } else if (command == WE_READ) {
            theirs = take(data);
        }
    } while (command != END);
    MBOX_SOFTWARE_ENABLE = THEY_SENT;
    MBOX_SOFTWARE_STATUS = THEY_SENT;
    irq_enable(IRQ_a7_software, 2);
}

static uint32_t advance(uint32_t place, uint32_t bytes) {
    place += bytes;
    return place >= capacity ? place - capacity : place;
}

static uint32_t distance(uint32_t from, uint32_t to) {
    return to >= from ? to - from : to + capacity - from;
}

static uint32_t block_bytes(uint32_t size) {
    return (SIZE_WORD + size + GRAIN - 1) & ~(uint32_t)(GRAIN - 1);
}

static void read_bytes(uint32_t place, uint8_t *to, uint32_t count) {
    for (uint32_t at = 0; at < count; at++) {
        to[at] = theirs->data[advance(place, at)];
    }
}

static void write_bytes(uint32_t place, const uint8_t *from, uint32_t count) {
    for (uint32_t at = 0; at < count; at++) {
        ours->data[advance(place, at)] = from[at];
    }
}

int rings_receive(struct message *message) {
    uint32_t place = ours->read, written = theirs->written;
    if (written >= capacity || written % GRAIN) {
        return -1;
    }
    uint32_t waiting = distance(place, written), size;
    if (waiting == 0) {
        return 0;
    }
    barrier(); /* what was written before the position is seen after it */
    read_bytes(place, (uint8_t *)&size, SIZE_WORD);
    if (size < ENVELOPE || size > ENVELOPE + MESSAGE_MOST || block_bytes(size) > waiting) {
        return -1;
    }
    message->size = size - ENVELOPE;
    read_bytes(advance(place, SIZE_WORD), message->app, COMPONENT_ID_SIZE);
    read_bytes(advance(place, SIZE_WORD + ENVELOPE), message->data, message->size);
    ours->read = advance(place, block_bytes(size));
    barrier();
    MBOX_SOFTWARE_SEND = RECEIVED;
    return 1;
}

int rings_send(const struct message *message) {
    static const uint32_t reserved;
    uint32_t place = ours->written, size = ENVELOPE + message->size;
    uint32_t used = distance(theirs->read, place);
    if (message->size > MESSAGE_MOST || capacity - used < SIZE_WORD + size + GRAIN) {
        return 0;
    }
    write_bytes(place, (const uint8_t *)&size, SIZE_WORD);
    write_bytes(advance(place, SIZE_WORD), message->app, COMPONENT_ID_SIZE);
    write_bytes(advance(place, SIZE_WORD + COMPONENT_ID_SIZE), (const uint8_t *)&reserved, sizeof reserved);
    write_bytes(advance(place, SIZE_WORD + ENVELOPE), message->data, message->size);
    barrier();
    ours->written = advance(place, block_bytes(size));
    barrier();
    MBOX_SOFTWARE_SEND = SENT;
    return 1;
}
