/*
 * Confinement: what a ring or an app, alone in its process, does to itself once, with no way back.
 *
 * The process keeps what it holds (memory, code, open descriptors) and can acquire nothing more: no
 * file, no socket, no other process, no executable memory, no privilege.  It must already have
 * opened its sockets and loaded every module it will ever need, and be the only thread.
 *
 * Linux only.  Elsewhere every feature is absent and confine_process() achieves nothing, and says so.
 */
#ifndef ARMILLARY_CONFINE_H
#define ARMILLARY_CONFINE_H

#include <stdint.h>

/* The steps, in the order in which they are taken.  A set of them says what took effect. */
#define CONFINE_NNP 0x001u            /* no_new_privs: execve can never add a privilege */
#define CONFINE_UID 0x002u            /* user and group are the ones asked for, no supplementary group */
#define CONFINE_CAPABILITIES 0x004u   /* every capability set is empty */
#define CONFINE_UNDUMPABLE 0x008u     /* no core dump, no ptrace by equals, no readable-implies-executable */
#define CONFINE_PARENT 0x010u         /* dies with its parent */
#define CONFINE_LANDLOCK_FS 0x020u    /* no right on any file */
#define CONFINE_LANDLOCK_NET 0x040u   /* no TCP bind or connect (Landlock ABI 4) */
#define CONFINE_LANDLOCK_SCOPE 0x080u /* no signal, no abstract socket beyond itself (ABI 6) */
#define CONFINE_RLIMITS 0x100u        /* the limits below */
#define CONFINE_SECCOMP 0x200u        /* only the system calls listed in confine.c */
#define CONFINE_FAILED_SHIFT 16       /* where confine_process() puts the step that failed */

/* What happens on a system call that is not allowed. */
#define CONFINE_KILL 0  /* the process ends with SIGSYS */
#define CONFINE_EPERM 1 /* the call fails with EPERM */

struct confine_limits {
    uint64_t memory;      /* address space in bytes, what is mapped already included; 0: unlimited */
    uint32_t cpu_seconds; /* processor time, what is used already included; 0: unlimited */
    uint32_t files;       /* no descriptor gets this number or a higher one */
    uint32_t uid;         /* who to become, if root */
    uint32_t gid;
    uint32_t parent;      /* process id the parent must have, so that one already dead is noticed; 0: any */
    uint32_t action;      /* CONFINE_KILL or CONFINE_EPERM */
};

/*
 * What this host offers.
 *
 * out: *landlock_abi = Landlock's ABI version, 0 if absent
 *      *seccomp = 1 if there are filters that can kill a process, 0 if not
 * Returns 0.
 */
int confine_features(uint32_t *landlock_abi, int *seccomp);

/*
 * Confine the calling process.
 *
 * in:  limits: action is CONFINE_KILL or CONFINE_EPERM; uid and gid are not 0 if the caller is root
 * out: *achieved = the steps that took effect; on failure also the step that failed, shifted left
 *      by CONFINE_FAILED_SHIFT
 * Returns 0, or -errno.  A step that the host does not offer is left out of *achieved; a step that
 * it offers and that fails is an error, and the process, confined in part, must then exit.
 */
int confine_process(const struct confine_limits *limits, uint32_t *achieved);

#endif
