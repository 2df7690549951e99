"""A DMA channel: half-size, copying, or a virtual FIFO.

A half-size channel carries items between memory and a peripheral's register; a virtual FIFO keeps a ring in
memory which the peripheral fills or empties while the program reads or writes it at its own pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import time
from .conflicts import DECISIONS
from .registers import READ, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dma import Dma
    from .time import Event

STRIDE = 0x100
MEMORY_TO_MEMORY, FIRST_FIFO = 12, 13
SOURCE_INCREMENT, TARGET_INCREMENT, TO_MEMORY = 1 << 2, 1 << 3, 1 << 18
HALF, DONE, TIME_OUT = 1 << 13, 1 << 15, 1 << 14  # interrupt enables in CON
STA_HALF, STA_DONE, STA_TIME_OUT = 1 << 13, 1 << 15, 1 << 16
WRAP_TARGET, WRAP = 1 << 16, 1 << 17
START = 1 << 15
RELOAD = 1 << 16  # in COUNT
RING_WRAP = 1 << 16
COPY_TICKS = 2 * time.XTAL  # an item copied between memories
BURST = 256  # items that move at once; no peripheral holds as many
TO_TICKS = time.XTAL  # a count of TO
assert DECISIONS["dma-restart"] and DECISIONS["dma-threshold"] and DECISIONS["dma-time-out"] and DECISIONS["dma-reload"]

SRC, DST, WPPT, WPTO, COUNT, CON, START_AT, INTSTA, ACKINT, RLCT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
PGMADDR, FFCNT, FFSTA, FFSIZE, TO, HWPTR, SWPTR, FIXADDR = 0x2C, 0x38, 0x3C, 0x44, 0x50, 0x58, 0x5C, 0x60
CHANNEL = (
    Register(SRC, "SRC", note="where a copy comes from (channel 12)"),
    Register(DST, "DST", note="where it goes"),
    Register(WPPT, "WPPT", note="15:0 items after which a half-size channel or a copy goes on at WPTO"),
    Register(WPTO, "WPTO", note="the address at which it goes on"),
    Register(COUNT, "COUNT", note="15:0 items; of a virtual FIFO its threshold; 16 a half-size channel begins again"),
    Register(CON, "CON", note="1:0 size (1, 2, 4 bytes), 2 source and 3 target count on, 13 interrupt at half, 14 on time-out, "
             "15 at the end, 16 side of a copy that wraps, 17 wrap, 18 to memory (4 request, 5 bytes to words, 10:8 burst kept)"),
    Register(START_AT, "START", note="15 run; falls by itself at the end"),
    Register(INTSTA, "INTSTA", READ, note="13 half, 15 done, or the threshold of a ring, 16 time-out"),
    Register(ACKINT, "ACKINT", note="written as 1: forget in INTSTA; reads as INTSTA"),
    Register(RLCT, "RLCT", READ, note="items left"),
    kept(0x28, "LIMITER", "7:0 clocks between transfers: time is that of the peripheral"),
    Register(PGMADDR, "PGMADDR", note="address in memory, or of the ring"),
    Register(FFCNT, "FFCNT", READ, note="items in the ring"),
    Register(FFSTA, "FFSTA", READ, note="of the ring: 0 full, 1 empty, 2 threshold reached"),
    kept(0x40, "ALTLEN", "15:0 items at which the ring alerts, 31 instead of the threshold"),
    Register(FFSIZE, "FFSIZE", note="15:0 items that the ring holds"),
    Register(TO, "TO", note="26 MHz clocks after which a ring that nobody empties, and to which nothing comes, times out"),
    Register(HWPTR, "HWPTR", note="place of the peripheral in the ring: 15:0 bytes, 16 turns over at each wrap; START makes it 0"),
    Register(SWPTR, "SWPTR", note="place of the program, as HWPTR; START makes it 0 where it reads"),
    Register(FIXADDR, "FIXADDR", note="the peripheral's register; 11:8 tell I2C, SPI and UART of an ISU apart"),
)  # fmt: skip
NAMES = {register.offset: register.name for register in CHANNEL}
READ_ONLY = (INTSTA, RLCT, FFCNT, FFSTA)


class Port(NamedTuple):
    """What a peripheral gives a channel: how many items it takes or has now, and how to move one."""

    ready: Callable[[], int]
    put: Callable[[int], None] | None
    get: Callable[[], int] | None


class Channel:
    """One channel: its words stand in the block's."""

    def __init__(self, dma: Dma, number: int) -> None:
        self.dma = dma
        self.number = number
        self.base = STRIDE * number
        self.is_fifo = number >= FIRST_FIFO
        self.port: Port | None = None
        self.origin = 0  # where a half-size channel began
        self._is_pumping = False
        self.event: Event | None = None  # the end of a copy, or the time-out of a ring

    def get(self, offset: int) -> int:
        """A word of its registers."""
        return self.dma.words.get(self.base + offset, 0)

    def set(self, offset: int, value: int) -> None:
        """Set one."""
        self.dma.words[self.base + offset] = value & 0xFFFFFFFF

    @property
    def size(self) -> int:
        """Bytes an item: 1, 2 or 4."""
        return 1 << min(self.get(CON) & 3, 2)

    @property
    def is_running(self) -> bool:
        """Started, and not at its end."""
        return bool(self.get(START_AT) & START)

    # --- the program's side ---

    def write(self, offset: int, value: int) -> None:
        """A register is written."""
        if offset in READ_ONLY:
            return
        if offset == ACKINT:
            self.set(INTSTA, self.get(INTSTA) & ~value)
            self.dma.tell()
        elif offset == START_AT:
            self._start(value)
        else:
            self.set(offset, value)
            if offset in (SWPTR, COUNT) and self.is_fifo:
                self.pump()

    def read(self, offset: int) -> int:
        """A register is read."""
        if offset == ACKINT:
            return self.get(INTSTA)
        if self.is_fifo and offset == FFCNT:
            return self.filled()
        if self.is_fifo and offset == FFSTA:
            filled = self.filled()
            return int(filled >= self._ring()) | int(filled == 0) << 1 | int(self._is_due()) << 2
        return self.get(offset)

    def _start(self, value: int) -> None:
        was = self.is_running
        self.set(START_AT, value & START)
        if not value & START:
            self.hold()
        elif not was:
            self._begin()

    def _begin(self) -> None:
        self.set(RLCT, self.get(COUNT) & 0xFFFF)
        self.origin = self.get(PGMADDR)
        if self.number == MEMORY_TO_MEMORY:
            self.go_on()
            return
        if self.is_fifo:
            self.set(HWPTR, 0)
            if self.get(CON) & TO_MEMORY:
                self.set(SWPTR, 0)
        self.pump()
        if self.is_fifo and not self.get(CON) & TO_MEMORY and self._is_due():
            self._finish(STA_DONE if self.get(CON) & DONE else 0)  # the program is asked for the first items

    def hold(self) -> None:
        """Stopped or paused: what was arranged does not happen."""
        self.dma.scheduler.cancel(self.event)
        self.event = None

    def go_on(self) -> None:
        """Started, or no longer paused."""
        if self.number == MEMORY_TO_MEMORY and self.is_running:
            self._arrange(COPY_TICKS * max(1, self.get(COUNT) & 0xFFFF))
        else:
            self.pump()

    def stop(self) -> None:
        """As after a reset."""
        self.hold()
        for register in CHANNEL:
            self.set(register.offset, 0)
        self.origin = 0

    # --- the ring of a virtual FIFO ---

    def _ring(self) -> int:
        return max(1, self.get(FFSIZE) & 0xFFFF)

    def filled(self) -> int:
        """Items in the ring."""
        ring = self._ring() * self.size
        hardware, software = self.get(HWPTR), self.get(SWPTR)
        ahead, behind = (hardware, software) if self.get(CON) & TO_MEMORY else (software, hardware)
        distance = (ahead & 0xFFFF) - (behind & 0xFFFF)
        if (ahead ^ behind) & RING_WRAP:
            distance += ring
        return max(0, min(distance, ring)) // self.size

    def _advance(self, items: int) -> None:
        pointer = self.get(HWPTR)
        offset, wrap = (pointer & 0xFFFF) + self.size * items, pointer & RING_WRAP
        if offset >= self._ring() * self.size:
            offset, wrap = 0, wrap ^ RING_WRAP
        self.set(HWPTR, offset | wrap)

    def _is_due(self) -> bool:
        """Is the threshold reached: enough has come, or little is left to send?"""
        threshold = self.get(COUNT) & 0xFFFF
        return self.filled() >= max(1, threshold) if self.get(CON) & TO_MEMORY else self.filled() <= threshold

    def _await_time_out(self) -> None:
        """Begin the time after which what lies in the ring is told of, however little it is."""
        if self.get(CON) & (TIME_OUT | TO_MEMORY) == TIME_OUT | TO_MEMORY:
            self._arrange(TO_TICKS * max(1, self.get(TO)))

    def _time_out(self) -> None:
        if self.filled():
            self._finish(STA_TIME_OUT)

    # --- moving ---

    def _arrange(self, ticks: int) -> None:
        self.hold()
        self.await_until(self.dma.scheduler.now + ticks)

    def await_until(self, due: int) -> None:
        """The end of a copy, the rest of a transfer, or the time-out of a ring, is at `due`."""
        half_size = (self._copy, " copy") if self.number == MEMORY_TO_MEMORY else (self.pump, " goes on")
        call, what = (self._time_out, " time-out") if self.is_fifo else half_size
        self.event = self.dma.scheduler.at(due, call, self.dma.name + what)

    def pump(self) -> None:
        """Move what the peripheral takes or has, as far as the channel allows."""
        port = self.port
        if port is None or not self.is_running or self._is_pumping or self.dma.is_paused(self.number):
            return
        self._is_pumping = True  # a peripheral that takes an item may ask for the next at once
        try:
            self._pump(port)
        finally:
            self._is_pumping = False

    def _pump(self, port: Port) -> None:
        if (port.get if self.get(CON) & TO_MEMORY else port.put) is None:
            self.dma.log.once(f"{self.dma.name}: channel {self.number} is set up for the other direction than its peripheral has")
            return
        moved = 0
        while (ready := port.ready()) > 0 and self._has_room():
            if moved == BURST:  # a peripheral that takes all at once, and a channel that begins again for ever
                self._arrange(BURST * COPY_TICKS)
                return
            count = self._in_a_row(min(ready, BURST - moved)) if self.is_fifo else 1
            if not self._move(port, count):
                return
            moved += count
        if moved and self.is_fifo:
            self._await_time_out()
            if self._is_due():
                self._finish(STA_DONE if self.get(CON) & DONE else 0)

    def _has_room(self) -> bool:
        if not self.is_fifo:
            return self.get(RLCT) > 0
        return self.filled() < self._ring() if self.get(CON) & TO_MEMORY else self.filled() > 0

    def _in_a_row(self, most: int) -> int:
        """How many items, at most `most`, move to or from a ring before it turns over, is full or is empty."""
        ring, filled = self._ring(), self.filled()
        until_end = ring - (self.get(HWPTR) & 0xFFFF) // self.size
        return max(1, min(most, ring - filled if self.get(CON) & TO_MEMORY else filled, until_end))

    def _address(self) -> int:
        if self.is_fifo:
            return self.get(PGMADDR) + (self.get(HWPTR) & 0xFFFF)
        return self.get(PGMADDR)

    def _move(self, port: Port, count: int) -> bool:
        """Items that lie in a row. Returns whether memory could be reached; if not, the channel stops."""
        address, size = self._address(), self.size
        memory = self.dma.memory(address, size * count)
        if memory is None and count > 1:
            return all(self._move(port, 1) for _ in range(count))
        if memory is None:
            self.dma.log.once(f"{self.dma.name}: channel {self.number} cannot reach {address:#010x}: only SYSRAM can be")
            self.set(START_AT, 0)
            return False
        places = range(0, size * count, size)
        if self.get(CON) & TO_MEMORY and port.get is not None:
            mask = (1 << 8 * size) - 1
            memory[:] = b"".join([(port.get() & mask).to_bytes(size, "little") for _ in places])
            self.dma.wrote(address, size * count)
        elif port.put is not None:
            for place in places:
                port.put(int.from_bytes(memory[place : place + size], "little"))
        self._step(count)
        return True

    def _step(self, items: int) -> None:
        if self.is_fifo:
            self._advance(items)
            return
        count = self.get(COUNT) & 0xFFFF
        left = self.get(RLCT) - 1
        self.set(PGMADDR, self._wrapped(self.get(PGMADDR) + self.size, count - left))
        self.set(RLCT, left)
        if left == count // 2 and self.get(CON) & HALF:
            self._finish(STA_HALF)
        if left == 0:
            self._end(count)

    def _end(self, count: int) -> None:
        """All items are through: stop, or begin again."""
        if self.get(COUNT) & RELOAD:
            self.set(RLCT, count)
            self.set(PGMADDR, self.origin)
        else:
            self.set(START_AT, 0)
        self._finish(STA_DONE if self.get(CON) & DONE else 0)

    def _wrapped(self, address: int, done: int) -> int:
        """The address after `done` items: another, if that is where it wraps."""
        return self.get(WPTO) if self.get(CON) & WRAP and done == self.get(WPPT) & 0xFFFF else address

    def _finish(self, status: int) -> None:
        if status:
            self.set(INTSTA, self.get(INTSTA) | status)
            self.dma.tell()

    def _copy(self) -> None:
        """Channel 12: all at once, when its time is over."""
        count, control = self.get(COUNT) & 0xFFFF, self.get(CON)
        source, target = self.get(SRC), self.get(DST)
        for done in range(1, count + 1):
            taken, given = self.dma.memory(source, self.size), self.dma.memory(target, self.size)
            if taken is None or given is None:
                self.dma.log.once(f"{self.dma.name}: channel {self.number} cannot reach {source:#010x} or {target:#010x}: only SYSRAM can be")
                break
            given[:] = taken
            self.dma.wrote(target, self.size)
            source += self.size if control & SOURCE_INCREMENT else 0
            target += self.size if control & TARGET_INCREMENT else 0
            if control & WRAP_TARGET:
                target = self._wrapped(target, done)
            else:
                source = self._wrapped(source, done)
        self.set(RLCT, 0)
        self.set(START_AT, 0)
        self._finish(STA_DONE if control & DONE else 0)
