"""I2S: frames of sound out to a sink and in from a source, at the rate that its code says.

Frames move eight at a time, which is what the engine's FIFOs hold; DMA refills and empties them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from ..state import TIME, WORD, flag, items
from . import time
from .conflicts import DECISIONS
from .registers import INFERRED, READ, WRITE, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

RATES = {0: 8000, 1: 11025, 2: 12000, 4: 16000, 5: 22050, 6: 24000, 8: 32000, 9: 44100, 10: 48000}
DEPTH = 8  # frames in either FIFO, and moved at a time
ENABLE, LOOP = 1, 1 << 31  # GLOBAL
MOST = 1 << 20  # frames that a sink keeps
UNDERRUN, OVERRUN = 1, 2  # IRQ status, as this model has them
assert DECISIONS["i2s-rates"] and DECISIONS["i2s-enables"]


class Listener(Protocol):
    """The world's end as an engine has it: see `Sound`."""

    @property
    def heard(self) -> deque[int]:
        """The latest frames that came out."""

    def source(self) -> int:
        """The next that goes in."""


class Sound:
    """The world's end of an I2S: `heard` are the latest frames that came out, `source` gives those that go in."""

    def __init__(self) -> None:
        self.heard: deque[int] = deque((), MOST)
        self.source: Callable[[], int] = lambda: 0


class I2s(Block):
    """`request(is_receive)` tells DMA to go on. A frame is a word: the left sample in its lower half."""

    NAME = "I2S"
    REGISTERS = (
        Register(0x00, "GLOBAL", note="0 enable, 31 what goes out comes in (1 FIFO out, 2 FIFO in, mono, swaps, clocks and MCLK kept)"),
        Register(0x04, "DL_CONTROL", note="out: 0 enable, 11:8 rate (word length, format, channels and swaps kept)"),
        Register(0x08, "UL_CONTROL", note="in: as DL_CONTROL"),
        Register(0x0C, "SOFT_RESET", note="empties FIFOs: 0 and 1 both, 4 out, 8 in"),
        kept(0x10, "DL_FIFO_CON", "23:16 threshold, 0 almost, 1 empty, 2 clear"),
        Register(0x14, "DL_FIFO_STATUS", READ, 2, "15:8 frames to play, 1 empty", INFERRED),
        kept(0x18, "UL_FIFO_CON", "23:16 threshold, 0 almost, 1 full, 2 clear"),
        Register(0x1C, "UL_FIFO_STATUS", READ, note="15:8 frames recorded, 1 full"),
        Register(0x20, "DL_EMPTY", note="the frame that is played when none is there"),
        Register(0x24, "UL_EMPTY", note="the frame that is read when none is there"),
        kept(0x30, "DMA_IF", "how much DMA moves at a time, out and in"),
        Register(0x40, "IRQ_ENABLE", note="which of IRQ_STATUS interrupt"), Register(0x44, "IRQ_CLEAR", WRITE, note="written as 1: forget in IRQ_STATUS"),
        Register(0x48, "IRQ_STATUS", READ, note="0 nothing to play, 1 no room to record"),
    )  # fmt: skip
    STATE = {"next_at": TIME, "is_running": flag, "out": items(WORD, DEPTH), "into": items(WORD, DEPTH)}
    EVENTS = {"_event": ("_frames", "frames")}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], sound: Listener,
        request: Callable[[bool], None] = lambda is_receive: None, base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq, self.sound, self._request = irq, sound, request
        self.out: list[int] = []
        self.into: list[int] = []
        self._event: Event | None = None
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """Silence."""
        super().reset()
        self.scheduler.cancel(self._event)
        self.out, self.into = [], []
        self.is_running, self.next_at = False, 0
        self._irq(False)

    # --- frames ---

    def _plays(self) -> bool:
        return self._is_on(0x04)

    def _records(self) -> bool:
        return self._is_on(0x08)

    def _is_on(self, control: int) -> bool:
        return bool(self.words[0x00] & ENABLE and self.words[control] & 1)

    def rate(self) -> int:
        """Frames a second."""
        control = self.words[0x04] if self._plays() else self.words[0x08]
        code = control >> 8 & 15
        if code not in RATES:
            self.log.once(f"{self.name}: rate code {code} is unknown, taken as 48 kHz")
        return RATES.get(code, 48_000)

    def _update(self) -> None:
        """Run while anything is enabled."""
        is_on = self._plays() or self._records()
        if is_on and not self.is_running:
            self._await(self.scheduler.now + DEPTH * time.SECOND // self.rate())
        elif not is_on:
            self.scheduler.cancel(self._event)
        self.is_running = is_on
        if self._plays():
            self._request(False)

    def _await(self, at: int) -> None:
        self.next_at = at
        self.arrange("_event", at)

    def _frames(self) -> None:
        """Eight frames' time has passed."""
        self._await(self.next_at + DEPTH * time.SECOND // self.rate())
        played = self._play() if self._plays() else []
        if self._records():
            self._record(played)
        self._irq(bool(self.words[0x48] & self.words[0x40]))

    def _play(self) -> list[int]:
        """Eight frames go out; returns them."""
        missing = DEPTH - len(self.out)
        if missing:
            self.words[0x48] |= UNDERRUN
        played = self.out + [self.words[0x20]] * missing
        self.sound.heard.extend(played)
        self.out = []
        self._request(False)
        return played

    def _record(self, played: list[int]) -> None:
        """Eight frames come in: from the source, or, in a loop, what was played."""
        for at in range(DEPTH):
            frame = self.sound.source() if not self.words[0x00] & LOOP else played[at] if played else 0
            if len(self.into) < DEPTH:
                self.into.append(frame & 0xFFFFFFFF)
            else:
                self.words[0x48] |= OVERRUN
        self._request(True)

    # --- DMA and the FIFO port ---

    def ready(self, is_receive: bool) -> int:
        """Frames that DMA may take (`is_receive`), or give."""
        if is_receive:
            return len(self.into)
        return DEPTH - len(self.out) if self._plays() else 0

    def give(self, frame: int) -> None:
        """A frame to play; one too many is lost."""
        if len(self.out) < DEPTH:
            self.out.append(frame)

    def fetch(self) -> int:
        """The oldest frame recorded, or the value for an empty FIFO."""
        return self.into.pop(0) if self.into else self.words[0x24]

    # --- registers ---

    def write_global(self, value: int) -> None:
        """Enables."""
        self.words[0x00] = value
        self._update()

    def write_dl_control(self, value: int) -> None:
        """Out: enable, rate."""
        self.words[0x04] = value
        self._update()

    def write_ul_control(self, value: int) -> None:
        """In: enable, rate."""
        self.words[0x08] = value
        self._update()

    def write_soft_reset(self, value: int) -> None:
        """Empty the FIFOs that are named."""
        self.words[0x0C] = value
        if value & 0b10011:
            self.out = []
        if value & 0b100000011:
            self.into = []

    def read_dl_fifo_status(self) -> int:
        """15:8 frames to play, 1 empty."""
        return len(self.out) << 8 | (0 if self.out else 2)

    def read_ul_fifo_status(self) -> int:
        """15:8 frames recorded, 1 full."""
        return len(self.into) << 8 | (2 if len(self.into) == DEPTH else 0)

    def write_irq_clear(self, value: int) -> None:
        """Forget what is named."""
        self.words[0x48] &= ~value
        self._irq(bool(self.words[0x48] & self.words[0x40]))

    def quiet_until(self, offset: int) -> int | None:
        """Status changes with the frames."""
        return self.scheduler.next() if offset in (0x14, 0x1C, 0x48) else super().quiet_until(offset)


class I2sPort(Block):
    """The page at which the FIFOs of an I2S are read and written."""

    NAME = "I2S FIFO"
    REGISTERS = (Register(0x00, "FIFO", note="a frame recorded, or to play"),)

    def __init__(self, i2s: I2s, base: int, name: str) -> None:
        self._i2s = i2s
        super().__init__(i2s.scheduler, i2s.log, base, name)

    def read_fifo(self) -> int:
        """A frame recorded."""
        return self._i2s.fetch()

    def write_fifo(self, value: int) -> None:
        """A frame to play."""
        self._i2s.give(value)
