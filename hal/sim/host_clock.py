"""Host clock: the time of the machine that runs the model. CPython only."""

from __future__ import annotations

import time


class HostClock:
    """Monotonic time since power-on and the host's time of day. Satisfies `hal.interface.Clock`."""

    def __init__(self) -> None:
        self._on_ns = time.monotonic_ns()

    def uptime_us(self) -> int:
        """Microseconds since power-on."""
        return (time.monotonic_ns() - self._on_ns) // 1000

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def power_on(self) -> None:
        """Begin counting uptime anew."""
        self._on_ns = time.monotonic_ns()
