"""Errors: a Fault of the kernel as the OSError that an app expects.

The errno is what Applibs documents (EACCES for a missing capability, EBUSY for a pin in use, ...).
The message says what was refused, by which line of the manifest, and what would allow it.
"""

from __future__ import annotations

from ...wire.fault import EACCES, EBUSY, EINVAL, EPERM, Fault, explain
from .current import port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from ...kernel.port import KernelPort

    T = TypeVar("T")


# Linux's numbers of what only this library raises; MicroPython's errno lacks some.
EEXIST, ETIMEDOUT, EHOSTUNREACH = 17, 110, 113


class Refusal(OSError):
    """A refused system call. `errno` as documented, `fault` the whole story."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.errno, explain(fault))
        self.fault = fault

    def __str__(self) -> str:  # MicroPython's own names the errno a second time
        return "[Errno {}] {}".format(self.args[0], self.args[1])


def ask(call: Callable[[KernelPort], T]) -> T:
    """`call(port)`, with a Fault turned into a Refusal."""
    try:
        return call(port())
    except Fault as fault:
        raise Refusal(fault)


__all__ = ["EACCES", "EBUSY", "EEXIST", "EHOSTUNREACH", "EINVAL", "EPERM", "ETIMEDOUT", "Refusal", "ask"]
