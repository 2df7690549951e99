/*
 * The agent as a program of the host:  agent MASK <requests >answers
 *
 * MASK is what cpu_restrict() takes.  Without a mask it prints what the processor offers.
 */
#include "agent.h"

#include "common/cpu.h"

#include <stdio.h>
#include <stdlib.h>

size_t port_read(uint8_t *data, size_t length)
{
    return fread(data, 1, length, stdin);
}

void port_write(const uint8_t *data, size_t length)
{
    if (length != 0 && fwrite(data, 1, length, stdout) != length)
        port_fail("an answer could not be written");
}

_Noreturn void port_fail(const char *why)
{
    fprintf(stderr, "agent: %s\n", why);
    exit(3);
}

int main(int count, char **words)
{
    if (count < 2)
        return printf("%u\n", (unsigned)cpu_offers()) < 0;
    const uint32_t mask = (uint32_t)strtoul(words[1], NULL, 0);
    cpu_restrict(mask);
    if (cpu_features() != (cpu_offers() & mask))
        port_fail("the features are not what was asked for");
    agent();
    return fflush(stdout) != 0;
}
