"""ADC: eight channels of 12 bits, converted one after the other, once or periodically, into a FIFO.

A scan takes its real time: a start, and for every channel its sampling clocks, as often as it averages. The
results go to the FIFO all at the scan's end; from there the program, or DMA, takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import HALF, TIME, flag, items, whole
from . import time
from .conflicts import DECISIONS
from .registers import INFERRED, KNOWN, READ, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..buses import Voltages
    from .time import Event, Scheduler

CHANNELS, FULL_SCALE, DEPTH = 8, 4095, 32
ENABLE, PERIODIC = 1, 1 << 8  # CTL0
REFERENCE, MOST_REFERENCE = 2_500_000, 5_000_000  # microvolts
DATA_IRQ, TIME_OUT_IRQ = 1, 4  # IER
NONE, DATA, TIME_OUT = 1, 4, 12  # IIR
CONVERSION = 13  # clocks after sampling: twelve bits and one
assert DECISIONS["adc-reference"] and DECISIONS["adc-one-shot"] and DECISIONS["adc-timing"] and DECISIONS["adc-time-out"]


class Adc(Block):
    """The converter, at +0x100 of its page; its pins are a Gpio block. `request` tells DMA that there is data."""

    NAME = "ADC"
    REGISTERS = (
        Register(0x000, "CTL0", reset=20 << 9 | 8 << 4, source=INFERRED,
                 note="0 enable, 3:1 values averaged as a power of 2, 7:4 sampling clocks, 8 periodic, 15:9 starting clocks, 31:16 channels"),
        Register(0x004, "PERIOD", note="2 MHz clocks from scan to scan, less 1"),
        kept(0x008, "CTL2", "20 synchronous mode, 21 time stamps"),
        kept(0x00C, "CTL3", "analog part: bias, amplifier, dither, common mode, clock"),
        kept(0x010, "CTL4", "of the analog part", READ),
        Register(0x100, "FIFO_RBR", READ, note="the oldest result, which is taken: 15:4 value, 3:0 channel"),
        Register(0x104, "FIFO_IER", note="interrupts: 0 data, 2 time-out"),
        Register(0x108, "IIR", READ, NONE, "cause: 1 none, 4 data, 12 time-out", INFERRED),
        kept(0x10C, "FAKE_LCR", "as a UART has one"), Register(0x114, "LSR", READ, note="0 there is a result"),
        kept(0x148, "SLEEP_EN", "clock off while idle"),
        Register(0x14C, "DMA_EN", note="0 results go to DMA (2, time-out restarts, kept)"),
        Register(0x154, "RTOCNT", note="17:0 clocks of 2 MHz of the receive time-out"),
        Register(0x160, "TRI_LVL", reset=0x1C, note="6:2 results from which data interrupts", source=KNOWN),
        kept(0x164, "WAK", "wake-up"), kept(0x168, "WAT_TIME", "waiting time"), kept(0x16C, "HANDSHAKE", "of DMA"),
        Register(0x1D4, "POINTERS", READ, note="4:0 read, 9:5 write; equal when empty"),
    )  # fmt: skip
    STATE = {
        "is_scanning": flag, "scan_at": TIME, "is_timed_out": flag, "read_pointer": whole(DEPTH - 1),
        "write_pointer": whole(DEPTH - 1), "fifo": items(HALF, DEPTH - 1), "reference": whole(MOST_REFERENCE),
    }  # fmt: skip
    EVENTS = {"_scan": ("_scanned", "scan"), "_timer": ("_time_out", "time-out")}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], inputs: Voltages,
        request: Callable[[], None] = lambda: None, base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq, self.inputs, self._request = irq, inputs, request
        self.reference = REFERENCE  # microvolts that the board puts on the pin VREF_ADC
        self._scan: Event | None = None
        self._timer: Event | None = None
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """Idle, FIFO empty."""
        super().reset()
        self.fifo: list[int] = []
        self.is_scanning = self.is_timed_out = False
        self.scan_at = self.read_pointer = self.write_pointer = 0
        self.scheduler.cancel(self._scan)
        self.scheduler.cancel(self._timer)
        self._tell()

    # --- scanning ---

    def _channels(self) -> list[int]:
        return [channel for channel in range(16) if self.words[0x000] >> 16 + channel & 1]

    def scan_ticks(self) -> int:
        """How long a scan takes."""
        control = self.words[0x000]
        each = ((control >> 4 & 15) + CONVERSION) << (control >> 1 & 7)
        return time.TWO_MHZ * ((control >> 9 & 0x7F) + each * len(self._channels()))

    def write_ctl0(self, value: int) -> None:
        """Settings; enabling starts a scan, disabling it, or having no channel, stops it."""
        self.words[0x000] = value
        if not value & ENABLE or not self._channels():
            self.scheduler.cancel(self._scan)
            self.is_scanning = False
        elif not self.is_scanning:
            self.is_scanning = True
            self._await_scan(self.scheduler.now + self.scan_ticks())

    def _await_scan(self, at: int) -> None:
        self.scan_at = at
        self.arrange("_scan", at)

    def _scanned(self) -> None:
        now_us = self.scan_at // time.MICROSECOND
        for channel in self._channels():
            self._store(self.convert(channel, now_us) << 4 | channel)
        if self.words[0x000] & PERIODIC:
            self._await_scan(self.scan_at + max(self.scan_ticks(), time.TWO_MHZ * (self.words[0x004] + 1)))
        else:
            self.is_scanning = False
            self.words[0x000] &= ~ENABLE
        self._await_time_out()
        if self.words[0x14C] & 1:
            self._request()
        self._tell()

    def convert(self, channel: int, now_us: int) -> int:
        """The 12-bit value of `channel`: what is at or above the reference reads full scale."""
        return max(0, min(FULL_SCALE, self.inputs.microvolts(channel, now_us) * FULL_SCALE // max(1, self.reference)))

    # --- the FIFO ---

    def _store(self, word: int) -> None:
        if len(self.fifo) >= DEPTH - 1:  # equal pointers mean empty
            self.log.once(self.name + ": a result was lost, the FIFO is full")
            return
        self.fifo.append(word)
        self.write_pointer = (self.write_pointer + 1) % DEPTH

    def take(self) -> int:
        """The oldest result, or 0."""
        if not self.fifo:
            return 0
        self.read_pointer = (self.read_pointer + 1) % DEPTH
        self.is_timed_out = False
        word = self.fifo.pop(0)
        self._tell()
        return word

    def ready(self) -> int:
        """Results that DMA may take now."""
        return len(self.fifo) if self.words[0x14C] & 1 else 0

    def _await_time_out(self) -> None:
        self.arrange("_timer", self.scheduler.now + time.TWO_MHZ * max(1, self.words[0x154] & 0x3FFFF))

    def _time_out(self) -> None:
        self.is_timed_out = bool(self.fifo)
        self._tell()

    def _cause(self) -> int:
        enabled = self.words[0x104]
        if enabled & DATA_IRQ and self.fifo and len(self.fifo) >= self.words[0x160] >> 2 & 31:
            return DATA
        return TIME_OUT if enabled & TIME_OUT_IRQ and self.is_timed_out else NONE

    def _tell(self) -> None:
        self._irq(self._cause() != NONE)

    # --- registers ---

    def read_fifo_rbr(self) -> int:
        """The oldest result."""
        return self.take()

    def read_iir(self) -> int:
        """Why it interrupts."""
        return self._cause()

    def read_lsr(self) -> int:
        """Bit 0: there is data."""
        return int(bool(self.fifo))

    def read_pointers(self) -> int:
        """Where the FIFO is read and written; equal when empty."""
        return self.read_pointer | self.write_pointer << 5

    def write_fifo_ier(self, value: int) -> None:
        """Which causes interrupt."""
        self.words[0x104] = value
        self._tell()

    def write_tri_lvl(self, value: int) -> None:
        """The level from which data interrupts."""
        self.words[0x160] = value
        self._tell()

    def write_dma_en(self, value: int) -> None:
        """From now on DMA takes the results."""
        self.words[0x14C] = value
        if value & 1:
            self._request()

    def quiet_until(self, offset: int) -> int | None:
        """Status changes at the next event."""
        return self.scheduler.next() if offset in (0x108, 0x114, 0x1D4) else super().quiet_until(offset)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on: a scan under way ends at its time."""
        super().restore(state)
        self._tell()
