"""Faults: the numbered ways a call can be refused, the same numbers on both sides of every gate.

A fault that crosses a gate says why: the ring that refused, the rule it applied, the policy line
(manifest entry, fuse, table row) that decided, and the remedy that would make the call lawful.
"""

from __future__ import annotations

# Linux's numbers, which apps see whatever system this runs on; MicroPython's errno lacks some.
EPERM, ENOENT, EIO, EBADF, EAGAIN, EACCES, EBUSY = 1, 2, 5, 9, 11, 13, 16
ENODEV, EINVAL, ENOSPC, EHOSTUNREACH = 19, 22, 28, 113


class Fault(Exception):
    """A refusal that crosses a boundary. Subclasses fix `code` (1..255) and `errno`."""

    code = 0
    errno = EIO

    def __init__(self, reason: object = "", ring: str = "", rule: str = "", policy: str = "", remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = str(reason)
        self.ring = ring
        self.rule = rule
        self.policy = policy
        self.remedy = remedy

    def __str__(self) -> str:
        return explain(self)


def explain(fault: Fault) -> str:
    """One line for a person: what was refused, by whom, under which rule, and what would help."""
    text = type(fault).__name__ + ": " + (fault.reason or "no reason given")
    if fault.rule:
        text += " [" + (fault.ring or "?") + " rule " + fault.rule + "]"
    if fault.policy:
        text += " (decided by " + fault.policy + ")"
    if fault.remedy:
        text += "; to allow it: " + fault.remedy
    return text


class Unknown(Fault):
    """No such call at this gate."""

    code = 1
    errno = EINVAL


class Invalid(Fault):
    """An argument or a message is malformed or out of its stated bounds."""

    code = 2
    errno = EINVAL
    offset: int | None = None  # where in what was read, for a reader in the same ring


def malformed(reason: str, offset: int, rule: str = "", policy: str = "") -> Invalid:
    """The fault for what stands at `offset` (bytes from the start) of something read, to be raised."""
    fault = Invalid(reason + " at offset " + hex(offset), "", rule, policy)
    fault.offset = offset
    return fault


class Denied(Fault):
    """The caller has no authority for this."""

    code = 3
    errno = EACCES


class NotFound(Fault):
    """The thing named does not exist."""

    code = 4
    errno = ENOENT


class Busy(Fault):
    """Somebody else holds it, or an operation is under way."""

    code = 5
    errno = EBUSY


class Full(Fault):
    """A quota or a store is used up."""

    code = 6
    errno = ENOSPC


class OutOfOrder(Fault):
    """The call is lawful, but not in this state."""

    code = 7
    errno = EPERM


class Untrusted(Fault):
    """A signature, a hash or a certificate does not prove what it must."""

    code = 8
    errno = EPERM


class Rollback(Fault):
    """The version is older than the counter allows."""

    code = 9
    errno = EPERM


class Expired(Fault):
    """It was valid once."""

    code = 10
    errno = EPERM


class Failed(Fault):
    """A device below did not do what it was asked."""

    code = 11
    errno = EIO


class Locked(Fault):
    """A sticky lock holds until the next reset, or for ever."""

    code = 12
    errno = EPERM


class Internal(Fault):
    """A defect of ours: the call had no effect that was reported."""

    code = 13
    errno = EIO


class Unhealthy(Fault):
    """The entropy source failed its health test; no random number is given out."""

    code = 14
    errno = EIO


class Closed(Fault):
    """The handle is not open, or the other end is gone."""

    code = 15
    errno = EBADF


class Again(Fault):
    """Not ready yet: wait for the event and ask again."""

    code = 16
    errno = EAGAIN


class NoDevice(Fault):
    """There is no such peripheral on this board."""

    code = 17
    errno = ENODEV


class Unreachable(Fault):
    """The host could not be reached, or its name is not known."""

    code = 18
    errno = EHOSTUNREACH


ALL = (
    Unknown, Invalid, Denied, NotFound, Busy, Full, OutOfOrder, Untrusted, Rollback, Expired,
    Failed, Locked, Internal, Unhealthy, Closed, Again, NoDevice, Unreachable,
)  # fmt: skip
FAULTS: dict[int, type[Fault]] = {fault.code: fault for fault in ALL}
