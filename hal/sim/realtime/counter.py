"""Event and capture counters of a GPIO group: the first pins count up and down, or stamp their edges with a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import TIME, WORD, items, row, whole
from . import time
from .conflicts import DECISIONS
from .registers import INFERRED, READ, WRITE, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Scheduler

EVENT, CAPTURE, EVENT_RESET, CAPTURE_RESET = 1, 2, 1 << 16, 1 << 17  # DYNAMIC
AT_LOW, AT_HIGH, RESET_DONE, OVER, UNDER = 1, 2, 4, 1 << 8, 1 << 9  # INT_STS
FULL, HELD = 12, 16  # INT_STS: the first bits of a capture FIFO being full, and of its holding something
DIRECTION, UP_DOWN, QUADRATURE = 0, 1, 2
STAYS_LOW, STAYS_HIGH, LOW_STARTS, HIGH_STARTS = 1, 2, 3, 4  # what saturates; the last two go back to RESET_VALUE
DEPTH, MASK = 8, 0xFFFFFFFF
CLOCK_HZ = {0: 26_000_000, 1: time.SLOW_HZ, 2: 125_000_000, 3: 200_000_000}  # by TOPCFG 0x210
# Quadrature, as (A | B << 1) before and after.
STEPS = {(0, 1): 1, (1, 3): 1, (3, 2): 1, (2, 0): 1, (1, 0): -1, (3, 1): -1, (2, 3): -1, (0, 2): -1}
assert DECISIONS["counter-edges"] and DECISIONS["counter-limits"]


class Counter(Block):
    """At +0x100 of a group. `is_on` says whether the group is in counter mode, `clock` the selector of its clock."""

    NAME = "COUNTER"
    REGISTERS = (
        *(kept(4 * n, f"STATIC{n}", f"of pin {n}: 13:0 shortest pulse, 14 filter") for n in range(3)),
        Register(0x0C, "STATIC3", note="2:0 reset by pin 2, 11:8 capture edges, 17:16 edges, 19:18 mode, 22:20 directions, 25:24 limits told, 30:28 saturation"),
        Register(0x10, "DYNAMIC", note="0 count events, 1 capture, 16 and 17 reset them"),
        Register(0x20, "RESET_VALUE", note="the count after a reset of events"),
        Register(0x24, "LOW", note="lower limit of the count"),
        Register(0x28, "HIGH", reset=MASK, note="upper limit of the count", source=INFERRED),
        Register(0x30, "INT_EN", note="which of INT_STS interrupt"), Register(0x34, "INT_CLR", WRITE, note="written as 1: forget in INT_STS"),
        Register(0x38, "INT_STS", READ, note="0 low, 1 high, 2 reset by pin 2, 8 over, 9 under, 13:12 captures full, 17:16 captures wait"),
        Register(0x40, "FIFO_STS", READ, note="captures that wait: 3:0 of pin 0, 7:4 of pin 1"),
        Register(0x44, "CAPTURE0", READ, note="the oldest time of pin 0, which is taken"),
        Register(0x48, "CAPTURE1", READ, note="the oldest time of pin 1, which is taken"),
        Register(0x4C, "COUNT", READ, note="events counted"),
        kept(0x50, "DEBUG_CTRL", "what DEBUG_OUT shows"), kept(0x54, "DEBUG_OUT", "a signal inside", READ),
    )  # fmt: skip
    STATE = {"count": WORD, "since": TIME, "levels": whole(7), "captured": row(items(WORD, DEPTH), items(WORD, DEPTH))}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None],
        is_on: Callable[[], bool], clock: Callable[[], int], base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq, self._is_on, self._clock = irq, is_on, clock
        self.levels = 0
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """Stopped, nothing captured; the pins are where they are."""
        super().reset()
        self.count = self.since = 0
        self.captured: tuple[list[int], list[int]] = ([], [])
        self._tell()

    def _tell(self) -> None:
        self._irq(bool(self.words[0x38] & self.words[0x30]))

    # --- pins ---

    def change(self, pin: int, level: int) -> None:
        """Pin 0, 1 or 2 of the group is now at `level`."""
        was = self.levels
        self.levels = was & ~(1 << pin) | level << pin
        if not self._is_on() or was == self.levels:
            return
        enabled = self.words[0x10]
        if pin == 2:
            self._reset_by_pin(level)
        if pin < 2 and enabled & CAPTURE and self._is_meant(self.words[0x0C] >> 8 + 2 * pin & 3, level):
            self._capture(pin)
        if pin < 2 and enabled & EVENT:
            self._count(self._step(was, pin, level))
        self._tell()

    @staticmethod
    def _is_meant(edges: int, level: int) -> bool:
        """0 rising, 1 falling, else both."""
        return edges >= 2 or level == 1 - edges

    def _step(self, was: int, pin: int, level: int) -> int:
        control = self.words[0x0C]
        mode, is_meant = control >> 18 & 3, self._is_meant(control >> 16 & 3, level)
        if mode == QUADRATURE:
            return STEPS.get((was & 3, self.levels & 3), 0) * (-1 if control >> 22 & 1 else 1)
        if not is_meant or (mode == DIRECTION and pin == 1):
            return 0
        if mode == DIRECTION:
            return 1 if self.levels >> 1 & 1 == control >> 20 & 1 else -1
        return 1 if pin == control >> 21 & 1 else -1

    def _count(self, step: int) -> None:
        """Count on, as far as the limits let it; beyond 32 bits it goes round."""
        low, high = self.words[0x24], self.words[0x28]
        saturates, told = self.words[0x0C] >> 28 & 7, self.words[0x0C] >> 24 & 3
        value = self.count + step
        is_low, is_high = step < 0 and value <= low, step > 0 and value >= high
        flags = (OVER if value > MASK else 0) | (UNDER if value < 0 else 0) | (AT_LOW if is_low else 0) | (AT_HIGH if is_high else 0)
        if saturates == STAYS_LOW and is_low:
            value = min(self.count, low)
        elif saturates == STAYS_HIGH and is_high:
            value = max(self.count, high)
        elif saturates == LOW_STARTS and is_low or saturates == HIGH_STARTS and is_high:
            value = self.words[0x20]
        self.count = value & MASK
        self.words[0x38] |= flags & (OVER | UNDER | told)

    def _capture(self, pin: int) -> None:
        elapsed = self.scheduler.now - self.since
        waiting = self.captured[pin]
        if len(waiting) < DEPTH:
            waiting.append(elapsed * CLOCK_HZ[self._clock() & 3] // time.SECOND & MASK)
        self.words[0x38] |= 1 << HELD + pin | (1 << FULL + pin if len(waiting) == DEPTH else 0)

    def _reset_by_pin(self, level: int) -> None:
        control = self.words[0x0C]
        if level != control & 1 or not control & 6:
            return
        if control & 4:
            self.count = self.words[0x20]
        if control & 2:
            self._restart()
        self.words[0x38] |= RESET_DONE

    def _restart(self) -> None:
        self.since = self.scheduler.now
        self.captured = ([], [])

    # --- registers ---

    def write_dynamic(self, value: int) -> None:
        """Enabling the capture begins its time; the resets act while they are written."""
        was, self.words[0x10] = self.words[0x10], value
        if value & EVENT_RESET:
            self.count = self.words[0x20]
        if value & CAPTURE_RESET or value & CAPTURE and not was & CAPTURE:
            self._restart()

    def write_int_en(self, value: int) -> None:
        """Which causes interrupt."""
        self.words[0x30] = value
        self._tell()

    def write_int_clr(self, value: int) -> None:
        """Forget causes."""
        self.words[0x38] &= ~value
        self._tell()

    def read_fifo_sts(self) -> int:
        """Captures that wait."""
        return len(self.captured[0]) | len(self.captured[1]) << 4

    def read_capture0(self) -> int:
        """The oldest time of pin 0."""
        return self.captured[0].pop(0) if self.captured[0] else 0

    def read_capture1(self) -> int:
        """The oldest time of pin 1."""
        return self.captured[1].pop(0) if self.captured[1] else 0

    def read_count(self) -> int:
        """Events counted."""
        return self.count

    def quiet_until(self, offset: int) -> int | None:
        """Pins change with what is arranged."""
        return self.scheduler.next() if offset in (0x38, 0x40, 0x4C) else super().quiet_until(offset)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on."""
        super().restore(state)
        self._tell()
