"""Faults: the numbered ways a call can be refused, the same numbers on both sides of every gate.

A fault that crosses a gate says why: the ring that refused, the rule it applied, the policy line
(manifest entry, fuse, table row) that decided, and the remedy that would make the call lawful.
"""

from __future__ import annotations

import errno


class Fault(Exception):
    """A refusal that crosses a boundary. Subclasses fix `code` (1..255) and `errno`."""

    code = 0
    errno = errno.EIO

    def __init__(self, reason="", ring="", rule="", policy="", remedy=""):
        Exception.__init__(self, reason)
        self.reason = str(reason)
        self.ring = ring
        self.rule = rule
        self.policy = policy
        self.remedy = remedy

    def __str__(self):
        return explain(self)


def explain(fault):
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
    errno = errno.EINVAL


class Invalid(Fault):
    """An argument or a message is malformed or out of its stated bounds."""

    code = 2
    errno = errno.EINVAL


class Denied(Fault):
    """The caller has no authority for this."""

    code = 3
    errno = errno.EACCES


class NotFound(Fault):
    """The thing named does not exist."""

    code = 4
    errno = errno.ENOENT


class Busy(Fault):
    """Somebody else holds it, or an operation is under way."""

    code = 5
    errno = errno.EBUSY


class Full(Fault):
    """A quota or a store is used up."""

    code = 6
    errno = errno.ENOSPC


class OutOfOrder(Fault):
    """The call is lawful, but not in this state."""

    code = 7
    errno = errno.EPERM


class Untrusted(Fault):
    """A signature, a hash or a certificate does not prove what it must."""

    code = 8
    errno = errno.EPERM


class Rollback(Fault):
    """The version is older than the counter allows."""

    code = 9
    errno = errno.EPERM


class Expired(Fault):
    """It was valid once."""

    code = 10
    errno = errno.EPERM


class Failed(Fault):
    """A device below did not do what it was asked."""

    code = 11
    errno = errno.EIO


class Locked(Fault):
    """A sticky lock holds until the next reset, or for ever."""

    code = 12
    errno = errno.EPERM


class Internal(Fault):
    """A defect of ours: the call had no effect that was reported."""

    code = 13
    errno = errno.EIO


class Unhealthy(Fault):
    """The entropy source failed its health test; no random number is given out."""

    code = 14
    errno = errno.EIO


class Closed(Fault):
    """The handle is not open, or the other end is gone."""

    code = 15
    errno = errno.EBADF


class Again(Fault):
    """Not ready yet: wait for the event and ask again."""

    code = 16
    errno = errno.EAGAIN


class NoDevice(Fault):
    """There is no such peripheral on this board."""

    code = 17
    errno = errno.ENODEV


class Unreachable(Fault):
    """The host could not be reached, or its name is not known."""

    code = 18
    errno = errno.EHOSTUNREACH


ALL = (
    Unknown, Invalid, Denied, NotFound, Busy, Full, OutOfOrder, Untrusted, Rollback, Expired,
    Failed, Locked, Internal, Unhealthy, Closed, Again, NoDevice, Unreachable,
)  # fmt: skip
FAULTS = {fault.code: fault for fault in ALL}
