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
ENXIO, EEXIST, EMSGSIZE, EADDRINUSE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH = 6, 17, 90, 98, 104, 110, 113


class Refusal(OSError):
    """A refused system call. `errno` as documented, `fault` the whole story."""

    def __init__(self, fault: Fault, errno: int = 0) -> None:
        super().__init__(errno or fault.errno, explain(fault))
        self.fault = fault

    def __str__(self) -> str:  # MicroPython's own names the errno a second time
        return "[Errno {}] {}".format(self.args[0], self.args[1])


def ask(call: Callable[[KernelPort], T], errnos: dict[str, int] | None = None) -> T:
    """`call(port)`, with a Fault turned into a Refusal; `errnos` (rule: errno) says where its errno is another."""
    try:
        return call(port())
    except Fault as fault:
        raise Refusal(fault, (errnos or {}).get(fault.rule, 0))


__all__ = [
    "EACCES", "EADDRINUSE", "EBUSY", "ECONNRESET", "EEXIST", "EHOSTUNREACH", "EINVAL", "EMSGSIZE", "ENXIO", "EPERM", "ETIMEDOUT",
    "Refusal", "ask",
]  # fmt: skip
