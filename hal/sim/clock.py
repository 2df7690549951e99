"""Clock: time that only moves when it is told to, so that two runs are the same."""

from __future__ import annotations

from ...wire.fault import Invalid

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z, when a virtual clock begins unless told otherwise


class VirtualClock:
    """A clock that its owner advances. Satisfies `hal.interface.Clock`."""

    def __init__(self, unix_ms: int = EPOCH_MS) -> None:
        self._now_us = 0  # since this clock was made
        self._on_us = 0  # when the power came on, on the same scale
        self._unix_ms = unix_ms

    def uptime_us(self) -> int:
        """Microseconds since power-on."""
        return self._now_us - self._on_us

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._unix_ms + self._now_us // 1000

    def advance_us(self, microseconds: int) -> None:
        """Let time pass. Raises Invalid if it would go back."""
        if microseconds < 0:
            raise Invalid("time does not go back")
        self._now_us += microseconds

    def set_unix_ms(self, unix_ms: int) -> None:
        """Set the time of day, as a network or a user would; uptime does not move."""
        self._unix_ms = unix_ms - self._now_us // 1000

    def power_on(self) -> None:
        """Begin counting uptime anew; the time of day goes on, as with a backup cell."""
        self._on_us = self._now_us
