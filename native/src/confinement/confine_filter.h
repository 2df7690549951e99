/*
 * The system-call filter of a confined process (Linux; x86-64 and aarch64).
 */
#ifndef ARMILLARY_CONFINE_FILTER_H
#define ARMILLARY_CONFINE_FILTER_H

/* Whether this host and this architecture have filters that can kill a process: 1 or 0. */
int filter_is_offered(void);

/*
 * Install the filter on every thread of the process.
 *
 * in:  kill: 1 to end the process on a call that is not allowed, 0 to fail the call with EPERM;
 *      a call of another architecture's ABI ends the process either way
 * Returns 0, or -errno.  Needs no_new_privs.
 */
int filter_install(int kill);

#endif
