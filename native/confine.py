"""Confinement: what a boxed ring or app does to its own process, once, with no way back (CPython only).

Call `confine` last: the sockets are open, every module that will ever be needed is imported
(`armillary.native.prepare` sees to the crypto), and no other thread runs. Afterwards Python
computes, allocates, executes code and talks over the descriptors it holds; the rest is refused by
the kernel of the host. In particular there is no `sys.exit`, only `os._exit`; no `open`, so a
traceback has no source lines; no `setblocking`; no new socket object.
"""

from __future__ import annotations

import os
from typing import NamedTuple

try:
    from ._native import ffi, lib
except ImportError:  # not built: nothing is achieved, and the caller is told
    lib = None  # type: ignore[assignment]  # looked at before every use

STEPS = (
    "nnp", "uid", "capabilities", "undumpable", "parent",
    "landlock_fs", "landlock_net", "landlock_scope", "rlimits", "seccomp",
)  # fmt: skip
FAILED_SHIFT = 16
NOBODY = 65534


class Features(NamedTuple):
    """What the host offers: Landlock's ABI version (0 if absent) and whether filters can kill."""

    landlock_abi: int
    seccomp: bool


class ConfineFailed(OSError):
    """A step that the host offers failed; the process is confined in part and must exit."""

    def __init__(self, number: int, step: str) -> None:
        super().__init__(number, "confinement failed at " + step + ": " + os.strerror(number))
        self.step = step


def features() -> Features:
    """What this host offers; (0, False) where there is nothing or the C library is not built."""
    if lib is None:
        return Features(0, False)
    abi, seccomp = ffi.new("uint32_t *"), ffi.new("int *")
    lib.confine_features(abi, seccomp)
    return Features(abi[0], bool(seccomp[0]))


def confine(
    memory: int = 0,
    cpu_seconds: int = 0,
    files: int = 64,
    uid: int = NOBODY,
    gid: int = NOBODY,
    parent: int = 0,
    kill: bool = True,
) -> frozenset[str]:
    """Confine this process; the steps that took effect, out of STEPS.

    `memory` is the address space in bytes with what is mapped already (see `address_space`), and 0 is
    unlimited, as for `cpu_seconds`. Descriptors from now on get numbers below `files`. `uid` and
    `gid` count if the caller is root. `parent` is the process id that the parent must have; 0 is any.
    With `kill` a forbidden system call ends the process with SIGSYS, otherwise it fails with EPERM.
    Raises ConfineFailed if a step that the host offers failed.
    """
    if lib is None:
        return frozenset()
    achieved = ffi.new("uint32_t *")
    action = lib.CONFINE_KILL if kill else lib.CONFINE_EPERM
    limits = ffi.new("struct confine_limits *", (memory, cpu_seconds, files, uid, gid, parent, action))
    result = lib.confine_process(limits, achieved)
    if result < 0:
        raise ConfineFailed(-result, "".join(_names(achieved[0] >> FAILED_SHIFT)) or "arguments")
    return frozenset(_names(achieved[0]))


def missing(achieved: frozenset[str]) -> list[str]:
    """The steps that did not take effect, in order: what a supervisor must say loudly."""
    return [step for step in STEPS if step not in achieved]


def address_space() -> int:
    """How many bytes of address space this process has mapped; call before `confine`."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _names(bits: int) -> list[str]:
    return [step for at, step in enumerate(STEPS) if bits >> at & 1]
