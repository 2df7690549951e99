"""Confinement of a box: what the host can close, and what is weaker where it cannot.

The steps themselves are C (`native/src/confine.c`). Nothing here is undone: a box that was confined
stays so until it ends.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

ENGINE = "armillary.native._native"
NOBODY = 65534
PAGE = os.sysconf("SC_PAGE_SIZE")

# step of confine.h: what is weaker without it
WEAKER = {
    "CONFINE_NNP": "a program run from a box could gain privileges",
    "CONFINE_UID": "a box runs as the user who started the board",
    "CONFINE_CAPABILITIES": "a box keeps the board's capabilities",
    "CONFINE_UNDUMPABLE": "another process of the same user can read a box's memory",
    "CONFINE_PARENT": "a box can outlive its board",
    "CONFINE_RLIMITS": "a box's memory and time are not bounded",
    "CONFINE_LANDLOCK_FS": "files are barred by seccomp alone (no Landlock on this host)",
    "CONFINE_LANDLOCK_NET": "TCP is barred by seccomp alone (Landlock before ABI 4)",
    "CONFINE_LANDLOCK_SCOPE": "signals are barred by seccomp alone (Landlock before ABI 6)",
    "CONFINE_SECCOMP": "a box can make any system call (no seccomp filters on this host)",
}
OF_ROOT = ("CONFINE_UID", "CONFINE_CAPABILITIES")  # steps that mean nothing to an ordinary user


class ConfinementError(OSError):
    """A step that this host offers did not work: the box must not run."""


def confine(memory_kib: int, cpu_seconds: int, descriptors: int) -> int:
    """Confine this process: `memory_kib` more than it has now. Returns the steps achieved (bit set).

    Raises ConfinementError.
    """
    engine: Any = importlib.import_module(ENGINE)
    ffi, lib = engine.ffi, engine.lib
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * PAGE
    limits = ffi.new("struct confine_limits *")
    limits.memory = mapped + memory_kib * 1024
    limits.cpu_seconds = cpu_seconds
    limits.files = descriptors
    limits.uid = limits.gid = NOBODY
    limits.parent = os.getppid()
    limits.action = lib.CONFINE_EPERM
    achieved = ffi.new("uint32_t *")
    status = lib.confine_process(limits, achieved)
    if status:
        failed = achieved[0] >> lib.CONFINE_FAILED_SHIFT
        raise ConfinementError(-status, "confinement step 0x%x: %s" % (failed, os.strerror(-status)))
    return int(achieved[0])


def weaknesses() -> list[str]:
    """What is weaker on this host, in words; empty where every step is there."""
    try:
        engine: Any = importlib.import_module(ENGINE)
    except ImportError:
        return ["the crypto engine was not built: boxes are not confined at all"]
    landlock, seccomp = engine.ffi.new("uint32_t *"), engine.ffi.new("int *")
    engine.lib.confine_features(landlock, seccomp)
    missing = []
    if landlock[0] < 1:
        missing.append("CONFINE_LANDLOCK_FS")
    if landlock[0] < 4:
        missing.append("CONFINE_LANDLOCK_NET")
    if landlock[0] < 6:
        missing.append("CONFINE_LANDLOCK_SCOPE")
    if not seccomp[0]:
        missing.append("CONFINE_SECCOMP")
    return [WEAKER[name] for name in missing]
