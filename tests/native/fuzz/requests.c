/*
 * Every operation by requests, as the agent of the vectors takes them: whatever is asked, nothing is written outside its
 * room, no argument is changed, and two ways to one result agree.
 */
#include "fuzz.h"

#include "agent.h"
#include "common/bytes.h"

#include <setjmp.h>

static struct input requests;
static jmp_buf end;
static size_t skipped; /* of the answer: its head, and then its bytes */

size_t port_read(uint8_t *data, size_t length)
{
    const size_t there = length < requests.left ? length : requests.left;
    if (there)
        memcpy(data, requests.at, there);
    requests.at += there, requests.left -= there;
    return there;
}

/* The agent writes a head of 8 bytes, then the answer. */
void port_write(const uint8_t *data, size_t length)
{
    if (skipped++ % 2 == 0) {
        HOLDS(length == 8);
        const uint32_t status = load_le32(data + 4);
        HOLDS(status == DONE || status == REFUSED || status == UNFIT || status == UNKNOWN);
    }
}

/* A request that makes no sense ends the run, and is no finding. */
_Noreturn void port_fail(const char *why)
{
    (void)why;
    longjmp(end, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    requests = (struct input){data, size};
    skipped = 0;
    if (setjmp(end) == 0)
        agent();
    room_reset();
    return 0;
}
