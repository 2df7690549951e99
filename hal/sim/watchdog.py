"""Watchdog: resets the chip unless it is tended in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Invalid, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..interface import Clock


class Watchdog:
    """Satisfies `hal.interface.Watchdog`. `expired()` is called once when the time-out has passed.

    Nothing runs by itself in a model: whoever owns the clock calls `poll` when it has moved.
    """

    def __init__(self, clock: Clock, expired: Callable[[], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._timeout_us = 0  # 0 while it is not running
        self.deadline_us: int | None = None

    def start(self, timeout_ms: int) -> None:
        """Start it; it cannot be stopped nor slowed. Raises OutOfOrder if it runs, Invalid."""
        if self._timeout_us:
            raise OutOfOrder("the watchdog runs already", "hal", "watchdog.start")
        if timeout_ms < 1:
            raise Invalid("a time-out of " + str(timeout_ms) + " ms")
        self._timeout_us = timeout_ms * 1000
        self.deadline_us = self._clock.uptime_us() + self._timeout_us

    def tend(self) -> None:
        """Begin the time-out anew. Raises OutOfOrder unless it runs. Too late is too late."""
        if not self._timeout_us:
            raise OutOfOrder("the watchdog does not run", "hal", "watchdog.tend")
        if self.deadline_us is not None and not self.poll():
            self.deadline_us = self._clock.uptime_us() + self._timeout_us

    def poll(self, now_us: int | None = None) -> bool:
        """Whether the time is up; if so `expired` has been called, and it will not be again."""
        now = self._clock.uptime_us() if now_us is None else now_us
        if self.deadline_us is None or now < self.deadline_us:
            return False
        self.deadline_us = None
        self._expired()
        return True

    def reset(self) -> None:
        """What a reset does: it no longer runs."""
        self._timeout_us = 0
        self.deadline_us = None
