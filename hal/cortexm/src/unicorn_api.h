/*
 * The functions of libunicorn that the machine calls, found when it is loaded.
 *
 * The library lies inside the Python package of the same name: its path is known at run time only, so
 * nothing is linked against it.
 */
#ifndef ARMILLARY_UNICORN_API_H
#define ARMILLARY_UNICORN_API_H

#include <unicorn/unicorn.h>

struct unicorn_api {
    __typeof__(uc_open) *open;
    __typeof__(uc_close) *close;
    __typeof__(uc_ctl) *ctl;
    __typeof__(uc_strerror) *strerror;
    __typeof__(uc_mem_map_ptr) *mem_map_ptr;
    __typeof__(uc_mem_protect) *mem_protect;
    __typeof__(uc_mmio_map) *mmio_map;
    __typeof__(uc_hook_add) *hook_add;
    __typeof__(uc_hook_del) *hook_del;
    __typeof__(uc_emu_start) *emu_start;
    __typeof__(uc_emu_stop) *emu_stop;
    __typeof__(uc_reg_read) *reg_read;
    __typeof__(uc_reg_write) *reg_write;
    __typeof__(uc_reg_read_batch) *reg_read_batch;
    __typeof__(uc_reg_write_batch) *reg_write_batch;
};

extern struct unicorn_api unicorn;

/* Load the library at `path`.  Returns NULL, or what went wrong. */
const char *unicorn_load(const char *path);

#endif
