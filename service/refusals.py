"""Refusals: why the service will not do what it was asked, and what would make it do so.

The rules raise one of these classes; `http` alone knows which status each one becomes. `error` is a
slug a program may compare, `reason` and `remedy` are for the person who reads the log.
"""

from __future__ import annotations


class Refused(Exception):
    """The request is refused. Subclasses say in which of the ways HTTP can tell apart."""

    def __init__(self, error: str, reason: str, remedy: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(error + ": " + reason)
        self.error = error
        self.reason = reason
        self.remedy = remedy
        self.retry_after_s = retry_after_s


class Malformed(Refused):
    """It cannot be read at all."""


class Unauthenticated(Refused):
    """No token, or one that is not ours."""


class Forbidden(Refused):
    """The caller is known, or has failed to prove who it is, and may not do this."""


class Missing(Refused):
    """There is no such thing, as far as this caller may know."""


class WrongMethod(Refused):
    """The path exists, the method does not."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__("method-not-allowed", "this path has no such method", "use " + " or ".join(allowed))
        self.allowed = allowed


class Slow(Refused):
    """The body did not arrive in time."""


class Conflict(Refused):
    """It contradicts what is already there."""


class TooLarge(Refused):
    """More bytes, or more things, than the limit."""


class WrongType(Refused):
    """The body is not of the type this path takes."""


class OutOfRange(Refused):
    """The range asked for is not within the blob."""

    def __init__(self, length: int) -> None:
        super().__init__("range-not-satisfiable", "the blob has " + str(length) + " bytes")
        self.length = length


class Unprocessable(Refused):
    """It reads well and means something the service will not accept."""


class TooMany(Refused):
    """Asked too often."""
