/*
 * Constant time, seen by the processor: every instruction that a function executes on secret data.
 *
 * A child runs the function, its parent steps through it one instruction at a time and hashes the
 * addresses.  Two secrets that take different paths give different traces.  Usage:
 *
 *     trace <function> <hexadecimal input>...
 *
 * prints one line per input: the number of instructions and the hash of their addresses.
 */
#define _GNU_SOURCE
#include "common/clear.h"
#include "common/compare.h"
#include "common/cpu.h"
#include "hash/sha256.h"

#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define COUNTER rip
#else
#define COUNTER pc
#endif

#define LENGTH 64

static const uint8_t KNOWN[LENGTH] = {1, 2, 3};

static void equal(const uint8_t *secret)
{
    (void)memory_equal(secret, KNOWN, LENGTH);
}

/* The flaw that the trace must show: a comparison that ends at the first difference. */
static void hasty(const uint8_t *secret)
{
    for (volatile int i = 0; i < LENGTH; i++)
        if (secret[i] != KNOWN[i])
            return;
}

static void hash(const uint8_t *secret)
{
    uint8_t digest[SHA256_DIGEST];
    sha256_hash(secret, LENGTH, digest);
}

static void hash_portable(const uint8_t *secret)
{
    uint8_t digest[SHA256_DIGEST];
    cpu_restrict(0);
    sha256_hash(secret, LENGTH, digest);
}

static void clear(const uint8_t *secret)
{
    uint8_t copy[LENGTH];
    memcpy(copy, secret, LENGTH);
    memory_clear(copy, LENGTH);
}

static const struct {
    const char *name;
    void (*run)(const uint8_t *secret);
} FUNCTIONS[] = {{"equal", equal}, {"hasty", hasty}, {"hash", hash}, {"hash_portable", hash_portable}, {"clear", clear}};

static void child(void (*run)(const uint8_t *), const uint8_t *secret)
{
    run(secret); /* once before, so that lazy binding is done */
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    run(secret);
    raise(SIGSTOP);
    _exit(0);
}

/* Step from the first stop of `pid` to the second. */
static void follow(pid_t pid)
{
    unsigned long count = 0;
    uint64_t mixed = 0xcbf29ce484222325; /* FNV-1a */
    int status;

    waitpid(pid, &status, 0);
    while (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid) {
        struct user_regs_struct registers;
        struct iovec place = {&registers, sizeof registers};
        if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
            break;
        if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &place))
            exit(3);
        mixed = (mixed ^ (uint64_t)registers.COUNTER) * 0x100000001b3;
        count++;
    }
    printf("%lu %016llx\n", count, (unsigned long long)mixed);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void read_secret(const char *text, uint8_t secret[LENGTH])
{
    for (int i = 0; i < LENGTH; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};
        secret[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

int main(int count, char **arguments)
{
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof FUNCTIONS[0] && count > 1; i++)
        for (int at = 2; at < count && strcmp(FUNCTIONS[i].name, arguments[1]) == 0; at++) {
            uint8_t secret[LENGTH];
            if (strlen(arguments[at]) != 2 * LENGTH)
                return 2;
            read_secret(arguments[at], secret);
            fflush(stdout);
            pid_t pid = fork();
            if (pid == 0)
                child(FUNCTIONS[i].run, secret);
            follow(pid);
        }
    return 0;
}
