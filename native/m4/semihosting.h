/*
 * Files, arguments and the exit code of the host that emulates or debugs this processor (Arm semihosting,
 * version 3).  Without a host that listens, every call is a fault.
 */
#ifndef ARMILLARY_SEMIHOSTING_H
#define ARMILLARY_SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

#define HOST_READ 1  /* mode "rb" */
#define HOST_WRITE 5 /* mode "wb" */

/* The words of the command line, 0 the program's name.  Returns NULL past the last; they contain no spaces. */
const char *host_argument(uint32_t index);

/* Returns a handle, or -1. */
int32_t host_open(const char *name, uint32_t mode);

/* out: data[0..result); Returns fewer than length at the end of the file only. */
size_t host_read(int32_t handle, uint8_t *data, size_t length);

/* Returns how many bytes were written. */
size_t host_write(int32_t handle, const uint8_t *data, size_t length);

void host_close(int32_t handle);

/* Ends the emulation. */
_Noreturn void host_exit(uint32_t code);

#endif
