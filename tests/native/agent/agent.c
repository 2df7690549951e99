/*
 * Requests in, answers out.
 */
#include "agent.h"

#include "common/bytes.h"

#include <string.h>

#define REQUEST_MOST (1u << 20)

#define OPERATION(number, name, least, most) operation do_##name;
#include "operations.h"
#undef OPERATION

static const struct entry {
    uint16_t number;
    uint16_t least, most;
    operation *run;
} table[] = {
#define OPERATION(number, name, least, most) {number, least, most, do_##name},
#include "operations.h"
#undef OPERATION
};

static uint8_t request[REQUEST_MOST];

uint8_t *answer(struct call *call, size_t length)
{
    call->answer.data = room(length);
    call->answer.length = length;
    return call->answer.data;
}

uint8_t *copy_of(const struct bytes *argument)
{
    uint8_t *copy = room(argument->length);
    memcpy(copy, argument->data, argument->length);
    return copy;
}

uint32_t number(const struct bytes *argument)
{
    if (!is_length(argument, 4))
        port_fail("a number has 4 bytes");
    return load_le32(argument->data);
}

uint64_t long_number(const struct bytes *argument)
{
    if (!is_length(argument, 8))
        port_fail("a long number has 8 bytes");
    return (uint64_t)load_le32(argument->data + 4) << 32 | load_le32(argument->data);
}

int pieces_are_fit(const struct bytes *sizes)
{
    uint32_t any = 0;
    for (size_t i = 0; i < sizes->length; i++)
        any |= sizes->data[i];
    return sizes->length == 0 || any != 0;
}

size_t next_piece(const struct bytes *sizes, size_t *turn, size_t left)
{
    if (sizes->length == 0)
        return left;
    const size_t size = sizes->data[*turn % sizes->length];
    ++*turn;
    return size < left ? size : left;
}

/* in: the bytes of a request.  out: *call with arguments in rooms of their own; Returns its operation or NULL. */
static const struct entry *take(struct call *call, const uint8_t *bytes, size_t length)
{
    memset(call, 0, sizeof *call);
    if (length < 4)
        port_fail("a request is too short");
    const uint32_t wanted = load_le32(bytes) & 0xffff;
    call->count = load_le32(bytes) >> 16;
    if (call->count > ARGUMENTS_MOST)
        port_fail("a request has too many arguments");
    size_t at = 4;
    for (size_t i = 0; i < call->count; i++) {
        if (length - at < 4 || length - at - 4 < load_le32(bytes + at))
            port_fail("a request ends too early");
        struct bytes *argument = &call->argument[i];
        argument->length = load_le32(bytes + at);
        argument->data = room(argument->length);
        memcpy(argument->data, bytes + at + 4, argument->length);
        at += 4 + argument->length;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].number == wanted)
            return &table[i];
    return NULL;
}

/* Whether the arguments are still as they came. */
static int are_unchanged(const struct call *call, const uint8_t *bytes)
{
    size_t at = 4;
    for (size_t i = 0; i < call->count; i++) {
        const struct bytes *argument = &call->argument[i];
        if (memcmp(argument->data, bytes + at + 4, argument->length) != 0)
            return 0;
        at += 4 + argument->length;
    }
    return 1;
}

static enum status serve(struct call *call, const uint8_t *bytes, size_t length)
{
    const struct entry *entry = take(call, bytes, length);
    if (entry == NULL)
        return UNKNOWN;
    if (call->count < entry->least || call->count > entry->most)
        return UNFIT;
    const enum status status = entry->run(call);
    if (!room_is_sound())
        return OVERRUN;
    return are_unchanged(call, bytes) ? status : CHANGED;
}

void agent(void)
{
    static struct call call;
    uint8_t head[8];
    for (size_t taken; (taken = port_read(head, 4)) != 0; room_reset()) {
        const size_t length = taken == 4 ? load_le32(head) : SIZE_MAX;
        if (length > REQUEST_MOST || port_read(request, length) != length)
            port_fail("a request is cut off");
        const enum status status = serve(&call, request, length);
        store_le32(head, (uint32_t)call.answer.length + 4);
        store_le32(head + 4, status);
        port_write(head, 8);
        port_write(call.answer.data, call.answer.length);
    }
}
