"""The cffi recipe of `armillary.native._native`: the crypto engine and confinement in C.

In a checkout, build it beside this file with

    python setup.py build_ext --inplace

`setup.py` reads `ffi` from here. What Python may call stands in `declarations/`, a file for each folder
of `src/`; what it calls often goes by `binding/`, which is faster. The library uses Python's stable
interface (abi3): one build serves every CPython from 3.11 on. It is optional: without a compiler the
package installs without it, and `armillary.native.warning()` says so.
"""

from __future__ import annotations

import pathlib

from cffi import FFI  # type: ignore[import-untyped]  # cffi ships no types

HERE = pathlib.Path(__file__).parent
FLAGS = ["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden", "-fstack-protector-strong"]
SOURCES = sorted("native/" + path.relative_to(HERE).as_posix() for path in HERE.glob("src/*/*.c"))
HEADERS = sorted("native/" + path.relative_to(HERE).as_posix() for path in [*HERE.glob("src/*/*.h"), *HERE.glob("binding/*.h")])
DECLARATIONS = sorted(HERE.glob("declarations/*.h"))

INCLUDES = """
    #include "aes/aes.h"
    #include "aes/cmac.h"
    #include "aes/ctr.h"
    #include "aes/gcm.h"
    #include "aes/keywrap.h"
    #include "binding/install.h"
    #include "common/clear.h"
    #include "common/compare.h"
    #include "common/cpu.h"
    #include "common/verdict.h"
    #include "confinement/confine.h"
    #include "hash/hkdf.h"
    #include "hash/hmac.h"
    #include "hash/merkle.h"
    #include "hash/sha256.h"
    #include "lms/lms.h"
    #include "lms_sign/lms_sign.h"
    #include "p256/engine_64.h"
    #include "p256/known.h"
    #include "p256/p256.h"
    #include "p256/signature_der.h"
    #include "random/drbg.h"
    #include "random/health.h"
"""

ffi = FFI()
for path in DECLARATIONS:
    ffi.cdef(path.read_text())
ffi.set_source(
    "armillary.native._native",
    INCLUDES,
    sources=SOURCES,
    depends=[*HEADERS, *("native/declarations/" + path.name for path in DECLARATIONS)],
    include_dirs=["native", "native/src"],
    extra_compile_args=FLAGS,
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    py_limited_api=True,
    optional=True,
)
