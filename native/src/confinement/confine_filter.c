/*
 * The system-call filter: which calls a confined process keeps, and the BPF program that says so.
 *
 * The program is put together backwards: BPF only jumps forward, so every target is known when the
 * jump to it is written.  Call numbers are found by binary search, six comparisons deep, because
 * the Linux kernel evaluates the program for each of its ~450 numbers when it is installed.
 */
#define _GNU_SOURCE
#include "confinement/confine_filter.h"

#ifdef __linux__

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef ARCHITECTURE

int filter_is_offered(void)
{
    return 0;
}

int filter_install(int kill)
{
    (void)kill;
    return -ENOSYS;
}

#else

#define X32_BIT 0x40000000u /* numbers from here on are calls of the x32 ABI */
#define ROOM 192            /* instructions; 2 per call, 3 to 5 per rule */

/* On which condition a call is allowed. */
enum rule {
    ALWAYS,
    MAPPING,    /* mmap: private, anonymous, not executable */
    PROTECTION, /* mprotect: not executable */
    CONNECTED,  /* sendto: without an address */
    FLAG_QUERY, /* fcntl: F_GETFD, F_GETFL */
    RULES
};

struct allowed {
    uint32_t number;
    enum rule rule;
};

/*
 * What CPython needs to compute, to wait, and to talk over descriptors it already holds.
 *
 * Left out on purpose: stat and its kin, which Landlock does not cover; ioctl and the rest of fcntl;
 * dup, socket, getsockopt; rt_sigaction, so that interpreters must leave by _exit().
 */
static const struct allowed ALLOWED[] = {
    {SYS_read, ALWAYS}, {SYS_write, ALWAYS}, {SYS_readv, ALWAYS}, {SYS_writev, ALWAYS},
    {SYS_recvmsg, ALWAYS}, {SYS_sendmsg, ALWAYS}, {SYS_recvfrom, ALWAYS}, {SYS_sendto, CONNECTED},
    {SYS_ppoll, ALWAYS}, {SYS_epoll_pwait, ALWAYS}, {SYS_epoll_ctl, ALWAYS},
#ifdef SYS_poll /* aarch64 has only the newer form of these two */
    {SYS_poll, ALWAYS}, {SYS_epoll_wait, ALWAYS},
#endif
    {SYS_close, ALWAYS}, {SYS_fcntl, FLAG_QUERY},
    {SYS_mmap, MAPPING}, {SYS_mprotect, PROTECTION}, {SYS_mremap, ALWAYS}, {SYS_munmap, ALWAYS},
    {SYS_brk, ALWAYS}, {SYS_madvise, ALWAYS}, {SYS_futex, ALWAYS},
    {SYS_rt_sigreturn, ALWAYS}, {SYS_rt_sigprocmask, ALWAYS}, {SYS_sigaltstack, ALWAYS},
    {SYS_clock_gettime, ALWAYS}, {SYS_clock_nanosleep, ALWAYS}, {SYS_nanosleep, ALWAYS},
    {SYS_gettimeofday, ALWAYS}, {SYS_getrandom, ALWAYS}, {SYS_getpid, ALWAYS}, {SYS_gettid, ALWAYS},
    {SYS_sched_yield, ALWAYS}, {SYS_restart_syscall, ALWAYS}, {SYS_exit, ALWAYS}, {SYS_exit_group, ALWAYS},
};
#define CALLS (sizeof ALLOWED / sizeof ALLOWED[0])

struct program {
    struct sock_filter code[ROOM];
    uint32_t first; /* where the program begins now */
    uint32_t allow, refuse, rules[RULES];
};

/* Put one instruction before the program. */
static uint32_t put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    p->code[--p->first] = (struct sock_filter){code, jt, jf, k};
    return p->first;
}

/* Put `if (A <comparison> k) goto yes; else goto no;` before the program. */
static uint32_t branch(struct program *p, uint16_t comparison, uint32_t k, uint32_t yes, uint32_t no)
{
    return put(p, BPF_JMP | comparison | BPF_K, k, (uint8_t)(yes - p->first), (uint8_t)(no - p->first));
}

static uint32_t load(struct program *p, size_t offset)
{
    return put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Both architectures are little-endian: the low half of an argument comes first. */
static size_t low(int argument)
{
    return offsetof(struct seccomp_data, args) + 8 * (size_t)argument;
}

/* Allowed if (low half of the argument & mask) == value.  The kernel's own types here are 32 bits or
 * have no defined high bits, except a protection, whose undefined bits the kernel refuses itself. */
static uint32_t allow_masked(struct program *p, int argument, uint32_t mask, uint32_t value, uint32_t yes)
{
    branch(p, BPF_JEQ, value, yes, p->refuse);
    put(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    return load(p, low(argument));
}

static uint32_t allow_null(struct program *p, int argument)
{
    branch(p, BPF_JEQ, 0, p->allow, p->refuse);
    uint32_t high = load(p, low(argument) + 4);
    branch(p, BPF_JEQ, 0, high, p->refuse);
    return load(p, low(argument));
}

static uint32_t allow_queries(struct program *p)
{
    uint32_t flags = branch(p, BPF_JEQ, 3 /* F_GETFL */, p->allow, p->refuse);
    branch(p, BPF_JEQ, 1 /* F_GETFD */, p->allow, flags);
    return load(p, low(1));
}

static void put_rules(struct program *p, int kill)
{
    p->allow = put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    p->refuse = put(p, BPF_RET | BPF_K, kill ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM, 0, 0);
    p->rules[ALWAYS] = p->allow;
    p->rules[PROTECTION] = allow_masked(p, 2, PROT_EXEC, 0, p->allow);
    uint32_t flags = allow_masked(p, 3, MAP_TYPE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS, p->allow);
    p->rules[MAPPING] = allow_masked(p, 2, PROT_EXEC, 0, flags);
    p->rules[CONNECTED] = allow_null(p, 4);
    p->rules[FLAG_QUERY] = allow_queries(p);
}

/* The numbers differ between architectures, so they are put in order here. */
static void sort(struct allowed *calls)
{
    for (size_t i = 0; i < CALLS; i++) {
        size_t j = i;
        for (; j && calls[j - 1].number > ALLOWED[i].number; j--)
            calls[j] = calls[j - 1];
        calls[j] = ALLOWED[i];
    }
}

/* Put the search among calls[from..to), not empty, before the program; returns where it begins. */
static uint32_t put_search(struct program *p, const struct allowed *calls, size_t from, size_t to)
{
    if (to - from == 1)
        return branch(p, BPF_JEQ, calls[from].number, p->rules[calls[from].rule], p->refuse);
    size_t middle = from + (to - from) / 2;
    uint32_t upper = put_search(p, calls, middle, to);
    uint32_t lower = put_search(p, calls, from, middle);
    return branch(p, BPF_JGE, calls[middle].number, upper, lower);
}

static void put_program(struct program *p, int kill)
{
    struct allowed calls[CALLS];

    p->first = ROOM;
    sort(calls);
    uint32_t foreign = put(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    put_rules(p, kill);
    uint32_t search = put_search(p, calls, 0, CALLS);
    branch(p, BPF_JGE, X32_BIT, p->refuse, search);
    uint32_t number = load(p, offsetof(struct seccomp_data, nr));
    branch(p, BPF_JEQ, ARCHITECTURE, number, foreign);
    load(p, offsetof(struct seccomp_data, arch));
}

int filter_is_offered(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int filter_install(int kill)
{
    struct program p;
    put_program(&p, kill);

    struct sock_fprog whole = {(unsigned short)(ROOM - p.first), p.code + p.first};
    long thread = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole);
    return thread < 0 ? -errno : thread ? -EBUSY : 0; /* > 0: that thread could not be brought in line */
}

#endif
#endif
