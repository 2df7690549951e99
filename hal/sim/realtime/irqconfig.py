"""IRQ configuration: debounce and edges of the external interrupts, senses, and the wake-up controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import TIME, BadState, items, table, whole
from . import time
from .conflicts import DECISIONS
from .registers import BOTH, READ, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

LINES = 24
FIRST_IRQ = 20
DUAL, POLARITY, DEBOUNCE = 0x80, 0x100, 0x200
RATES_MILLIHZ = (8_000_000, 4_000_000, 2_000_000, 1_000_000, 500_000, 250_000, 125_000, 62_500)
assert DECISIONS["eint-polarity"] and DECISIONS["eint-enable"]


def _registers() -> tuple[Register, ...]:
    senses = [Register(0x200 + 4 * n, f"IRQ_SENS{n}", note=f"interrupts {32 * n} to {32 * n + 31}, a bit each: 1 level, 0 edge; only for pins") for n in range(4)]
    banks = [kept(base + 4 * n, f"{name}{n}", what, access) for base, name, what, access in (
        (0x304, "WIC_PEND_SET", "wake-up controller: what is to pend, by software", BOTH),
        (0x324, "WIC_ENABLE_SET", "wake-up controller: what is to wake, by software", BOTH),
        (0x364, "WIC_PENDING", "wake-up controller: what pends", READ), (0x384, "WIC_ENABLED", "wake-up controller: what wakes", READ),
        (0x600, "IRQ_DISABLE", "interrupts held back, a bit each", BOTH), (0x620, "WIC_DISABLE", "wake-ups held back, a bit each", BOTH),
        (0x700, "IRQ_TEST", "levels of the interrupts in a test", BOTH),
    ) for n in range(4)]  # fmt: skip
    others = [
        kept(0x340, "WIC_CTRL", "0 pending, 1 interrupt, 2 clearing, 3 no reset"), kept(0x344, "WIC_CLEAR", "0 forget wake-ups"),
        kept(0x3A0, "WIC_STATUS", "what woke the core", READ), kept(0x720, "IRQ_TEST_CTRL", "0 test levels replace the real ones"),
        kept(0x900, "SOFT_RESET", "2 reset the NVIC"),
    ]  # fmt: skip
    note = "3:0 count - 1, 6:4 rate (8 kHz >> n), 7 both edges, 8 falling, 9 debounce; of GPIO"
    debounce = [Register(4 * n, f"DBNC_CON{n}", note=f"{note}{n}") for n in range(LINES)]
    temporary = [kept(0x80 + 4 * n, f"DBNC_TEMP{n}", "copies of settings; no driver uses them") for n in range(8)]
    return (*debounce, *temporary, *senses, *banks, *others)


class IrqConfig(Block):
    """External interrupts 0..23: `change` is told a pin's level, `pulse` an interrupt number to make pending.

    Bit 9 of a line is its debounce, not its gate: with it clear every edge counts at once. A line whose sense is
    level tells `level` (interrupt number, level) instead, for as long as its pin is at the level of its polarity.
    """

    NAME = "IRQCFG"
    REGISTERS = _registers()
    STATE = {"levels": items(whole(1), LINES), "settled": items(whole(1), LINES), "due": table(whole(LINES - 1), TIME, LINES)}

    def __init__(self, scheduler: Scheduler, log: Log, pulse: Callable[[int], None], base: int = 0, name: str = "",
                 level: Callable[[int, bool], None] = lambda number, is_high: None) -> None:  # fmt: skip
        self._pulse, self._level = pulse, level
        self._events: dict[int, Event] = {}
        self.levels = [0] * LINES
        self.settled = [0] * LINES
        super().__init__(scheduler, log, base, name)
        for line in range(LINES):
            self._writers[4 * line] = self._setter(4 * line)
        for word in (0x200, 0x204):
            self._writers[word] = self._setter(word)

    def _setter(self, word: int) -> Callable[[int], None]:
        def write(value: int) -> None:
            self.words[word] = value
            self._tell()

        return write

    def _is_level(self, line: int) -> bool:
        number = FIRST_IRQ + line
        return bool(self.words[0x200 + 4 * (number // 32)] >> number % 32 & 1) and not self.words[4 * line] & DUAL

    def _tell(self) -> None:
        """Lines that are levels."""
        for line in range(LINES):
            self._level(FIRST_IRQ + line, self._is_level(line) and self.settled[line] == self._wanted(line))

    def _wanted(self, line: int) -> int:
        return 0 if self.words[4 * line] & POLARITY else 1

    def reset(self) -> None:
        """No debounce, one edge; the pins stay as they are."""
        super().reset()
        for event in self._events.values():
            self.scheduler.cancel(event)
        self._events = {}
        self.settled = list(self.levels)
        self.due: dict[int, int] = {}
        self._tell()

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
        if self._is_level(line):
            self._level(FIRST_IRQ + line, self.levels[line] == self._wanted(line))
        elif self.words[4 * line] & DUAL or self.levels[line] == self._wanted(line):
            self._pulse(FIRST_IRQ + line)

    def check(self, state: object) -> dict[str, Any]:
        """Levels of every line, too. Raises BadState."""
        checked = super().check(state)
        if len(checked["levels"]) != LINES or len(checked["settled"]) != LINES:
            raise BadState(f".levels: not {LINES} of them")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """Go on; what was bouncing settles when it would have."""
        for event in self._events.values():
            self.scheduler.cancel(event)
        self._events = {}
        super().restore(state)
        for line, at in list(self.due.items()):
            self._arrange(line, at)
        self._tell()
