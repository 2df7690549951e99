"""UART: the debug UART of a core, and the UART of an ISU.

A 16550 with 16-byte FIFOs and a fractional divider of 26 MHz. What is written leaves the pin character by
character in its real time; what arrives takes the same time, and is lost (overrun) if nobody reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..state import BYTE, HALF, TIME, flag, items, octets, optional, row, table
from . import time
from .registers import INFERRED, READ, WRITE, Block, Log, Register, kept, merged

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

DEPTH = 16  # bytes in either FIFO
MOST_COMING = 1 << 20  # bytes on the line to it
CHUNK = 256  # of them are kept together
DLAB, ENHANCED = 0x80, 0xBF  # in LCR: the divisor, with 0xBF the enhanced registers as well, stand where others were
RX_READY, TX_EMPTY, LINE = 1, 2, 4  # IER
NONE, TX_LOW, RX_LEVEL, LINE_STATUS, RX_TIME_OUT = 0x01, 0x02, 0x04, 0x06, 0x0C  # IIR
DATA, OVERRUN, FRAMING, BREAK, THR_EMPTY, ALL_EMPTY = 0x01, 0x02, 0x08, 0x10, 0x20, 0x40  # LSR
TX_TRIGGERS, RX_TRIGGERS = (1, 4, 8, 14), (1, 6, 12, 0)  # by FCR 5:4 and 7:6; 0 means RXTRIG
TIME_OUT_CHARACTERS = 4
LOOP = 0x10  # MCR
ENHANCED_NAMES = {0x08: "EFR", 0x10: "XON1", 0x14: "XON2", 0x18: "XOFF1", 0x1C: "XOFF2"}  # with LCR 0xBF


class Line(Protocol):
    """What the transmitting pin leads to."""

    def __call__(self, byte: int) -> None:
        """Take a byte that was sent in full."""


class Uart(Block):
    """`irq` is told the level of the interrupt; `sent` hears every byte when its last bit is out.

    With a DMA attached (`attach_dma`), its channels are told when there is room or data.
    """

    NAME = "UART"
    REGISTERS = (
        Register(0x00, "DATA", note="RBR when read, THR when written; DLL with LCR.7"),
        Register(0x04, "IER", note="0 data, 1 transmitter empty, 2 line (others kept); DLM with LCR.7"),
        Register(0x08, "IIR_FCR", reset=NONE, source=INFERRED,
                 note="IIR when read: 5:0 cause, 7:6 FIFOs on; FCR when written: 0 FIFOs, 1 and 2 clear, 5:4 and 7:6 triggers; EFR with LCR 0xBF"),
        Register(0x0C, "LCR", note="1:0 bits - 5, 2 two stop bits, 3 parity, 7 divisor (4, 5, 6 kept)"),
        Register(0x10, "MCR", note="4 loop (0 DTR, 1 RTS and others kept); XON1 with LCR 0xBF"),
        Register(0x14, "LSR", READ, ALL_EMPTY | THR_EMPTY, "0 data, 1 overrun, 5 THR empty, 6 all empty; XON2 with LCR 0xBF", INFERRED),
        Register(0x18, "MSR", READ, note="modem lines: none change; XOFF1 with LCR 0xBF"),
        Register(0x1C, "SCR", note="a word for software; XOFF2 with LCR 0xBF"),
        kept(0x20, "RX_LEVEL_CTL", "6 ignore acknowledgements, 7 enable"),
        Register(0x24, "HIGHSPEED", note="clocks a bit: 0 16, 1 8, 2 4, 3 by SAMPLE_COUNT"),
        Register(0x28, "SAMPLE_COUNT", note="clocks a bit, less 1"),
        kept(0x2C, "SAMPLE_POINT", "clock of a bit at which it is read: bits are read whole here"),
        kept(0x30, "AUTOBAUD", "detection of the rate"),
        kept(0x34, "RATE_FIX", "correction of the rate"),
        Register(0x3C, "GUARD", note="3:0 bits between characters, 4 enable"),
        kept(0x40, "ESCAPE_DAT", "escape character of software flow control"),
        kept(0x44, "ESCAPE_EN", "0 escape character on"),
        Register(0x48, "SW_RTO_LIMIT", note="1 enable, 7:2 receive time-out in characters; else 4"),
        Register(0x4C, "VFIFO_EN", note="0 virtual FIFOs; reading it acknowledges the receive time-out"),
        Register(0x50, "RXTRIG", note="5:0 receive trigger, where FCR 7:6 is 3"),
        Register(0x54, "FRACDIV_L", note="7:0 which bits of a character take a clock more"),
        Register(0x58, "FRACDIV_M", note="1:0 the same of its last two bits"),
        Register(0x5C, "FCR_RD", READ, note="FCR as it was written"),
        Register(0x64, "EXTEND_ADD", note="0 receive DMA, 1 transmit DMA (2, sending by itself, kept)"),
        Register(0x68, "RX_OFFSET", READ, note="bytes in the receive FIFO"),
        Register(0x6C, "TX_OFFSET", READ, note="bytes in the transmit FIFO"),
        kept(0x70, "INTERRUPT_STA", "5 software flow, 6 hardware flow: written to clear an interrupt that never comes", WRITE),
    )
    STATE = {
        "divisor": HALF, "enhanced": table(BYTE, BYTE, 256), "fcr": BYTE, "lcr": BYTE, "is_low_told": flag, "is_timed_out": flag, "overrun": flag,
        "sending": optional(BYTE), "tx": items(BYTE, DEPTH), "rx": items(BYTE, DEPTH),
        "coming": items(row(TIME, TIME, octets(MOST_COMING)), MOST_COMING),
    }  # fmt: skip
    EVENTS = {"_shifting": ("_shifted", "sent"), "_timer": ("_time_out", "time-out"), "_line": ("_come", "received")}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], base: int = 0, name: str = "",
        sent: Line | None = None,
    ) -> None:  # fmt: skip
        self._irq = irq
        self.sent = sent
        self.received: Callable[[bytes], None] | None = None  # is told of what comes in, when it is sent
        self._on_room: Callable[[], None] | None = None
        self._on_data: Callable[[], None] | None = None
        self._shifting: Event | None = None
        self._timer: Event | None = None
        self._line: Event | None = None
        self.coming: list[tuple[int, int, bytes]] = []  # on the line: when the first byte is in, ticks a byte, bytes
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """FIFOs empty, interrupts off, 8 bits, the slowest the divider allows."""
        super().reset()
        self.tx: list[int] = []
        self.rx: list[int] = []
        self.divisor, self.fcr, self.lcr = 1, 0, 0
        self.enhanced: dict[int, int] = {}
        self.sending: int | None = None
        self.is_low_told = self.is_timed_out = self.overrun = False
        self.scheduler.cancel(self._shifting)
        self.scheduler.cancel(self._timer)
        self._tell()

    # --- time ---

    def character(self) -> int:
        """Ticks that one character takes on the line."""
        bits = 1 + (self.lcr & 3) + 5 + (self.lcr >> 3 & 1) + 1 + (self.lcr >> 2 & 1)
        fraction = bin(self.words[0x54] & 0xFF).count("1") + bin(self.words[0x58] & 3).count("1")
        guard = self.words[0x3C] & 15 if self.words[0x3C] & 16 else 0
        per_bit = {0: 16, 1: 8, 2: 4}.get(self.words[0x24] & 3, (self.words[0x28] & 0xFF) + 1)
        clocks = (bits + guard) * per_bit * max(1, self.divisor)
        return time.XTAL * (clocks + (fraction if self.words[0x24] & 3 == 3 else 0))

    # --- sending ---

    def send(self, byte: int) -> None:
        """A byte for the transmit FIFO, from the program or from DMA; one too many is lost."""
        if len(self.tx) >= DEPTH:
            self.log.once(self.name + ": a byte was written to a full transmit FIFO and is lost")
            return
        self.tx.append(byte)
        self.is_low_told = False
        self._shift()
        self._tell()

    def _shift(self) -> None:
        """Put the next byte on the line, unless one is on it."""
        if self.sending is None and self.tx:
            self.sending = self.tx.pop(0)
            self.arrange("_shifting", self.scheduler.now + self.character())
            if self._on_room is not None:
                self._on_room()

    def _shifted(self) -> None:
        byte, self.sending = self.sending, None
        if byte is not None:
            if self.words[0x10] & LOOP:
                self._arrive(byte)
            elif self.sent is not None:
                self.sent(byte)
        self._shift()
        self._tell()

    # --- receiving ---

    def receive(self, data: bytes) -> int:
        """Bytes come in on the line one after the other, once it is free. Returns when the last is in (ticks).

        Raises ValueError if a mebibyte is on the line already.
        """
        if self.received is not None and data:
            self.received(data)
        each = self.character()
        first, ticks, before = self.coming[-1] if self.coming else (self.scheduler.now, 0, b"?")
        last = first + ticks * (len(before) - 1)
        if data:
            self._put(last + each, each, bytes(data))
        return last + each * len(data)

    def _put(self, at: int, each: int, data: bytes) -> None:
        if sum(len(waiting) for _, _, waiting in self.coming) + len(data) > MOST_COMING:
            raise ValueError(f"{self.name}: more than {MOST_COMING} bytes are on the line: let time pass")
        is_idle = not self.coming
        for start in range(0, len(data), CHUNK):
            self.coming.append((at + each * start, each, data[start : start + CHUNK]))
        if is_idle:
            self.arrange("_line", at)

    def _come(self) -> None:
        """A byte is in; the next one takes its time."""
        at, ticks, data = self.coming[0]
        if len(data) > 1:
            self.coming[0] = (at + ticks, ticks, data[1:])
        else:
            del self.coming[0]
        if self.coming:
            self.arrange("_line", self.coming[0][0])
        self._arrive(data[0])

    def _arrive(self, byte: int) -> None:
        if len(self.rx) >= DEPTH:
            self.overrun = True
        else:
            self.rx.append(byte)
        if self._on_data is not None:
            self._on_data()
        self._await_time_out()
        self._tell()

    def _await_time_out(self) -> None:
        self.is_timed_out = False
        limit = self.words[0x48]
        characters = limit >> 2 & 63 if limit & 2 and limit >> 2 & 63 else TIME_OUT_CHARACTERS
        self.arrange("_timer", self.scheduler.now + characters * self.character())

    def _time_out(self) -> None:
        # With DMA the FIFO is drained at once, and the program is told of what lies in the ring.
        self.is_timed_out = bool(self.rx) or self._is_rx_dma()
        self._tell()

    # --- interrupts ---

    def _rx_trigger(self) -> int:
        return RX_TRIGGERS[self.fcr >> 6 & 3] or max(1, self.words[0x50] & 0x3F)

    def _cause(self) -> int:
        """IIR: the highest cause that is enabled."""
        enabled = self.words[0x04]
        if enabled & LINE and self.overrun:
            return LINE_STATUS
        if enabled & RX_READY and not self._is_rx_dma() and len(self.rx) >= self._rx_trigger():
            return RX_LEVEL
        if enabled & RX_READY and self.is_timed_out:
            return RX_TIME_OUT
        if enabled & TX_EMPTY and not self.is_low_told and len(self.tx) <= TX_TRIGGERS[self.fcr >> 4 & 3]:
            return TX_LOW
        return NONE

    def _tell(self) -> None:
        self._irq(self._cause() != NONE)

    # --- registers ---

    def read(self, offset: int, size: int) -> int:
        """A register; with LCR 0xBF an enhanced one where there is one."""
        if self.lcr == ENHANCED and offset & ~3 in ENHANCED_NAMES:
            return self.enhanced.get(offset & ~3, 0) >> 8 * (offset & 3) & ((1 << 8 * size) - 1)
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """As `read`; enhanced registers have eight bits, and nothing follows from them."""
        word = offset & ~3
        if self.lcr == ENHANCED and word in ENHANCED_NAMES:
            self.enhanced[word] = merged(self.enhanced.get(word, 0), offset, size, value) & 0xFF
        else:
            super().write(offset, size, value)

    def name_of(self, offset: int) -> str:
        """The register in words: with LCR 0xBF the enhanced one."""
        is_enhanced = self.lcr == ENHANCED and offset & ~3 in ENHANCED_NAMES
        return f"{self.name}.{ENHANCED_NAMES[offset & ~3]}" if is_enhanced else super().name_of(offset)

    def read_data(self) -> int:
        """RBR, or DLL."""
        if self.lcr & DLAB:
            return self.divisor & 0xFF
        return self.take()

    def write_data(self, value: int) -> None:
        """THR, or DLL."""
        if self.lcr & DLAB:
            self.divisor = (self.divisor & 0xFF00) | (value & 0xFF)
        else:
            self.send(value & 0xFF)

    def read_ier(self) -> int:
        """IER, or DLM."""
        return self.divisor >> 8 if self.lcr & DLAB else self.words[0x04]

    def write_ier(self, value: int) -> None:
        """IER, or DLM."""
        if self.lcr & DLAB:
            self.divisor = (self.divisor & 0xFF) | (value & 0xFF) << 8
            return
        if value & TX_EMPTY and not self.words[0x04] & TX_EMPTY:
            self.is_low_told = False
        self.words[0x04] = value & 0xFF
        self._tell()

    def read_iir_fcr(self) -> int:
        """IIR; reading "transmitter empty" takes it back."""
        cause = self._cause()
        if cause == TX_LOW:
            self.is_low_told = True
            self._tell()
        return cause | (0xC0 if self.fcr & 1 else 0)

    def write_iir_fcr(self, value: int) -> None:
        """FCR."""
        self.fcr = value & 0xF1
        if value & 2:
            self.rx.clear()
            self.is_timed_out = False
        if value & 4:
            self.tx.clear()
        self._tell()

    def write_lcr(self, value: int) -> None:
        """The format, and what stands at the first three registers."""
        self.lcr = self.words[0x0C] = value & 0xFF

    def read_lsr(self) -> int:
        """The line's state; reading it forgets an overrun."""
        value = DATA if self.rx else 0
        value |= OVERRUN if self.overrun else 0
        value |= THR_EMPTY if not self.tx else 0
        value |= ALL_EMPTY if not self.tx and self.sending is None else 0
        self.overrun = False
        self._tell()
        return value

    def read_vfifo_en(self) -> int:
        """The setting; reading it acknowledges the time-out."""
        self.is_timed_out = False
        self._tell()
        return self.words[0x4C]

    def read_fcr_rd(self) -> int:
        """FCR as it was written."""
        return self.fcr

    def read_rx_offset(self) -> int:
        """Bytes that wait to be read."""
        return len(self.rx)

    def read_tx_offset(self) -> int:
        """Bytes that wait to be sent."""
        return len(self.tx)

    def quiet_until(self, offset: int) -> int | None:
        """Status changes only with the line: at its next event."""
        return min(self.scheduler.next(), time.NEVER) if offset in (0x08, 0x14, 0x68, 0x6C) else super().quiet_until(offset)

    # --- DMA ---

    def attach_dma(self, on_room: Callable[[], None] | None, on_data: Callable[[], None] | None) -> None:
        """From now on channels feed and empty the FIFOs; None detaches."""
        self._on_room, self._on_data = on_room, on_data

    def _is_rx_dma(self) -> bool:
        return self._on_data is not None and bool(self.words[0x64] & 1)

    def write_extend_add(self, value: int) -> None:
        """The handshakes: a channel that was started before may move now."""
        self.words[0x64] = value
        if value & 1 and self._on_data is not None:
            self._on_data()
        if value & 2 and self._on_room is not None:
            self._on_room()

    def room(self) -> int:
        """Bytes that the transmit FIFO still takes from DMA."""
        return DEPTH - len(self.tx) if self.words[0x64] & 2 else 0

    def held(self) -> int:
        """Bytes that DMA may take."""
        return len(self.rx) if self.words[0x64] & 1 else 0

    def take(self) -> int:
        """The oldest byte received, or 0 if there is none."""
        if not self.rx:
            return 0
        byte = self.rx.pop(0)
        if not self.rx:
            self.is_timed_out = False
        self._tell()
        return byte

    def restore(self, state: dict[str, Any]) -> None:
        """Go on: what was being sent is sent at its time."""
        super().restore(state)
        self._tell()
