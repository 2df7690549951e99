"""Waveforms: levels of signals over time as a value change dump (IEEE 1364-2005, clause 18).

GTKWave and its kin open the file. The unit is a nanosecond; changes within one are all written, in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from .time import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST, LAST = 33, 126  # of the characters that identifiers are made of (18.2.1)
NANOSECONDS = 1_000_000_000


def identifier(number: int) -> str:
    """The shortest identifier of signal `number`."""
    text = ""
    while True:
        number, digit = divmod(number, LAST - FIRST + 1)
        text += chr(FIRST + digit)
        if not number:
            return text
        number -= 1


class Vcd:
    """Writes to `stream`. `signals` are names; `levels` what they begin with, 0, 1, or None for unknown."""

    def __init__(self, stream: TextIO, signals: Sequence[str], levels: Sequence[int | None], scope: str = "board") -> None:
        self._stream = stream
        self._identifiers = {name: identifier(number) for number, name in enumerate(signals)}
        self._levels = dict(zip(signals, levels, strict=True))
        self._time = -1
        self._head(scope)

    def _head(self, scope: str) -> None:
        rows = ["$version armillary $end", "$timescale 1 ns $end", f"$scope module {scope} $end"]
        rows += [f"$var wire 1 {short} {_word(name)} $end" for name, short in self._identifiers.items()]
        rows += ["$upscope $end", "$enddefinitions $end", "#0", "$dumpvars"]
        rows += [_value(self._levels[name]) + short for name, short in self._identifiers.items()]
        self._stream.write("\n".join([*rows, "$end"]) + "\n")
        self._time = 0

    def change(self, time: int, name: str, level: int | None) -> None:
        """`name` has `level` from `time` (ticks) on; what is no change is left out. Raises KeyError for an unknown name.

        Times do not go back; one that would is written as the latest.
        """
        if self._levels[name] == level:
            return
        self._levels[name] = level
        self._at(time)
        self._stream.write(_value(level) + self._identifiers[name] + "\n")

    def finish(self, time: int) -> None:
        """The dump ends at `time` (ticks)."""
        self._at(time)
        self._stream.flush()

    def _at(self, time: int) -> None:
        now = time * NANOSECONDS // SECOND
        if now > self._time:
            self._time = now
            self._stream.write(f"#{now}\n")


def _value(level: int | None) -> str:
    return "x" if level is None else "1" if level else "0"


def _word(name: str) -> str:
    """A name without the blanks that would end it."""
    return "_".join(name.split()) or "_"
