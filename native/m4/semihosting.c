/*
 * Semihosting: a break point with a number, which the host sees and serves.
 */
#include "semihosting.h"

#include <string.h>

/* Operation numbers of the standard. */
#define SYS_OPEN 0x01
#define SYS_CLOSE 0x02
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_GET_CMDLINE 0x15
#define SYS_EXIT_EXTENDED 0x20

#define APPLICATION_EXIT 0x20026u /* ADP_Stopped_ApplicationExit */

/* in: operation number, address of its arguments.  Returns the host's answer. */
static uint32_t call(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

const char *host_argument(uint32_t index)
{
    static char line[1024];
    const uintptr_t arguments[] = {(uintptr_t)line, sizeof line};
    if (call(SYS_GET_CMDLINE, arguments) != 0)
        return NULL;
    char *word = line;
    for (; index > 0; index--) {
        word = strchr(word, ' ');
        if (word == NULL)
            return NULL;
        word++;
    }
    char *end = strchr(word, ' ');
    if (end != NULL)
        *end = 0;
    return word;
}

int32_t host_open(const char *name, uint32_t mode)
{
    const uintptr_t arguments[] = {(uintptr_t)name, mode, strlen(name)};
    return (int32_t)call(SYS_OPEN, arguments);
}

size_t host_read(int32_t handle, uint8_t *data, size_t length)
{
    const uintptr_t arguments[] = {(uintptr_t)handle, (uintptr_t)data, length};
    return length - call(SYS_READ, arguments); /* the answer is how many are missing */
}

size_t host_write(int32_t handle, const uint8_t *data, size_t length)
{
    const uintptr_t arguments[] = {(uintptr_t)handle, (uintptr_t)data, length};
    return length - call(SYS_WRITE, arguments);
}

void host_close(int32_t handle)
{
    const uintptr_t arguments[] = {(uintptr_t)handle};
    (void)call(SYS_CLOSE, arguments);
}

_Noreturn void host_exit(uint32_t code)
{
    const uintptr_t arguments[] = {APPLICATION_EXIT, code};
    for (;;)
        (void)call(SYS_EXIT_EXTENDED, arguments);
}
