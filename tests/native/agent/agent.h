/*
 * The agent: it does what a file of requests asks of the engine and writes down what came of it.
 *
 * One source for every build.  It reads a request, `length, operation, count, {length, bytes} ...`, and writes
 * an answer, `length, status, bytes`: 32-bit little-endian numbers, operation and count 16-bit.  What is right
 * is known only to who wrote the requests.
 */
#ifndef AGENT_H
#define AGENT_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

enum status {
    DONE = 0,
    REFUSED = 1,   /* by the engine */
    UNFIT = 2,     /* by the agent: a count or a length that the engine's contract excludes */
    UNKNOWN = 3,   /* no such operation */
    DISAGREES = 4, /* two ways to the same result differ: in place, in pieces, many at once */
    OVERRUN = 5,   /* something was written outside its room */
    CHANGED = 6,   /* an argument was written to */
};

#define ARGUMENTS_MOST 96

struct bytes {
    uint8_t *data;
    size_t length;
};

struct call {
    size_t count;
    struct bytes argument[ARGUMENTS_MOST];
    struct bytes answer;
};

/* One operation: reads call->argument[0..count), the count being one it allows; may leave an answer. */
typedef enum status operation(struct call *call);

/*
 * Memory, until room_reset(): exactly `length` bytes between guards, at no particular alignment, or at one of 64.
 * Ends the program if there is no more.
 */
uint8_t *room(size_t length);
uint8_t *room_aligned(size_t length);
void room_reset(void);

/* Whether every guard still stands. */
int room_is_sound(void);

/* A room for the answer. */
uint8_t *answer(struct call *call, size_t length);

/* A copy of an argument, to be worked on in place. */
uint8_t *copy_of(const struct bytes *argument);

/* A number of 4 or of 8 bytes, little-endian.  Ends the program if the argument has another length. */
uint32_t number(const struct bytes *argument);
uint64_t long_number(const struct bytes *argument);

/*
 * How much comes next when `left` bytes are cut into pieces: the sizes repeat, no size is "all".
 * out: *turn counts the pieces
 */
size_t next_piece(const struct bytes *sizes, size_t *turn, size_t left);

/* Whether pieces of these sizes ever come to an end. */
int pieces_are_fit(const struct bytes *sizes);

static inline enum status decided(verdict decision)
{
    return decision == VERDICT_ACCEPT ? DONE : REFUSED;
}

static inline int is_length(const struct bytes *argument, size_t length)
{
    return argument->length == length;
}

/* Where requests come from and answers go: port_host.c, port_m4.c. */
size_t port_read(uint8_t *data, size_t length);
void port_write(const uint8_t *data, size_t length);
_Noreturn void port_fail(const char *why);

/* Answer everything that comes. */
void agent(void);

#endif
