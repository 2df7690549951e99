"""WDT: the watchdog of a core.

Counts thirty-seconds of a second. When they are over it interrupts or resets, unless it was restarted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import TIME, WORD, flag
from . import time
from .conflicts import DECISIONS
from .registers import INFERRED, READ, WRITE, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

TICK = time.SECOND // 32
MODE_KEY, LENGTH_KEY, RESTART_KEY, RESET_KEY = 0x22, 0x08, 0x1971, 0x1209
ENABLE, INTERRUPT = 1, 8  # MODE
TIMED_OUT, SOFTWARE = 1 << 15, 1 << 14  # STA
assert DECISIONS["wdt-reset"]


class Wdt(Block):
    """`irq` is told the level of its interrupt, `reset_core` that the core is to be reset."""

    NAME = "WDT"
    REGISTERS = (
        Register(0x30, "MODE", note="15:8 key 0x22; 0 enable, 3 interrupt instead of reset (4, the other cores' interrupt, kept)"),
        Register(0x34, "LENGTH", reset=0xFFE0, note="15:5 thirty-seconds of a second, less 1; 4:0 key 0x08; taken over by RESTART"),
        Register(0x38, "RESTART", WRITE, note="write 0x1971: count anew"),
        Register(0x3C, "STA", READ, note="why the core was reset: 15 time-out, 14 software", source=INFERRED),
        kept(0x40, "INTERVAL", "11:0 length of the reset pulse", reset=0xFFF),
        Register(0x44, "SWRST", WRITE, note="write 0x1209: reset at once"),
        Register(0x80, "SWINT", WRITE, note="interrupt 3: 31 set, 30 clear"),
    )
    STATE = {"due": TIME, "status": WORD, "is_raised": flag}
    EVENTS = {"_event": ("_time_out", "time-out")}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], reset_core: Callable[[], None],
        base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq, self._reset_core = irq, reset_core
        self._event: Event | None = None
        self.status = 0
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """Off. What caused the reset stays to be read."""
        self.scheduler.cancel(self._event)
        super().reset()
        self.due = 0
        self.is_raised = False
        self._irq(False)

    def write_mode(self, value: int) -> None:
        """With the key only."""
        if value >> 8 & 0xFF != MODE_KEY:
            self.log.once(f"{self.name}: MODE written without its key: {value:#x}")
            return
        self.words[0x30] = value & 0xFF
        self._restart()

    def write_length(self, value: int) -> None:
        """With the key only; counts from the next restart."""
        if value & 0x1F != LENGTH_KEY:
            self.log.once(f"{self.name}: LENGTH written without its key: {value:#x}")
            return
        self.words[0x34] = value & 0xFFE0

    def write_restart(self, value: int) -> None:
        """The kick."""
        if value == RESTART_KEY:
            self._raise(False)
            self._restart()

    def write_swrst(self, value: int) -> None:
        """Reset at once."""
        if value == RESET_KEY:
            self.status = SOFTWARE
            self._reset_core()

    def write_swint(self, value: int) -> None:
        """Interrupt by software."""
        if value & 1 << 31:
            self._raise(True)
        elif value & 1 << 30:
            self._raise(False)

    def read_sta(self) -> int:
        """What happened; it is read until the next reset."""
        return self.status

    def _raise(self, level: bool) -> None:
        self.is_raised = level
        self._irq(level)

    def _restart(self) -> None:
        self.scheduler.cancel(self._event)
        if self.words[0x30] & ENABLE:
            self.due = self.scheduler.now + ((self.words[0x34] >> 5 & 0x7FF) + 1) * TICK
            self.arrange("_event", self.due)

    def _time_out(self) -> None:
        self.status = TIMED_OUT
        if self.words[0x30] & INTERRUPT:
            self._raise(True)
        else:
            self._reset_core()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on; it is due when it was."""
        super().restore(state)
        self._irq(self.is_raised)
