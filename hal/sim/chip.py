"""Chip: the reset line, and what hangs on it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    class Part(Protocol):
        """A device that a reset brings back to its first state."""

        def reset(self) -> None: ...


WATCHDOG = 0xFF  # reason of a reset by the watchdog
REASONS = 16  # remembered


class Chip:
    """Satisfies `hal.interface.Chip`: resets each of `parts`, then calls `on_reset(reason)`.

    A board that runs its rings on the caller's own stack lets `on_reset` raise `power.ChipReset`.
    """

    def __init__(self, on_reset: Callable[[int], None], parts: Iterable[Part] = ()) -> None:
        self.parts = list(parts)
        self.reasons: deque[int] = deque((), REASONS)  # of the latest resets since power-on
        self._on_reset = on_reset

    def reset(self, reason: int) -> None:
        """Reset the chip."""
        self.reasons.append(reason)
        for part in self.parts:
            part.reset()
        self._on_reset(reason)

    def power_on(self) -> None:
        """What coming of the power does: the same to the parts, but nobody asked for it."""
        self.reasons = deque((), REASONS)
        for part in self.parts:
            part.reset()
