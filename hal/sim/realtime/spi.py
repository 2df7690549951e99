"""SPI: the master engine of an ISU.

A transfer is a command of up to 32 bits, then data out, data in, or both at once. The registers are written one
by one, or through a port that DMA fills with the same words in a fixed order. The transfer takes as long as its
bits do; the parts on the bus hear it when it is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..masters import mirror
from ..state import TIME, WORD, flag, items, whole
from . import time
from .conflicts import DECISIONS
from .registers import INFERRED, READ, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..buses import SpiWires
    from .time import Event, Scheduler

STCSR, SOAR, SDOR, SMMR, SMBCR, SCSR, CSPOL, DATAPORT, SDIR = 0x00, 0x04, 0x08, 0x28, 0x2C, 0x34, 0x38, 0x40, 0x48
START, BUSY = 1 << 8, 1 << 16  # STCSR
BUFFERED, LSB_FIRST, IRQ, FULL_DUPLEX = 1 << 2, 1 << 3, 1 << 9, 1 << 10  # SMMR
OK, WRITE_OK, READ_OK = 1, 2, 4  # SCSR
DMA_MODE = 1 << 8  # CSPOL
BUFFER, FULL_DUPLEX_BUFFER = 32, 16  # bytes
NO_LINE = 7
PORT_ORDER = (SOAR, *range(SDOR, SDOR + 32, 4), SMMR, SMBCR, STCSR, None)  # None: a word that nothing takes
assert DECISIONS["spi-full-duplex-data"] and DECISIONS["spi-status"] and DECISIONS["spi-plain"]


class SpiMaster(Block):
    """`bus` has the parts; `request(is_receive)` tells DMA to go on."""

    NAME = "SPIM"
    REGISTERS = (
        Register(STCSR, "STCSR", note="8 start, 16 busy; without buffering 3:0 bytes out, 7:4 bytes in (20:19 address size, 31:24 kept)"),
        Register(SOAR, "SOAR", note="the command, its last bit at bit 0"),
        *(Register(SDOR + 4 * n, f"SDOR{n}", note=f"data out: bytes {4 * n} to {4 * n + 3}") for n in range(8)),
        Register(SMMR, "SMMR", reset=NO_LINE << 29, source=INFERRED,
                 note="2 buffered, 3 LSB first, 9 interrupt, 10 full duplex, 27:16 divider - 2, 31:29 line (4 CPOL, 5 CPHA, 7 prefetch, 8, 28 kept)"),
        Register(SMBCR, "SMBCR", note="8:0 bits out, 20:12 bits in, 29:24 command bits"),
        Register(SCSR, "SCSR", READ, note="0 done, 1 wrote, 2 read; reading clears"),
        Register(CSPOL, "CSPOL", note="7:0 lines that select by a high level, 8 DMA, 15:12 clocks before, 19:16 after"),
        Register(DATAPORT, "DATAPORT", note="for DMA: SOAR, SDOR0 to 7, SMMR, SMBCR, STCSR one after the other; data in when read"),
        *(Register(SDIR + 4 * n, f"SDIR{n}", READ, note=f"data in: bytes {4 * n} to {4 * n + 3}") for n in range(8)),
        kept(SDIR + 32, "SDIR_END", "zero; read by a driver that counts the opcode among the data", READ),
    )  # fmt: skip
    STATE = {"is_busy": flag, "due": TIME, "place": whole(len(PORT_ORDER) - 1), "incoming": items(WORD, BUFFER // 4)}
    EVENTS = {"_event": ("_finish", "transfer")}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], bus: SpiWires,
        request: Callable[[bool], None] = lambda is_receive: None, base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq, self.bus, self._request = irq, bus, request
        self._event: Event | None = None
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """Idle; a transfer under way is broken off."""
        super().reset()
        self.scheduler.cancel(self._event)
        self.is_busy = False
        self.due = self.place = 0
        self.incoming: list[int] = []
        self._select(False)
        self._irq(False)

    def _select(self, is_active: bool) -> None:
        """Parts are selected by a low level; a line whose polarity bit is set is high during a transfer and low else."""
        for line in (0, 1):
            is_meant = is_active and line == self.words[SMMR] >> 29
            self.bus.select(line, is_meant != bool(self.words[CSPOL] >> line & 1))

    # --- a transfer ---

    def lengths(self) -> tuple[int, int, int]:
        """Bits of the command, out and in."""
        if self.words[SMMR] & BUFFERED:
            word = self.words[SMBCR]
            return min(32, word >> 24 & 0x3F), min(8 * BUFFER, word & 0x1FF), min(8 * BUFFER, word >> 12 & 0x1FF)
        word = self.words[STCSR]
        return 8 * min(4, word & 15), 8 * max(0, (word & 15) - 4), 8 * (word >> 4 & 15)

    def ticks(self) -> int:
        """How long the transfer takes."""
        command, out, into = self.lengths()
        bits = command + (max(out, into) if self.words[SMMR] & FULL_DUPLEX else out + into)
        delays = (self.words[CSPOL] >> 12 & 15) + (self.words[CSPOL] >> 16 & 15)
        return time.SPI_CLOCK * (max(1, bits) * ((self.words[SMMR] >> 16 & 0xFFF) + 2) + delays)

    def write_stcsr(self, value: int) -> None:
        """Bit 8 starts; it falls when the transfer is over."""
        self.words[STCSR] = value & ~BUSY
        if not value & START:
            return
        if self.is_busy:
            self.log.once(self.name + ": a start was ignored, a transfer is under way")
            return
        self.is_busy = True
        self._select(True)
        self._await(self.scheduler.now + self.ticks())

    def _await(self, due: int) -> None:
        self.due = due
        self.arrange("_event", due)

    def _finish(self) -> None:
        """All bits are through: tell the parts, keep the answers, interrupt."""
        self.is_busy = False
        self.place = 0  # the word after STCSR is optional
        self.words[STCSR] &= ~START
        answers = self._exchange()
        self._keep(answers)
        self._select(False)
        _, out, into = self.lengths()
        self.words[SCSR] = OK | (WRITE_OK if out or not into else 0) | (READ_OK if into else 0)
        self._tell()
        if self.words[CSPOL] & DMA_MODE:
            self.incoming = [int.from_bytes(answers[at : at + 4], "little") for at in range(0, len(answers), 4)]
            self._request(True)
            self._request(False)

    def _exchange(self) -> bytes:
        """Send the command and the data. Returns what was read."""
        command, out, into = (bits // 8 for bits in self.lengths())
        begin = self._command(command)
        data = b"".join(self.words[SDOR + 4 * n].to_bytes(4, "little") for n in range(8))[:out]
        if self.words[SMMR] & FULL_DUPLEX:
            return self._pass(begin + data.ljust(into, b"\xff"))[len(begin) :][:into]
        return self._pass(begin + data + b"\xff" * into)[len(begin) + len(data) :]

    def _command(self, count: int) -> bytes:
        word = self.words[SOAR]
        if self.words[SMMR] & BUFFERED:
            return (word & ((1 << 8 * count) - 1)).to_bytes(count, "big")
        # Opcode in the lowest byte, then the address from its highest byte down.
        return bytes([word & 0xFF])[:count] + (word >> 8).to_bytes(3, "big")[4 - count :] if count else b""

    def _pass(self, data: bytes) -> bytes:
        if self.words[SMMR] & LSB_FIRST:
            return bytes(map(mirror, self.bus.transfer(bytes(map(mirror, data)))))
        return self.bus.transfer(data)

    def _keep(self, answers: bytes) -> None:
        """SDIR: full-duplex data stands at SDIR0 and again at SDIR4."""
        if self.words[SMMR] & FULL_DUPLEX and answers:
            half = answers[:FULL_DUPLEX_BUFFER].ljust(FULL_DUPLEX_BUFFER, b"\0")
            answers = half + half
        for n in range((len(answers) + 3) // 4):
            self.words[SDIR + 4 * n] = int.from_bytes(answers[4 * n : 4 * n + 4], "little")

    def _tell(self) -> None:
        self._irq(bool(self.words[SCSR] and self.words[SMMR] & IRQ))

    # --- registers ---

    def read_stcsr(self) -> int:
        """With the busy bit."""
        return self.words[STCSR] | (BUSY if self.is_busy else 0)

    def write_smmr(self, value: int) -> None:
        """Mode; disabling the interrupt takes it back."""
        self.words[SMMR] = value
        self._tell()

    def read_scsr(self) -> int:
        """What was done; reading clears it and the interrupt."""
        value, self.words[SCSR] = self.words[SCSR], 0
        self._tell()
        return value

    def write_cspol(self, value: int) -> None:
        """Polarity, delays, DMA; entering DMA mode begins the port's order anew."""
        if value & DMA_MODE and not self.words[CSPOL] & DMA_MODE:
            self.place = 0
        self.words[CSPOL] = value
        self._select(self.is_busy)
        if value & DMA_MODE:
            self._request(False)

    def write_dataport(self, value: int) -> None:
        """The next word in the port's order; the one for STCSR starts the transfer."""
        target = PORT_ORDER[self.place]
        self.place = (self.place + 1) % len(PORT_ORDER)
        if target is None:
            return
        super().write(target, 4, value)

    def read_dataport(self) -> int:
        """The next word that was read, or 0."""
        return self.incoming.pop(0) if self.incoming else 0

    def ready(self, is_receive: bool) -> int:
        """Words that DMA may take (`is_receive`), or give: a transfer under way must be over before the next begins."""
        if not self.words[CSPOL] & DMA_MODE:
            return 0
        if is_receive:
            return len(self.incoming)
        return 0 if self.is_busy and PORT_ORDER[self.place] is not None else 1

    def quiet_until(self, offset: int) -> int | None:
        """Busy until the transfer is over."""
        return self.scheduler.next() if offset in (STCSR, SCSR) else super().quiet_until(offset)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on: the transfer ends at its time."""
        self._select(False)
        super().restore(state)
        self._select(self.is_busy)
        self._tell()


class SpiSlave(Block):
    """The slave engine: no driver that we know uses it, so no register of it is known. Words are kept."""

    NAME = "SPIS"

