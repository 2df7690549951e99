"""What the world does to pins, told to the process of the real-time cores: each change while it keeps up with them.

Of a pin that changes faster than that the latest state is told: nobody is ended for a button that bounces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from armillary.hal.sim.gpio import FLOATING, GpioBank

from .asking import Answer

MOST_WAITING = 64  # changes that are told and not yet taken


class Outside:
    """`tell(pin, level, pull, answer)` tells a change, and calls `answer` when it was taken; False if there is nobody to tell."""

    def __init__(self, gpio: GpioBank, tell: Callable[[int, int, int, Answer], bool]) -> None:
        self._gpio, self._tell = gpio, tell
        self._waiting = 0
        self._late: dict[int, None] = {}  # pins whose state is still to be told, in their order
        gpio.observe_outside(self._changed)

    def all(self) -> None:
        """Tell of every pin to which the world does anything: the process is new."""
        self._late.clear()
        for pin in self._gpio.pins():
            if self._gpio.outside(pin) != (FLOATING, FLOATING):
                self._changed(pin)

    def _changed(self, pin: int) -> None:
        if self._waiting < MOST_WAITING and pin not in self._late:
            self._send(pin)
        else:
            self._late[pin] = None

    def _send(self, pin: int) -> None:
        level, pull = self._gpio.outside(pin)
        self._waiting += 1
        if not self._tell(pin, level, pull, self._taken):
            self._waiting -= 1

    def _taken(self, _value: Any, _fault: Any) -> None:
        self._waiting -= 1
        if self._late:
            pin = next(iter(self._late))
            del self._late[pin]
            self._send(pin)
