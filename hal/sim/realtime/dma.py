"""DMA: thirty channels of three kinds, between a core's SYSRAM and the peripherals.

Half-size channels (0..11) carry bytes of I2C and SPI; channel 12 copies memory; virtual FIFOs (13..29) keep a
ring in SYSRAM that the peripheral fills or empties and the program reads or writes at its own pace. Pointers
count bytes, lengths count items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from . import time
from .conflicts import DECISIONS
from .registers import READ, WRITE, Block, Log, Register, kept, merged

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

CHANNELS, STRIDE, GLOBALS = 30, 0x100, 0x4000
MEMORY_TO_MEMORY, FIRST_FIFO = 12, 13
SOURCE_INCREMENT, TARGET_INCREMENT, TO_MEMORY = 1 << 2, 1 << 3, 1 << 18
HALF, DONE, TIME_OUT = 1 << 13, 1 << 15, 1 << 14  # interrupt enables in CON
STA_HALF, STA_DONE, STA_TIME_OUT = 1 << 13, 1 << 15, 1 << 16
WRAP_TARGET, WRAP = 1 << 16, 1 << 17
START = 1 << 15
RING_WRAP = 1 << 16
COPY_TICKS = 2 * time.XTAL  # an item copied between memories
assert DECISIONS["dma-restart"]

SRC, DST, WPPT, WPTO, COUNT, CON, START_AT, INTSTA, ACKINT, RLCT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
PGMADDR, FFCNT, FFSTA, FFSIZE, HWPTR, SWPTR, FIXADDR = 0x2C, 0x38, 0x3C, 0x44, 0x58, 0x5C, 0x60
CHANNEL = (
    Register(SRC, "SRC", note="where a copy comes from (channel 12)"),
    Register(DST, "DST", note="where it goes"),
    Register(WPPT, "WPPT", note="15:0 items after which a half-size channel goes on at WPTO"),
    Register(WPTO, "WPTO", note="the address at which it goes on"),
    Register(COUNT, "COUNT", note="15:0 items; of a virtual FIFO its threshold (16, reload, kept)"),
    Register(CON, "CON", note="1:0 size (1, 2, 4 bytes), 2 source and 3 target count on, 13 interrupt at half, 15 at the end, "
             "17 wrap, 18 to memory (4 request, 5 bytes to words, 10:8 burst, 14 time-out, 16 side of the wrap kept)"),
    Register(START_AT, "START", note="15 run; falls by itself at the end"),
    Register(INTSTA, "INTSTA", READ, note="13 half, 15 done (16 time-out never comes)"),
    Register(ACKINT, "ACKINT", WRITE, note="written as 1: forget in INTSTA"),
    Register(RLCT, "RLCT", READ, note="items left"),
    kept(0x28, "LIMITER", "7:0 clocks between transfers: time is that of the peripheral"),
    Register(PGMADDR, "PGMADDR", note="address in memory, or of the ring"),
    Register(FFCNT, "FFCNT", READ, note="items in the ring"),
    Register(FFSTA, "FFSTA", READ, note="of the ring: 0 full, 1 empty, 2 threshold reached"),
    kept(0x40, "ALTLEN", "15:0 items at which the ring alerts, 31 instead of the threshold"),
    Register(FFSIZE, "FFSIZE", note="15:0 items that the ring holds"),
    kept(0x50, "TO", "time-out of the ring"),
    Register(HWPTR, "HWPTR", note="place of the peripheral in the ring: 15:0 bytes, 16 turns over at each wrap; START makes it 0"),
    Register(SWPTR, "SWPTR", note="place of the program, as HWPTR"),
    Register(FIXADDR, "FIXADDR", note="the peripheral's register; 11:8 tell SPI from I2C"),
)  # fmt: skip
NAMES = {register.offset: register.name for register in CHANNEL}
READ_ONLY = (INTSTA, RLCT, FFCNT, FFSTA)
GLOBAL = (
    Register(0x00, "GLBSTA0", READ, note="channels 0 to 15, two bits each: runs, interrupts"),
    Register(0x04, "GLBSTA1", READ, note="channels 16 to 29, as GLBSTA0"),
    Register(0x08, "CH_RST", note="a bit a channel: 1 and then 0 stops it and forgets its interrupt"),
    kept(0x0C, "GLO_CON", "of all channels"),
    kept(0x10, "GRP_STA0", "flags of groups", READ), kept(0x14, "GRP_STA1", "flags of groups", READ),
    kept(0x18, "GRP_STA2", "flags of virtual FIFOs", READ), kept(0x1C, "GRP_STA3", "flags of virtual FIFOs", READ),
    Register(0x20, "CH_EN", note="a bit a channel: enabled; a channel runs without it too"),
    Register(0x24, "CH_EN_SET", WRITE, note="set bits of CH_EN"),
    Register(0x28, "CH_EN_CLR", WRITE, note="clear bits of CH_EN, and stop those channels"),
    kept(0x30, "PAUSE", "a bit a channel: hold it"), kept(0x34, "PAUSE_STA", "which are held", READ),
    Register(0x50, "SET_DREQ", WRITE, note="a bit a channel: let its peripheral's requests through"),
    kept(0x58, "CLR_DREQ", "a bit a channel: what was requested before is forgotten, and here never kept for later"),
)  # fmt: skip


class Port(NamedTuple):
    """What a peripheral gives a channel: how many items it takes or has now, and how to move one."""

    ready: Callable[[], int]
    put: Callable[[int], None] | None
    get: Callable[[], int] | None


def _registers() -> tuple[Register, ...]:
    channels = [
        register._replace(offset=STRIDE * channel + register.offset, name=f"CH{channel}_{register.name}")
        for channel in range(CHANNELS) for register in CHANNEL
    ]  # fmt: skip
    return (*channels, *(register._replace(offset=GLOBALS + register.offset) for register in GLOBAL))


class Channel:
    """One channel: its words stand in the block's."""

    def __init__(self, dma: Dma, number: int) -> None:
        self.dma = dma
        self.number = number
        self.base = STRIDE * number
        self.is_fifo = number >= FIRST_FIFO
        self.port: Port | None = None
        self.is_asserted = True  # the peripheral's request is let through
        self._is_pumping = False
        self.event: Event | None = None

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
        """Started, and enabled among all."""
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
        if self.is_fifo and offset == FFCNT:
            return self.filled()
        if self.is_fifo and offset == FFSTA:
            filled = self.filled()
            return int(filled >= self._ring()) | int(filled == 0) << 1 | int(self._is_due()) << 2
        return self.get(offset)

    def _start(self, value: int) -> None:
        was = self.is_running
        self.set(START_AT, value & START)
        if not value & START or was:
            return
        self.set(RLCT, self.get(COUNT) & 0xFFFF)
        if self.is_fifo:
            self.set(HWPTR, 0)
        elif self.number == MEMORY_TO_MEMORY:
            self.event = self.dma.scheduler.after(COPY_TICKS * max(1, self.get(COUNT) & 0xFFFF), self._copy, self.dma.name + " copy")
            return
        self.pump()

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

    def _advance(self) -> None:
        pointer = self.get(HWPTR)
        offset, wrap = (pointer & 0xFFFF) + self.size, pointer & RING_WRAP
        if offset >= self._ring() * self.size:
            offset, wrap = 0, wrap ^ RING_WRAP
        self.set(HWPTR, offset | wrap)

    def _is_due(self) -> bool:
        """Is the threshold reached: enough has come, or little is left to send?"""
        threshold = self.get(COUNT) & 0xFFFF
        return self.filled() >= max(1, threshold) if self.get(CON) & TO_MEMORY else self.filled() <= threshold

    # --- moving ---

    def pump(self) -> None:
        """Move what the peripheral takes or has, as far as the channel allows."""
        port = self.port
        if port is None or not self.is_running or not self.is_asserted or self._is_pumping:
            return
        self._is_pumping = True  # a peripheral that takes an item may ask for the next at once
        try:
            self._pump(port)
        finally:
            self._is_pumping = False

    def _pump(self, port: Port) -> None:
        moved = 0
        while port.ready() > 0 and self._has_room():
            if not self._move(port):
                return
            moved += 1
        if moved and self.is_fifo and self._is_due():
            self._finish(STA_DONE if self.get(CON) & DONE else 0)

    def _has_room(self) -> bool:
        if not self.is_fifo:
            return self.get(RLCT) > 0
        return self.filled() < self._ring() if self.get(CON) & TO_MEMORY else self.filled() > 0

    def _address(self) -> int:
        if self.is_fifo:
            return self.get(PGMADDR) + (self.get(HWPTR) & 0xFFFF)
        return self.get(PGMADDR)

    def _move(self, port: Port) -> bool:
        """One item. Returns whether memory could be reached; if not, the channel stops."""
        memory = self.dma.memory(self._address(), self.size)
        if memory is None:
            self.dma.log.once(f"{self.dma.name}: channel {self.number} cannot reach {self._address():#010x}: only SYSRAM can be")
            self.set(START_AT, 0)
            return False
        if self.get(CON) & TO_MEMORY:
            memory[:] = ((port.get() if port.get is not None else 0) & ((1 << 8 * self.size) - 1)).to_bytes(self.size, "little")
        elif port.put is not None:
            port.put(int.from_bytes(memory, "little"))
        self._step()
        return True

    def _step(self) -> None:
        if self.is_fifo:
            self._advance()
            return
        self.set(PGMADDR, self._next(self.get(PGMADDR)))
        left = self.get(RLCT) - 1
        self.set(RLCT, left)
        if left == (self.get(COUNT) & 0xFFFF) // 2 and self.get(CON) & HALF:
            self._finish(STA_HALF)
        if left == 0:
            self.set(START_AT, 0)
            self._finish(STA_DONE if self.get(CON) & DONE else 0)

    def _next(self, address: int) -> int:
        """The next address in memory, with the wrap if one is set."""
        address += self.size
        done = (self.get(COUNT) & 0xFFFF) - self.get(RLCT) + 1
        if self.get(CON) & WRAP and done == self.get(WPPT) & 0xFFFF:
            return self.get(WPTO)
        return address

    def _finish(self, status: int) -> None:
        if status:
            self.set(INTSTA, self.get(INTSTA) | status)
            self.dma.tell()

    def _copy(self) -> None:
        """Channel 12: all at once, when its time is over."""
        count, control = self.get(COUNT) & 0xFFFF, self.get(CON)
        source, target = self.get(SRC), self.get(DST)
        for _ in range(count):
            taken, given = self.dma.memory(source, self.size), self.dma.memory(target, self.size)
            if taken is None or given is None:
                self.dma.log.once(f"{self.dma.name}: channel {self.number} cannot reach {source:#010x} or {target:#010x}: only SYSRAM can be")
                break
            given[:] = taken
            source += self.size if control & SOURCE_INCREMENT else 0
            target += self.size if control & TARGET_INCREMENT else 0
        self.set(RLCT, 0)
        self.set(START_AT, 0)
        self._finish(STA_DONE if control & DONE else 0)


class Dma(Block):
    """`irq` is told the level of the one interrupt of all channels; `memory` finds SYSRAM, or None."""

    NAME = "DMA"
    REGISTERS = _registers()

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], memory: Callable[[int, int], memoryview | None],
        base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq = irq
        self.memory = memory
        self.channels: list[Channel] = []
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """All channels stopped; peripherals stay attached."""
        super().reset()
        ports = [channel.port for channel in self.channels] or [None] * CHANNELS
        for channel in self.channels:
            self.scheduler.cancel(channel.event)
        self.channels = [Channel(self, number) for number in range(CHANNELS)]
        for channel, port in zip(self.channels, ports, strict=True):
            channel.port = port
        self._irq(False)

    def attach(self, channel: int, port: Port) -> None:
        """A peripheral serves `channel`; it calls `request` when it is ready for more."""
        self.channels[channel].port = port

    def request(self, channel: int) -> None:
        """The peripheral of `channel` has something or wants something."""
        self.channels[channel].pump()

    def is_running(self, channel: int) -> bool:
        """Whether `channel` is started."""
        return self.channels[channel].is_running

    def tell(self) -> None:
        """The interrupt is high while any channel has one."""
        self._irq(any(channel.get(INTSTA) for channel in self.channels))

    def read(self, offset: int, size: int) -> int:
        """A channel's register, or a global one."""
        word = offset & ~3
        if word < STRIDE * CHANNELS and word & 0xFF in NAMES:
            value = self.channels[word // STRIDE].read(word & 0xFF)
            return value >> 8 * (offset & 3) & ((1 << 8 * size) - 1)
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """A channel's register, or a global one."""
        word = offset & ~3
        if word < STRIDE * CHANNELS and word & 0xFF in NAMES:
            was = 0 if word & 0xFF == ACKINT else self.words[word]
            self.channels[word // STRIDE].write(word & 0xFF, merged(was, offset, size, value))
        else:
            super().write(offset, size, value)

    def _states(self, first: int) -> int:
        """Two bits a channel: running, interrupting."""
        value = 0
        for number, channel in enumerate(self.channels[first : first + 16]):
            value |= int(channel.is_running) << 2 * number | int(bool(channel.get(INTSTA))) << 2 * number + 1
        return value

    def read_glbsta0(self) -> int:
        """Channels 0 to 15."""
        return self._states(0)

    def read_glbsta1(self) -> int:
        """Channels 16 to 29."""
        return self._states(16)

    def write_ch_en_set(self, value: int) -> None:
        """Enable channels; drivers that leave this alone work as well."""
        self.words[GLOBALS + 0x20] |= value

    def write_ch_en_clr(self, value: int) -> None:
        """Disable channels: they stop."""
        self.words[GLOBALS + 0x20] &= ~value
        for number, channel in enumerate(self.channels):
            if value >> number & 1:
                channel.set(START_AT, 0)

    def write_ch_rst(self, value: int) -> None:
        """Channels whose bit is set and then cleared are stopped and have no interrupt."""
        was = self.words[GLOBALS + 0x08]
        self.words[GLOBALS + 0x08] = value
        for number, channel in enumerate(self.channels):
            if was >> number & 1 and not value >> number & 1:
                channel.set(START_AT, 0)
                channel.set(INTSTA, 0)
        self.tell()

    def write_set_dreq(self, value: int) -> None:
        """Let requests of these channels through."""
        for number, channel in enumerate(self.channels):
            if value >> number & 1:
                channel.is_asserted = True
                channel.pump()

    def save(self) -> dict[str, Any]:
        """Registers, and when a copy under way is over."""
        waiting = {channel.number: channel.event.time for channel in self.channels if channel.event is not None and channel.event.is_waiting}
        asserted = [channel.is_asserted for channel in self.channels]
        return {**super().save(), "copies": waiting, "asserted": asserted}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on."""
        super().restore(state)
        for channel, is_asserted in zip(self.channels, state["asserted"], strict=True):
            channel.is_asserted = is_asserted
        for number, due in state["copies"].items():
            channel = self.channels[number]
            channel.event = self.scheduler.at(due, channel._copy, self.name + " copy")
        self.tell()
