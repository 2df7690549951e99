/*
 * Confinement, in the order of the constants of confine.h.
 *
 * Changing identity clears the parent-death signal and may restore dumpability (commit_creds in the
 * Linux kernel), so these come after it.  Landlock and seccomp need no_new_privs, so that comes first.
 * The filter comes last, because it forbids every other step.
 */
#define _GNU_SOURCE
#include "confinement/confine.h"

#ifndef __linux__

int confine_features(uint32_t *landlock_abi, int *seccomp)
{
    *landlock_abi = 0;
    *seccomp = 0;
    return 0;
}

int confine_process(const struct confine_limits *limits, uint32_t *achieved)
{
    (void)limits;
    *achieved = 0;
    return 0;
}

#else

#include "confinement/confine_filter.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock's numbers are the same on every architecture; libc headers may be older than the kernel. */
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_VERSION_FLAG 1u

/* struct landlock_ruleset_attr as of ABI 6; older kernels take a prefix of it. */
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

static uint32_t landlock_version(void)
{
    long version = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_FLAG);
    return version < 0 ? 0 : (uint32_t)version;
}

int confine_features(uint32_t *landlock_abi, int *seccomp)
{
    *landlock_abi = landlock_version();
    *seccomp = filter_is_offered();
    return 0;
}

/* Landlock, capabilities and limits are partly per thread: another one would stay outside. */
static int check_alone(void)
{
    if (unshare(CLONE_THREAD) == 0)
        return 0;
    return errno == EINVAL ? -EBUSY : 0; /* an outer filter may refuse to say; TSYNC still covers all */
}

static int no_new_privileges(void)
{
    int e = check_alone();
    if (e)
        return e;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* Needs CAP_SETPCAP, so it precedes the change of user.  Ends at the first number the kernel lacks. */
static int drop_bounding_set(void)
{
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
            return -errno;
    return 0;
}

static int become(const struct confine_limits *limits)
{
    uid_t real, effective, saved;

    if (limits->uid == 0 || limits->gid == 0)
        return -EINVAL;
    int e = drop_bounding_set();
    if (e)
        return e;
    if (setgroups(0, NULL) || setresgid(limits->gid, limits->gid, limits->gid) ||
        setresuid(limits->uid, limits->uid, limits->uid) || getresuid(&real, &effective, &saved))
        return -errno;
    /* Some systems have accepted and ignored this; believe the kernel's answer, not the return value. */
    return real == limits->uid && effective == limits->uid && saved == limits->uid ? 0 : -EPERM;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

    memset(none, 0, sizeof none);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
        return -errno;
    return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/* READ_IMPLIES_EXEC would turn every readable mapping into an executable one behind the filter's back. */
static int undumpable(void)
{
    int persona = personality(0xffffffff);
    if (persona != -1 && (persona & READ_IMPLIES_EXEC) &&
        personality((unsigned long)persona & ~(unsigned long)READ_IMPLIES_EXEC) == -1)
        return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

static int die_with_parent(uint32_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return -errno;
    return parent && (pid_t)parent != getppid() ? -ESRCH : 0; /* it died before the signal was armed */
}

static int limit(int resource, uint64_t value)
{
    struct rlimit both = {(rlim_t)value, (rlim_t)value};
    return setrlimit((unsigned int)resource, &both) ? -errno : 0;
}

static int set_limits(const struct confine_limits *limits)
{
    static const int none[] = {RLIMIT_NPROC, RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_MEMLOCK};
    int e = 0;

    for (size_t i = 0; i < sizeof none / sizeof none[0] && !e; i++)
        e = limit(none[i], 0);
    if (!e)
        e = limit(RLIMIT_NOFILE, limits->files);
    if (!e && limits->memory)
        e = limit(RLIMIT_AS, limits->memory);
    if (!e && limits->cpu_seconds)
        e = limit(RLIMIT_CPU, limits->cpu_seconds);
    return e;
}

/* Every right that ABI `abi` knows, handled and never granted; *covered = the steps this makes up. */
static size_t ruleset_of(uint32_t abi, struct ruleset *rules, uint32_t *covered)
{
    static const uint64_t files[] = {0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff}; /* ABI 1 to 5 */

    memset(rules, 0, sizeof *rules);
    rules->files = files[abi > 5 ? 4 : abi - 1];
    rules->network = abi >= 4 ? 3 : 0; /* bind, connect */
    rules->scoped = abi >= 6 ? 3 : 0;  /* abstract sockets, signals */
    *covered = CONFINE_LANDLOCK_FS | (abi >= 4 ? CONFINE_LANDLOCK_NET : 0) | (abi >= 6 ? CONFINE_LANDLOCK_SCOPE : 0);
    return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static int restrict_files(uint32_t abi, uint32_t *covered)
{
    struct ruleset rules;
    size_t size = ruleset_of(abi, &rules, covered);
    int e = 0;

    long fd = syscall(NR_LANDLOCK_CREATE_RULESET, &rules, size, 0);
    if (fd < 0)
        return -errno;
    if (syscall(NR_LANDLOCK_RESTRICT_SELF, (int)fd, 0))
        e = -errno;
    close((int)fd);
    return e;
}

/* Note that `step` took effect, or that it failed with `e`; returns `e`. */
static int note(uint32_t *achieved, uint32_t step, int e)
{
    *achieved |= e ? step << CONFINE_FAILED_SHIFT : step;
    return e;
}

static int give_up_privileges(const struct confine_limits *limits, uint32_t *achieved)
{
    int e = note(achieved, CONFINE_NNP, no_new_privileges());
    if (!e && (geteuid() == 0 || getuid() == 0))
        e = note(achieved, CONFINE_UID, become(limits));
    if (!e)
        e = note(achieved, CONFINE_CAPABILITIES, drop_capabilities());
    if (!e)
        e = note(achieved, CONFINE_UNDUMPABLE, undumpable());
    if (!e)
        e = note(achieved, CONFINE_PARENT, die_with_parent(limits->parent));
    return e;
}

/* Landlock before the limits: it needs a descriptor for a moment, and there may be none left to have. */
static int close_the_doors(const struct confine_limits *limits, uint32_t *achieved)
{
    uint32_t abi = landlock_version(), covered = CONFINE_LANDLOCK_FS;
    int e = 0;

    if (abi) {
        e = restrict_files(abi, &covered);
        note(achieved, e ? CONFINE_LANDLOCK_FS : covered, e);
    }
    if (!e)
        e = note(achieved, CONFINE_RLIMITS, set_limits(limits));
    if (!e && filter_is_offered())
        e = note(achieved, CONFINE_SECCOMP, filter_install(limits->action == CONFINE_KILL));
    return e;
}

int confine_process(const struct confine_limits *limits, uint32_t *achieved)
{
    *achieved = 0;
    if (limits->action != CONFINE_KILL && limits->action != CONFINE_EPERM)
        return -EINVAL;
    int e = give_up_privileges(limits, achieved);
    return e ? e : close_the_doors(limits, achieved);
}

#endif
