"""Confinement of a box: the board's choice of limits, and what is weaker where the host lacks a step.

The steps themselves are `native.confine`'s. Nothing here is undone: a box that was confined stays so
until it ends.
"""

from __future__ import annotations

import importlib.util
import os

from .... import native
from ....native import confine as steps
from .importer import ENGINE

# step of native.confine: what is weaker without it
WEAKER = {
    "nnp": "a program run from a box could gain privileges",
    "uid": "a box runs as the user who started the board",
    "capabilities": "a box keeps the board's capabilities",
    "undumpable": "another process of the same user can read a box's memory",
    "parent": "a box can outlive its board",
    "rlimits": "a box's memory and time are not bounded",
    "landlock_fs": "files are barred by seccomp alone (no Landlock on this host)",
    "landlock_net": "TCP is barred by seccomp alone (Landlock before ABI 4)",
    "landlock_scope": "signals are barred by seccomp alone (Landlock before ABI 6)",
    "seccomp": "a box can make any system call (no seccomp filters on this host)",
}
LANDLOCK = (("landlock_fs", 1), ("landlock_net", 4), ("landlock_scope", 6))  # step, the ABI that brought it
# What boxed mode is made of: a process as a descriptor, an interrupt line, a load in memory, and waiting for all.
NEEDED = ("pidfd_open", "eventfd", "memfd_create", "sched_setaffinity")


def confine(memory_kib: int, cpu_seconds: int, descriptors: int) -> frozenset[str]:
    """Confine this process: `memory_kib` more than it has now. Returns the steps that took effect.

    A forbidden system call fails with EPERM. Raises `native.confine.ConfineFailed` if a step that this
    host offers did not work: the box must not run.
    """
    memory = steps.address_space() + memory_kib * 1024
    return steps.confine(memory, cpu_seconds, descriptors, parent=os.getppid(), kill=False)


def weaknesses(offered: steps.Features | None = None) -> list[str]:
    """What is weaker on this host (or on one that offers `offered`), in words; empty where nothing is."""
    offered = offered or steps.features()
    if importlib.util.find_spec(ENGINE) is None:
        return ["the C part was not built: boxes are not confined at all", native.warning()]
    missing = [step for step, abi in LANDLOCK if offered.landlock_abi < abi]
    if not offered.seccomp:
        missing.append("seccomp")
    return [WEAKER[step] for step in missing]


def lacking(host: object = os) -> list[str]:
    """What this host lacks to run boxes at all, by the name in `os`; empty on Linux."""
    return [name for name in NEEDED if not hasattr(host, name)]
