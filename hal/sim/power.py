"""Power: one rail feeds flash and fuses, and can fail in the middle of any operation.

A device announces each operation that changes it. The rail counts it, writes it in its log, and if
the power is to fail now answers with a `Tear`, by which the device decides what part of the
operation still happened. From then on everything on the rail raises PowerLost until `power_on`.
"""

from __future__ import annotations

from collections import deque

from .noise import SeededNoise

LOG_LENGTH = 1024


class PowerLost(BaseException):
    """The power failed. Not an Exception: no handler in a ring may outlive its own power."""


class ChipReset(BaseException):
    """The chip was reset under whoever runs on it. `reason` is what the caller of reset gave."""

    def __init__(self, reason: int) -> None:
        super().__init__(reason)
        self.reason = reason


class Tear(SeededNoise):
    """The chance by which one operation is left half done; the rail's seed and count fix it."""


class PowerRail:
    """The supply that flash and fuses share.

    `count` is the number of operations since the rail was made; `log` holds the latest as
    (device, kind, offset or row, length), oldest first.
    """

    def __init__(self, seed: int = 0, log_length: int = LOG_LENGTH) -> None:
        self.is_on = True
        self.count = 0
        self.log: deque[tuple[str, str, int, int]] = deque((), log_length)
        self._seed = seed
        self._left = 0  # operations until the cut; 0 when none is planned
        self._device = ""

    def fail_after(self, operations: int, device: str = "") -> None:
        """Cut the power in the `operations`-th next operation (1 is the next one); 0 takes it back.

        With `device` only that device's operations are counted. Raises ValueError if negative.
        """
        if operations < 0:
            raise ValueError("a negative number of operations")
        self._left = operations
        self._device = device

    def begin(self, device: str, kind: str, at: int, length: int) -> Tear | None:
        """Announce an operation. Returns the Tear if the power fails in it, else None.

        After a torn operation the device calls `require`. Raises PowerLost if the power is off.
        """
        self.require()
        self.count += 1
        self.log.append((device, kind, at, length))
        if not self._left or (self._device and self._device != device):
            return None
        self._left -= 1
        if self._left:
            return None
        self.is_on = False
        return Tear(b"%d %d" % (self._seed, self.count))

    def require(self) -> None:
        """Raise PowerLost unless the power is on."""
        if not self.is_on:
            raise PowerLost("the power is off")

    def power_off(self) -> None:
        """Take the power away between two operations."""
        self.is_on = False

    def power_on(self) -> None:
        """Bring the power back. A cut still planned is forgotten."""
        self.is_on = True
        self._left = 0
