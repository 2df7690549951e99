/*
 * A path, one instruction after the other: for what valgrind cannot execute, and as a second opinion.
 *
 * A child runs the path, its parent steps through it and hashes the address of every instruction and the
 * memory it touches.  Two secrets that take different ways give different lines.
 *
 *     step <features> <path> <secret in hexadecimal>...
 *
 * prints for each secret the number of instructions and the two hashes.  Data is followed on x86-64 only.
 */
#define _GNU_SOURCE
#include "operand.h"
#include "paths.h"

#include "common/cpu.h"

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

struct seen {
    unsigned long count;
    uint64_t path, data;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return ((hash ^ value) * 0x9e3779b97f4a7c15u) ^ (hash >> 29);
}

#if defined(__x86_64__)

/* The child is a fork: its code lies here at the same addresses. */
static void look(struct seen *seen, const struct user_regs_struct *r)
{
    const uint64_t registers[16] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                                    r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};
    const struct operand operand = operand_of((const uint8_t *)(uintptr_t)r->rip, registers);
    if (operand.is_gather)
        exit(4);
    seen->path = mix(seen->path, r->rip);
    seen->data = mix(mix(seen->data, operand.address), r->rsp);
}

#else

static void look(struct seen *seen, const struct user_regs_struct *r)
{
    seen->path = mix(seen->path, r->pc);
}

#endif

static void child(const struct path *path, const uint8_t *secret)
{
    path->run(secret); /* once before, so that lazy binding is done */
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    path->run(secret);
    raise(SIGSTOP);
    _exit(0);
}

/* Step from the first stop of `pid` to the second. */
static void follow(pid_t pid)
{
    struct seen seen = {0, 0, 0};
    int status;

    waitpid(pid, &status, 0);
    while (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid) {
        struct user_regs_struct registers;
        struct iovec place = {&registers, sizeof registers};
        if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
            break;
        if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &place))
            exit(3);
        look(&seen, &registers);
        seen.count++;
    }
    printf("%lu %016llx %016llx\n", seen.count, (unsigned long long)seen.path, (unsigned long long)seen.data);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void read_secret(const char *text, uint8_t secret[SECRET])
{
    for (int i = 0; i < SECRET; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};
        secret[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

int main(int count, char **arguments)
{
    const struct path *path = count > 2 ? path_find(arguments[2]) : NULL;
    static uint8_t secret[SECRET];
    if (!path)
        return 2;
    cpu_restrict((uint32_t)strtoul(arguments[1], NULL, 16));
    for (int at = 3; at < count; at++) {
        if (strlen(arguments[at]) != 2 * SECRET)
            return 2;
        read_secret(arguments[at], secret);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            child(path, secret);
        follow(pid);
    }
    return 0;
}
