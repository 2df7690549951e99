"""The cffi recipe of `armillary.hal.cortexm._machine`: the Cortex-M4F machine in C over unicorn.

`setup.py` reads `ffi` from here; `python setup.py build_ext --inplace` puts the module beside this file.
unicorn's headers come from its Python package, its library is loaded from there at run time.
"""

from __future__ import annotations

import importlib.util
import pathlib

from cffi import FFI  # type: ignore[import-untyped]  # cffi ships no types

HERE = pathlib.Path(__file__).parent
FLAGS = ["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"]
PLACE = "hal/cortexm/src/"
SOURCES = sorted(PLACE + path.name for path in HERE.glob("src/*.c"))
HEADERS = sorted(PLACE + path.name for path in HERE.glob("src/*.h"))

DECLARATIONS = """
    struct machine;
    struct machine_options { uint32_t irqs, priority_bits, ticks_per_cycle, mpu_regions, cpacr, bit_band; };
    struct machine_devices {
        uint32_t (*read)(void *owner, uint32_t device, uint32_t offset, uint32_t size);
        void (*write)(void *owner, uint32_t device, uint32_t offset, uint32_t size, uint32_t value);
        uint64_t (*quiet)(void *owner, uint32_t device, uint32_t offset);
        uint64_t (*settled)(void *owner, uint32_t device, uint32_t offset, uint32_t size, uint32_t value);
        void *owner;
    };
    #define MACHINE_TIME ...
    #define MACHINE_SLEEPING ...
    #define MACHINE_LOCKUP ...
    #define MACHINE_BREAKPOINT ...
    #define MACHINE_RESET ...
    #define MACHINE_ERROR ...
    #define MACHINE_STOPPED ...
    const char *unicorn_load(const char *path);
    struct machine *machine_new(const struct machine_options *options, const struct machine_devices *devices);
    void machine_free(struct machine *machine);
    int machine_map_memory(struct machine *machine, uint32_t address, uint32_t size, uint32_t perms, uint8_t *memory);
    int machine_map_device(struct machine *machine, uint32_t address, uint32_t size, uint32_t device);
    void machine_reset(struct machine *machine, uint32_t vectors);
    uint32_t machine_run(struct machine *machine, uint64_t until);
    void machine_refuse(struct machine *machine);
    void machine_debug(struct machine *machine, int is_on);
    void machine_stop(struct machine *machine);
    void machine_limit(struct machine *machine, uint64_t time);
    uint64_t machine_now(const struct machine *machine);
    uint64_t machine_cycles(const struct machine *machine);
    void machine_set_clock(struct machine *machine, uint32_t ticks_per_cycle);
    void machine_advance(struct machine *machine, uint64_t time);
    void machine_set_irq(struct machine *machine, uint32_t number, int level);
    void machine_pulse_irq(struct machine *machine, uint32_t number);
    uint32_t machine_get(struct machine *machine, uint32_t number);
    void machine_set(struct machine *machine, uint32_t number, uint32_t value);
    uint32_t machine_step(struct machine *machine, uint64_t until);
    #define MACHINE_WATCH_EXECUTE ...
    #define MACHINE_WATCH_READ ...
    #define MACHINE_WATCH_WRITE ...
    int machine_watch(struct machine *machine, uint32_t kind, uint32_t address, uint32_t size);
    void machine_unwatch(struct machine *machine, int number);
    int machine_watch_hit(const struct machine *machine, uint32_t *address);
    struct machine_access { uint64_t time; uint32_t pc, address, value, size, is_write, repeats; };
    uint32_t machine_accesses(const struct machine *machine, struct machine_access *at, uint32_t most);
    uint32_t machine_state_size(void);
    uint32_t machine_visible_size(void);
    void machine_save(struct machine *machine, uint8_t *state);
    const uint8_t *machine_loop(const struct machine *machine, uint32_t *size);
    int machine_check(const uint8_t *state);
    int machine_restore(struct machine *machine, const uint8_t *state, const uint8_t *loop, uint32_t size);
    struct machine_fault { uint64_t time; uint32_t number, status, frame, exc_return, registers[8]; };
    uint32_t machine_last_fault(const struct machine *machine, struct machine_fault *last);
    struct machine_call { uint64_t time; uint32_t address, previous, previous_end, lr, sp, exception, control; };
    typedef void machine_tell(void *owner, const struct machine_call *calls, uint32_t count);
    int machine_trace(struct machine *machine, const uint32_t *entries, uint32_t count, machine_tell *tell, void *owner);
    void machine_trace_flush(struct machine *machine);
    struct machine_function { uint32_t address, size, entries; };
    int machine_cover(struct machine *machine, uint32_t address, uint32_t size, uint32_t *counts, struct machine_function *functions, uint32_t count);
    uint32_t machine_system_read(struct machine *machine, uint32_t address);
    void machine_system_write(struct machine *machine, uint32_t address, uint32_t value);
    void machine_code_changed(struct machine *machine, uint32_t address, uint32_t size);
    int machine_share(struct machine *machine, uint32_t address, uint32_t size);
    void machine_written(struct machine *machine, uint32_t address, uint32_t size);
    void machine_doubt(struct machine *machine);
    void machine_warp(struct machine *machine, int is_on);
    struct machine_counter { uint64_t start, numerator, denominator; uint32_t base, mask, is_down; };
    int machine_publish(struct machine *machine, uint32_t device, uint32_t offset, const struct machine_counter *counter);
    void machine_withdraw(struct machine *machine, uint32_t device, uint32_t offset);
    const char *machine_error(const struct machine *machine);

    extern "Python" uint32_t armillary_device_read(void *, uint32_t, uint32_t, uint32_t);
    extern "Python" uint64_t armillary_device_quiet(void *, uint32_t, uint32_t);
    extern "Python" uint64_t armillary_device_settled(void *, uint32_t, uint32_t, uint32_t, uint32_t);
    extern "Python" void armillary_calls(void *, const struct machine_call *, uint32_t);
    extern "Python" void armillary_device_write(void *, uint32_t, uint32_t, uint32_t, uint32_t);
"""


def include_dirs() -> list[str]:
    """Where the headers are: ours, and those in unicorn's Python package (none if it is not installed)."""
    found = importlib.util.find_spec("unicorn")
    places = [] if found is None else found.submodule_search_locations or []
    return ["hal/cortexm/src", *(str(pathlib.Path(place) / "include") for place in places)]


ffi = FFI()
ffi.cdef(DECLARATIONS)
ffi.set_source(
    "armillary.hal.cortexm._machine",
    '#include "machine.h"\n#include "unicorn_api.h"\n',
    sources=SOURCES,
    depends=HEADERS,
    include_dirs=include_dirs(),
    extra_compile_args=FLAGS,
    libraries=["dl"],
    py_limited_api=True,
    optional=True,
)
