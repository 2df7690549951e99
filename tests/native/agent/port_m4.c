/*
 * The agent on a bare Cortex-M4: requests and answers are files of the host, the program's two arguments.
 */
#include "agent.h"

#include "semihosting.h"

#include <string.h>

static int32_t requests, answers;
static uint8_t in[65536], out[65536];
static size_t in_at, in_end, out_end;

size_t port_read(uint8_t *data, size_t length)
{
    size_t done = 0;
    while (done < length) {
        if (in_at == in_end) {
            in_at = 0, in_end = host_read(requests, in, sizeof in);
            if (in_end == 0)
                break;
        }
        const size_t left = in_end - in_at, piece = length - done < left ? length - done : left;
        memcpy(data + done, in + in_at, piece);
        in_at += piece, done += piece;
    }
    return done;
}

static void flush(void)
{
    if (host_write(answers, out, out_end) != out_end)
        host_exit(4);
    out_end = 0;
}

void port_write(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (out_end == sizeof out)
            flush();
        out[out_end++] = data[i];
    }
}

_Noreturn void port_fail(const char *why)
{
    (void)why;
    host_exit(3);
}

int main(void)
{
    char name[256];
    const char *word = host_argument(1);
    if (word == NULL || strlen(word) >= sizeof name)
        port_fail("no requests");
    requests = host_open(strcpy(name, word), HOST_READ);
    word = host_argument(2);
    if (word == NULL || requests < 0)
        port_fail("no requests");
    answers = host_open(word, HOST_WRITE);
    if (answers < 0)
        port_fail("no answers");
    agent();
    flush();
    host_close(answers);
    return 0;
}
