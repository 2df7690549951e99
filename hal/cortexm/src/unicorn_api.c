/*
 * Finding libunicorn's functions.
 */
#include "unicorn_api.h"

#include <dlfcn.h>
#include <string.h>

struct unicorn_api unicorn;

static const char *missing;

static void find(void *library, const char *name, void *place)
{
    void *function = dlsym(library, name);
    if (!function)
        missing = name;
    memcpy(place, &function, sizeof function);
}

const char *unicorn_load(const char *path)
{
    if (unicorn.open)
        return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dlerror();
    missing = NULL;
    find(library, "uc_close", &unicorn.close);
    find(library, "uc_ctl", &unicorn.ctl);
    find(library, "uc_strerror", &unicorn.strerror);
    find(library, "uc_mem_map_ptr", &unicorn.mem_map_ptr);
    find(library, "uc_mem_protect", &unicorn.mem_protect);
    find(library, "uc_mmio_map", &unicorn.mmio_map);
    find(library, "uc_hook_add", &unicorn.hook_add);
    find(library, "uc_hook_del", &unicorn.hook_del);
    find(library, "uc_emu_start", &unicorn.emu_start);
    find(library, "uc_emu_stop", &unicorn.emu_stop);
    find(library, "uc_reg_read", &unicorn.reg_read);
    find(library, "uc_reg_write", &unicorn.reg_write);
    find(library, "uc_reg_read_batch", &unicorn.reg_read_batch);
    find(library, "uc_reg_write_batch", &unicorn.reg_write_batch);
    if (!missing)
        find(library, "uc_open", &unicorn.open);
    return missing;
}
