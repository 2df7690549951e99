"""The cffi recipe of `armillary.native._native`: SHA-256, comparison, clearing and confinement in C.

In a checkout, build it beside this file with

    python setup.py build_ext --inplace

`setup.py` reads `ffi` from here. The library uses Python's stable interface (abi3): one build serves
every CPython from 3.11 on. It is optional: without a compiler the package installs without it, and
`armillary.native.warning()` says so.
"""

from __future__ import annotations

from cffi import FFI  # type: ignore[import-untyped]  # cffi ships no types

FLAGS = ["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden", "-fstack-protector-strong"]
SOURCES = ["sha256", "sha256_x86", "compare", "clear", "confine", "confine_filter"]

DECLARATIONS = """
    struct sha256 { ...; };
    void sha256_begin(struct sha256 *hash);
    void sha256_update(struct sha256 *hash, const uint8_t *data, size_t length);
    void sha256_end(const struct sha256 *hash, uint8_t *digest);
    void sha256_hash(const uint8_t *data, size_t length, uint8_t *digest);
    void sha256_hash_portable(const uint8_t *data, size_t length, uint8_t *digest);
    int sha256_is_accelerated(void);

    int memory_equal(const uint8_t *a, const uint8_t *b, size_t length);
    void memory_clear(void *memory, size_t length);

    #define CONFINE_NNP ...
    #define CONFINE_UID ...
    #define CONFINE_CAPABILITIES ...
    #define CONFINE_UNDUMPABLE ...
    #define CONFINE_PARENT ...
    #define CONFINE_RLIMITS ...
    #define CONFINE_LANDLOCK_FS ...
    #define CONFINE_LANDLOCK_NET ...
    #define CONFINE_LANDLOCK_SCOPE ...
    #define CONFINE_SECCOMP ...
    #define CONFINE_FAILED_SHIFT ...
    #define CONFINE_KILL ...
    #define CONFINE_EPERM ...
    struct confine_limits {
        uint64_t memory;
        uint32_t cpu_seconds;
        uint32_t files;
        uint32_t uid;
        uint32_t gid;
        uint32_t parent;
        uint32_t action;
    };
    int confine_features(uint32_t *landlock_abi, int *seccomp);
    int confine_process(const struct confine_limits *limits, uint32_t *achieved);
"""

INCLUDES = """
    #include "clear.h"
    #include "compare.h"
    #include "confine.h"
    #include "sha256.h"
"""

ffi = FFI()
ffi.cdef(DECLARATIONS)
ffi.set_source(
    "armillary.native._native",
    INCLUDES,
    sources=["native/src/" + name + ".c" for name in SOURCES],
    depends=["native/src/" + name + ".h" for name in [*SOURCES, "sha256_constants"]],
    include_dirs=["native/src"],
    extra_compile_args=FLAGS,
    py_limited_api=True,
    optional=True,
)
