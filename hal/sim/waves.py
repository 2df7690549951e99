"""Waves: the main core's pulse width modulation, edge by edge on the board's time.

Nothing happens here by itself: whoever keeps the board's time asks `next_us` when the next edge is due and calls `poll`
then. Called late, `poll` leaves out what nobody could have seen: pins go to the level they have now.

An app may ask for a billion periods a second. Of a wave that is too fast to show each edge the first periods are shown
as they are, then longer ones of the same duty, each of which stands for many: the board's time goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire import blocks
from ...wire.fault import Invalid
from .gpio import PUSH_PULL

if TYPE_CHECKING:
    from ..interface import Clock
    from .gpio import GpioBank

NS = 1000  # in a microsecond
FINE, COARSE = 20_000, 1_000_000  # ns: periods that are as long are all shown; what stands for the rest is about as long
EXACT = 4  # of the shorter ones that are shown, as `realtime.pwm` does


class Wave:
    """High for `duty_ns` of every `period_ns`, from `start_us` on; the other way round if `is_inverted`."""

    def __init__(self, start_us: int, period_ns: int, duty_ns: int, is_inverted: bool) -> None:
        self._start_us = start_us
        self._period_ns = period_ns
        self._duty_ns = duty_ns
        self._is_inverted = is_inverted

    def level(self, now_us: int) -> int:
        """The level at a time."""
        elapsed = (now_us - self._start_us) * NS
        begin, _, duty = self._period(elapsed)
        return int((elapsed - begin < duty) != self._is_inverted)

    def next_us(self, now_us: int) -> int | None:
        """The first microsecond after `now_us` that has seen an edge; None if there are none."""
        if not 0 < self._duty_ns < self._period_ns:
            return None
        elapsed = (now_us - self._start_us) * NS
        begin, period, duty = self._period(elapsed)
        edge = begin + (duty if elapsed - begin < duty else period)
        return self._start_us + -(-edge // NS)

    def _period(self, elapsed: int) -> tuple[int, int, int]:
        """(begin, length, pulse) in ns of the period that plays `elapsed` ns after the start."""
        exact = EXACT * self._period_ns
        if self._period_ns >= FINE or elapsed < exact:
            return elapsed - elapsed % self._period_ns, self._period_ns, self._duty_ns
        stands = -(-COARSE // self._period_ns)
        period = stands * self._period_ns
        return elapsed - (elapsed - exact) % period, period, stands * self._duty_ns


class Waves:
    """The waves on the pins of one bank. Satisfies `hal.interface.Pwm`, but for who may use which."""

    def __init__(self, bank: GpioBank, clock: Clock) -> None:
        self._bank = bank
        self._clock = clock
        self._waves: dict[int, Wave] = {}

    def apply(self, controller: int, channel: int, period_ns: int, duty_ns: int, is_inverted: int, is_enabled: int) -> None:
        """Pulses on pin `channel` of a controller, from now on and with a pulse first; or the level between pulses.

        Raises NoDevice, Invalid if a pulse is longer than a period.
        """
        if not 0 < period_ns or not 0 <= duty_ns <= period_ns:
            raise Invalid("a pulse of " + str(duty_ns) + " ns in a period of " + str(period_ns))
        pin, level = blocks.pins(blocks.PWM + controller)[channel], int(bool(is_inverted))
        self.stop(pin)
        if is_enabled:
            self._waves[pin] = wave = Wave(self._clock.uptime_us(), period_ns, duty_ns, bool(is_inverted))
            level = wave.level(self._clock.uptime_us())
        self._bank.output(pin, PUSH_PULL, level)

    def stop(self, pin: int) -> None:
        """Somebody else says what `pin` does now."""
        self._waves.pop(pin, None)

    def next_us(self) -> int | None:
        """When `poll` is to be called next, or None."""
        if not self._waves:
            return None
        now = self._clock.uptime_us()
        edges = [wave.next_us(now) for wave in self._waves.values()]
        return min([edge for edge in edges if edge is not None], default=None)

    def poll(self) -> None:
        """Bring every pin to the level it has now."""
        now = self._clock.uptime_us()
        for pin, wave in self._waves.items():
            self._bank.write(pin, wave.level(now))

    def reset(self) -> None:
        """What a reset does: there are none."""
        self._waves.clear()
