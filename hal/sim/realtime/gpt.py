"""GPT: five timers of a core.

GPT0 and GPT1 count down at 32.768 kHz or a thirty-third of it and share an interrupt; GPT2 counts up at the same
speeds; GPT3 counts up at 26 MHz over a divider and interrupts once when it reaches EXPIRE; GPT4 counts up with the
core's own clock. Nothing happens between expiries: counters follow from the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import TIME, record, row, whole
from . import time
from .conflicts import DECISIONS
from .registers import CLEAR, INFERRED, KNOWN, READ, Block, Log, Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

    Publish = Callable[[int, int, tuple[int, int], int], None]

SLOW_DIVIDER = 33  # of 32.768 kHz: about 993 Hz
ENABLE, REPEAT, FAST, RESTART = 1, 2, 4, 8  # CTRL of GPT0 and GPT1
ICLR = 0x8000  # CTRL of GPT3
WORD = 0xFFFFFFFF
TIMER = record({"control": whole(15), "initial": whole(WORD), "start": TIME, "loaded": whole(WORD)})
assert DECISIONS["gpt-one-shot"] and DECISIONS["gpt3-interrupt"]  # what is decided there is done here


class SlowClock:
    """Counts of the 32.768 kHz clock, or of a thirty-third of it, between two times."""

    @staticmethod
    def counts(start: int, end: int, is_fast: bool) -> int:
        """Whole counts from `start` to `end` (ticks); the first takes a whole period."""
        edges = time.slow_count(end) - time.slow_count(start)
        return edges if is_fast else edges // SLOW_DIVIDER

    @staticmethod
    def after(start: int, counts: int, is_fast: bool) -> int:
        """The tick at which `counts` counts are full."""
        return time.slow_edge(time.slow_count(start) + counts * (1 if is_fast else SLOW_DIVIDER))

    @classmethod
    def next(cls, start: int, now: int, is_fast: bool) -> int:
        """The tick at which the count that began at `start` changes next."""
        return cls.after(start, cls.counts(start, now, is_fast) + 1, is_fast)


class DownTimer:
    """GPT0 or GPT1."""

    def __init__(self, gpt: Gpt, number: int) -> None:
        self.gpt = gpt
        self.number = number
        self.control = self.initial = 0
        self.start = 0
        self.loaded = 0
        self.event: Event | None = None

    def write_control(self, value: int) -> None:
        """Enable, disable, or restart."""
        was = self.control
        value &= ENABLE | REPEAT | FAST | RESTART
        left = self.count()
        self.control = value
        if not value & ENABLE:
            self.gpt.scheduler.cancel(self.event)
            self.loaded = left
        elif not was & ENABLE or value & RESTART:
            self._begin(self.initial)
        elif (was ^ value) & FAST:
            self._begin(left)

    def count(self) -> int:
        """CNT: what is left."""
        if not self.control & ENABLE:
            return self.loaded
        return max(0, self.loaded - SlowClock.counts(self.start, self.gpt.scheduler.now, bool(self.control & FAST)))

    def quiet_until(self) -> int:
        """Until when CNT reads the same."""
        is_fast = bool(self.control & FAST)
        return SlowClock.next(self.start, self.gpt.scheduler.now, is_fast) if self.control & ENABLE else time.NEVER

    def _begin(self, count: int) -> None:
        self.start, self.loaded = self.gpt.scheduler.now, count
        self._arrange()

    def _arrange(self) -> None:
        self.gpt.scheduler.cancel(self.event)
        due = SlowClock.after(self.start, max(1, self.loaded), bool(self.control & FAST))
        self.event = self.gpt.scheduler.at(due, self._expire, f"{self.gpt.name} GPT{self.number}")

    def _expire(self) -> None:
        if self.control & REPEAT:
            self.start, self.loaded = self.event.time if self.event else self.gpt.scheduler.now, self.initial
            self._arrange()
        else:
            self.control &= ~ENABLE
            self.loaded = 0
        self.gpt.pend(1 << self.number)

    def save(self) -> dict[str, Any]:
        """Its state."""
        return {"control": self.control, "initial": self.initial, "start": self.start, "loaded": self.loaded}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on; the expiry is arranged anew."""
        self.control, self.initial = state["control"], state["initial"]
        self.start, self.loaded = state["start"], state["loaded"]
        self.gpt.scheduler.cancel(self.event)
        if self.control & ENABLE:
            self._arrange()


class Gpt(Block):
    """`shared` is told the level of the interrupt of GPT0 and GPT1, `pulse` makes GPT3's pending once.

    `cycles` tells the core's cycle count, which GPT4 follows.
    """

    NAME = "GPT"
    REGISTERS = (
        Register(0x00, "ISR", CLEAR, note="expired: 0 GPT0, 1 GPT1", source=INFERRED),
        Register(0x04, "IER", note="interrupt 1 for 0 GPT0, 1 GPT1"),
        Register(0x10, "GPT0_CTRL", note="0 enable, 1 repeat, 2 32.768 kHz (0: a thirty-third of it), 3 restart"),
        Register(0x14, "GPT0_ICNT", note="count from which it begins, down to 0"),
        Register(0x20, "GPT1_CTRL", note="as GPT0_CTRL"),
        Register(0x24, "GPT1_ICNT", note="as GPT0_ICNT"),
        Register(0x30, "GPT2_CTRL", note="0 enable, 1 32.768 kHz (0: a thirty-third of it)"),
        Register(0x34, "GPT2_CNT", note="the count, up; a write sets it"),
        Register(0x40, "GPT0_CNT", READ, note="what is left"),
        Register(0x44, "GPT1_CNT", READ, note="what is left"),
        Register(0x50, "GPT3_CTRL", reset=0x19 << 16, note="0 enable, which falls at EXPIRE if 15 is set; 21:16 26 MHz / (n + 1)", source=KNOWN),
        Register(0x54, "GPT3_INIT", note="count from which it begins"),
        Register(0x58, "GPT3_CNT", READ, note="the count, up"),
        Register(0x5C, "GPT3_EXPIRE", reset=WORD, note="interrupt 2 when the count is reached", source=INFERRED),
        Register(0x60, "GPT4_CTRL", note="0 enable, 1 the core's clock (0: half of it)"),
        Register(0x64, "GPT4_INIT", note="count from which it begins"),
        Register(0x68, "GPT4_CNT", READ, note="the count, up"),
    )
    STATE = {
        "base2": whole(WORD), "start2": TIME, "base3": whole(WORD), "start3": TIME, "base4": whole(WORD), "start4": TIME,
    }  # fmt: skip
    MORE = {"timers": row(TIMER, TIMER)}
    EVENTS = {"_event3": ("_expire3", "GPT3")}

    def __init__(
        self, scheduler: Scheduler, log: Log, shared: Callable[[bool], None], pulse: Callable[[], None],
        cycles: Callable[[], int], base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._shared, self._pulse, self._cycles = shared, pulse, cycles
        self.timers: list[DownTimer] = []
        self._event3: Event | None = None
        self._publish: Publish | None = None
        self._withdraw: Callable[[int], None] | None = None
        super().__init__(scheduler, log, base, name)

    def attach(self, publish: Publish, withdraw: Callable[[int], None]) -> None:
        """From now on the processor answers reads of GPT3_CNT itself: (offset, start, counts and ticks, base)."""
        self._publish, self._withdraw = publish, withdraw
        self._publish3()

    def _publish3(self) -> None:
        if self._publish is None or self._withdraw is None:
            return
        if self.words[0x50] & 1:
            self._publish(0x58, self.start3, (1, self._step3()), self.base3)
        else:
            self._withdraw(0x58)

    def reset(self) -> None:
        """All off."""
        for timer in self.timers:
            self.scheduler.cancel(timer.event)
        self.scheduler.cancel(self._event3)
        super().reset()
        self.timers = [DownTimer(self, 0), DownTimer(self, 1)]
        self.base2 = self.start2 = self.base3 = self.start3 = self.base4 = self.start4 = 0
        self._shared(False)
        self._publish3()

    def pend(self, bit: int) -> None:
        """A timer has expired."""
        self.words[0x00] |= bit
        self._tell()

    def _tell(self) -> None:
        self._shared(bool(self.words[0x00] & self.words[0x04]))

    def write_isr(self, value: int) -> None:
        """Clear what is written as 1."""
        self.words[0x00] &= ~value
        self._tell()

    def write_ier(self, value: int) -> None:
        """Which timers interrupt."""
        self.words[0x04] = value & 3
        self._tell()

    # --- GPT0, GPT1 ---

    def read_gpt0_ctrl(self) -> int:
        """CTRL; a one-shot that expired is no longer enabled."""
        return self.timers[0].control

    def read_gpt1_ctrl(self) -> int:
        """As GPT0_CTRL."""
        return self.timers[1].control

    def write_gpt0_ctrl(self, value: int) -> None:
        """Enable, disable, restart."""
        self.timers[0].write_control(value)

    def write_gpt1_ctrl(self, value: int) -> None:
        """As GPT0_CTRL."""
        self.timers[1].write_control(value)

    def write_gpt0_icnt(self, value: int) -> None:
        """What it counts down from when it begins or begins again."""
        self.words[0x14] = self.timers[0].initial = value

    def write_gpt1_icnt(self, value: int) -> None:
        """As GPT0_ICNT."""
        self.words[0x24] = self.timers[1].initial = value

    def read_gpt0_cnt(self) -> int:
        """What is left."""
        return self.timers[0].count()

    def read_gpt1_cnt(self) -> int:
        """What is left."""
        return self.timers[1].count()

    # --- GPT2 ---

    def write_gpt2_ctrl(self, value: int) -> None:
        """Enable, and at which speed."""
        count = self.read_gpt2_cnt()
        self.words[0x30] = value & 3
        self.base2, self.start2 = count, self.scheduler.now

    def write_gpt2_cnt(self, value: int) -> None:
        """Count on from `value`."""
        self.base2, self.start2 = value, self.scheduler.now

    def read_gpt2_cnt(self) -> int:
        """The count."""
        control = self.words[0x30]
        passed = SlowClock.counts(self.start2, self.scheduler.now, bool(control & 2)) if control & 1 else 0
        return (self.base2 + passed) & WORD

    # --- GPT3 ---

    def _step3(self) -> int:
        """Ticks a count."""
        return time.XTAL * ((self.words[0x50] >> 16 & 0x3F) + 1)

    def write_gpt3_ctrl(self, value: int) -> None:
        """Enabled anew, it begins at INIT; what leaves enable and divider alone leaves the count alone."""
        was, count = self.words[0x50], self.read_gpt3_cnt()
        self.words[0x50] = value & 0x3F8001
        if not (was ^ value) & 0x3F0001:
            return
        self.base3 = self.words[0x54] if value & 1 and not was & 1 else count
        self.start3 = self.scheduler.now
        self._publish3()
        self._arrange3()

    def write_gpt3_expire(self, value: int) -> None:
        """When to interrupt."""
        self.words[0x5C] = value
        self._arrange3()

    def read_gpt3_cnt(self) -> int:
        """The count; it stays when EXPIRE is reached with ICLR set."""
        passed = (self.scheduler.now - self.start3) // self._step3() if self.words[0x50] & 1 else 0
        return (self.base3 + passed) & WORD

    def _arrange3(self) -> None:
        self.scheduler.cancel(self._event3)
        if not self.words[0x50] & 1:
            return
        step = self._step3()
        due = self.start3 + ((self.words[0x5C] - self.base3) & WORD) * step
        if due < self.scheduler.now:  # the count is beyond it: in the next round
            due += (WORD + 1) * step
        self.arrange("_event3", due)

    def _expire3(self) -> None:
        if self.words[0x50] & ICLR:
            self.base3, self.start3 = self.words[0x5C], self.scheduler.now
            self.words[0x50] &= ~1
            self._publish3()
        else:
            self.arrange("_event3", self.scheduler.now + (WORD + 1) * self._step3())
        self._pulse()

    # --- GPT4 ---

    def _counts4(self) -> int:
        passed = self._cycles() - self.start4
        return passed if self.words[0x60] & 2 else passed // 2

    def write_gpt4_ctrl(self, value: int) -> None:
        """Enabled anew, it begins at INIT."""
        was, count = self.words[0x60], self.read_gpt4_cnt()
        self.words[0x60] = value & 3
        self.base4 = self.words[0x64] if value & 1 and not was & 1 else count
        self.start4 = self._cycles()

    def read_gpt4_cnt(self) -> int:
        """The count."""
        return (self.base4 + (self._counts4() if self.words[0x60] & 1 else 0)) & WORD

    def quiet_until(self, offset: int) -> int | None:
        """A pending bit comes with the next expiry, a slow count with the next edge of its clock."""
        if offset in (0x40, 0x44):
            return self.timers[(offset - 0x40) // 4].quiet_until()
        if offset == 0x34:
            control = self.words[0x30]
            return SlowClock.next(self.start2, self.scheduler.now, bool(control & 2)) if control & 1 else time.NEVER
        return self.scheduler.next() if offset in (0x00, 0x10, 0x20, 0x50) else super().quiet_until(offset)

    def save(self) -> dict[str, Any]:
        """Registers and timers."""
        return {**super().save(), "timers": [timer.save() for timer in self.timers]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on; what is due is arranged anew."""
        super().restore(state)
        for timer, saved in zip(self.timers, state["timers"], strict=True):
            timer.restore(saved)
        self._publish3()
        self._tell()
