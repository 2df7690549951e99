"""IRQ configuration: debounce and edges of the external interrupts, senses, and the wake-up controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import time
from .conflicts import DECISIONS
from .registers import Block, Log, Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

LINES = 24
FIRST_IRQ = 20
DUAL, POLARITY, DEBOUNCE = 0x80, 0x100, 0x200
RATES_MILLIHZ = (8_000_000, 4_000_000, 2_000_000, 1_000_000, 500_000, 250_000, 125_000, 62_500)
assert DECISIONS["eint-polarity"] and DECISIONS["eint-enable"]


def _registers() -> tuple[Register, ...]:
    senses = [Register(0x200 + 4 * n, f"IRQ_SENS{n}", note="1 level, 0 edge, a bit an interrupt") for n in range(4)]
    wake = [Register(base + 4 * n, f"{name}{n}") for base, name in (
        (0x304, "WIC_PEND_SET"), (0x324, "WIC_ENABLE_SET"), (0x364, "WIC_PENDING"), (0x384, "WIC_ENABLED"),
        (0x600, "IRQ_DISABLE"), (0x620, "WIC_DISABLE"), (0x700, "IRQ_TEST"),
    ) for n in range(4)]  # fmt: skip
    others = [Register(0x340, "WIC_CTRL"), Register(0x344, "WIC_CLEAR"), Register(0x3A0, "WIC_STATUS"),
              Register(0x720, "IRQ_TEST_CTRL"), Register(0x900, "SOFT_RESET")]  # fmt: skip
    debounce = [Register(4 * n, f"DBNC_CON{n}", note="3:0 count, 6:4 rate, 7 both edges, 8 polarity, 9 debounce") for n in range(LINES)]
    temporary = [Register(0x80 + 4 * n, f"DBNC_TEMP{n}") for n in range(8)]
    return (*debounce, *temporary, *senses, *wake, *others)


class IrqConfig(Block):
    """External interrupts 0..23: `change` is told a pin's level, `pulse` an interrupt number to make pending.

    Bit 9 of a line is its debounce, not its gate: with it clear every edge counts at once.
    """

    NAME = "IRQCFG"
    REGISTERS = _registers()
    STATE = ("levels", "settled", "due")

    def __init__(self, scheduler: Scheduler, log: Log, pulse: Callable[[int], None], base: int = 0, name: str = "") -> None:
        self._pulse = pulse
        self._events: dict[int, Event] = {}
        self.levels = [0] * LINES
        self.settled = [0] * LINES
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """No debounce, one edge; the pins stay as they are."""
        super().reset()
        for event in self._events.values():
            self.scheduler.cancel(event)
        self._events = {}
        self.settled = list(self.levels)
        self.due: dict[int, int] = {}

    def change(self, line: int, level: int) -> None:
        """The pin of external interrupt `line` is now at `level`."""
        if self.levels[line] == level:
            return
        self.levels[line] = level
        wait = self._debounce_ticks(line)
        self.scheduler.cancel(self._events.pop(line, None))
        self.due.pop(line, None)
        if wait:
            self._arrange(line, self.scheduler.now + wait)
        else:
            self._settle(line)

    def _debounce_ticks(self, line: int) -> int:
        control = self.words[4 * line]
        if not control & DEBOUNCE:
            return 0
        return ((control & 15) + 1) * time.SECOND * 1000 // RATES_MILLIHZ[control >> 4 & 7]

    def _arrange(self, line: int, due: int) -> None:
        self.due[line] = due
        self._events[line] = self.scheduler.at(due, lambda: self._settle(line), f"{self.name} EINT{line}")

    def _settle(self, line: int) -> None:
        """The level has held for long enough: is the change one that interrupts?"""
        self.due.pop(line, None)
        self._events.pop(line, None)
        if self.settled[line] == self.levels[line]:
            return
        self.settled[line] = self.levels[line]
        control = self.words[4 * line]
        wanted = 0 if control & POLARITY else 1
        if control & DUAL or self.levels[line] == wanted:
            self._pulse(FIRST_IRQ + line)

    def save(self) -> dict[str, Any]:
        """Levels too: they are the lines' state, not only the pins'."""
        return {**super().save(), "levels": list(self.levels), "settled": list(self.settled), "due": dict(self.due)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on; what was bouncing settles when it would have."""
        super().restore(state)
        for line, due in list(self.due.items()):
            self._arrange(line, due)
