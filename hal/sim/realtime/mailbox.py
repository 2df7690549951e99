"""MBOX: FIFOs of command and data, software interrupts, and a semaphore between two processors.

A mailbox has two sides, each with the same registers. What one side pushes the other pops. A core has two of
them: to the A7 (with a semaphore), and to the other core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import BYTE, WORD, flag, items, row
from .conflicts import DECISIONS
from .registers import CLEAR, INFERRED, KNOWN, READ, WRITE, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Scheduler

DEPTH = 15
NOT_EMPTY, WRITTEN, NOT_FULL, READ_OUT = 1, 2, 4, 8  # INT_EN and INT_STS
RESET_BOTH, RESET_OWN = 1, 2
ENABLES = (0x18, 0x38)  # of interrupts
assert DECISIONS["mailbox-interrupt-bits"] and DECISIONS["mailbox-reset"]

# Which of a side's six interrupts, as an offset from its first, stands for what.
LINES = {READ_OUT: 0, NOT_FULL: 1, WRITTEN: 2, NOT_EMPTY: 3}
FIFO_LINE, SOFTWARE_LINE = 4, 5


class Side(Block):
    """One side: `lines(n, level)` is told the level of its interrupt n of six, `peer` is set by `join`."""

    NAME = "MBOX"
    REGISTERS = (
        Register(0x00, "VERSION", READ, 0x36200000, "of the block", KNOWN),
        Register(0x04, "GEN_CTRL", WRITE, note="0 reset both sides, 1 reset this side; enables of interrupts stay", source=INFERRED),
        kept(0x08, "DEBUG_INDEX", "what DEBUG_PROBE shows"),
        kept(0x0C, "DEBUG_PROBE", "a signal inside", READ),
        Register(0x14, "SW_TX_INT_PORT", WRITE, note="bit n: software interrupt n (0 to 7) at the other side"),
        Register(0x18, "SW_RX_INT_EN", note="7:0 which of them interrupt here"),
        Register(0x1C, "SW_RX_INT_STS", CLEAR, note="7:0 which of them the other side rang"),
        kept(0x20, "FIFO_CTRL", "7:0 delay of reads, 9:8 mode"),
        Register(0x30, "NF_THRS", note="3:0 free entries beyond which there is room"),
        Register(0x34, "NE_THRS", note="3:0 waiting entries beyond which there is something"),
        Register(0x38, "INT_EN", note="0 not empty, 1 written, 2 not full, 3 read out"),
        Register(0x3C, "INT_STS", CLEAR, note="as INT_EN; 0 and 2 follow the FIFOs and are not cleared"),
        Register(0x40, "CMD_PUSH", WRITE, note="pushes the pair of this command and the data"),
        Register(0x44, "DATA_PUSH", WRITE, note="data of the pairs pushed from now on"),
        Register(0x48, "PUSH_CNT", READ, note="pairs that the other side has not taken"),
        Register(0x50, "CMD_POP", READ, note="command of the oldest pair, which is taken"),
        Register(0x54, "DATA_POP", READ, note="data of the oldest pair"),
        Register(0x58, "POP_CNT", READ, note="pairs that wait here"),
        Register(0x60, "SEMAPHORE", note="reads 1 if it is now this side's, write 0 to give it back; always 0 between the two cores"),
    )
    STATE = {"data": WORD, "software": BYTE, "fifo": items(row(WORD, WORD), DEPTH)}
    MORE = {"has_semaphore": flag}

    def __init__(
        self, scheduler: Scheduler, log: Log, lines: Callable[[int, bool], None], base: int = 0, name: str = "",
        semaphore: list[Side | None] | None = None,
    ) -> None:  # fmt: skip
        self._lines = lines
        self._semaphore = semaphore
        self.peer: Side | None = None
        self.asked: Callable[[str, int, int], None] | None = None  # is told of accesses: "read" or "write", offset, value
        self.fifo: list[tuple[int, int]] = []  # what was pushed here and is not yet taken over there
        super().__init__(scheduler, log, base, name)

    def join(self, peer: Side) -> None:
        """The other side."""
        self.peer, peer.peer = peer, self

    def hear(self, lines: Callable[[int, bool], None]) -> None:
        """Tell somebody else of this side's interrupts from now on."""
        self._lines = lines

    def flush(self) -> None:
        """Forget what was pushed here and was not taken over there."""
        self.fifo = []
        self._tell()
        if self.peer is not None:
            self.peer._tell()

    def reset(self) -> None:
        """This side's own FIFO and registers; the semaphore is given back, if it is this side's."""
        super().reset()
        self.data = self.software = 0
        if self._semaphore is not None and self._semaphore[0] is self:
            self._semaphore[0] = None
        self.flush()

    def read(self, offset: int, size: int) -> int:
        """As a block does."""
        value = super().read(offset, size)
        if self.asked is not None:
            self.asked("read", offset, value)
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        """As a block does."""
        if self.asked is not None:
            self.asked("write", offset, value)
        super().write(offset, size, value)

    # --- FIFOs ---

    def write_data_push(self, value: int) -> None:
        """The data of the next pair; it stays for pairs that come without."""
        self.data = value

    def write_cmd_push(self, value: int) -> None:
        """The pair goes over, unless 15 wait there."""
        if len(self.fifo) >= DEPTH:
            self.log.once(self.name + ": a pair was pushed into a full FIFO and is lost")
            return
        self.fifo.append((value, self.data))
        if self.peer is not None:
            self.peer.words[0x3C] |= WRITTEN
            self.peer._tell()
        self._tell()

    def incoming(self) -> list[tuple[int, int]]:
        """What waits here."""
        return self.peer.fifo if self.peer is not None else []

    def read_data_pop(self) -> int:
        """The data of the oldest pair; 0 if there is none."""
        waiting = self.incoming()
        return waiting[0][1] if waiting else 0

    def read_cmd_pop(self) -> int:
        """The command of the oldest pair, which is taken; 0 if there is none."""
        waiting = self.incoming()
        if not waiting:
            return 0
        command = waiting.pop(0)[0]
        if self.peer is not None:
            self.peer.words[0x3C] |= READ_OUT
            self.peer._tell()
        self._tell()
        return command

    def read_push_cnt(self) -> int:
        """Pairs under way."""
        return len(self.fifo)

    def read_pop_cnt(self) -> int:
        """Pairs waiting."""
        return len(self.incoming())

    # --- interrupts ---

    def _status(self) -> int:
        """Pending: two are events that stay until cleared, two follow the FIFOs."""
        status = self.words[0x3C] & (WRITTEN | READ_OUT)
        if len(self.incoming()) > self.words[0x34] & 15:
            status |= NOT_EMPTY
        if self.fifo and DEPTH - len(self.fifo) > self.words[0x30] & 15:
            status |= NOT_FULL
        return status

    def _tell(self) -> None:
        pending = self._status() & self.words[0x38]
        for bit, line in LINES.items():
            self._lines(line, bool(pending & bit))
        self._lines(FIFO_LINE, bool(pending))
        self._lines(SOFTWARE_LINE, bool(self.software & self.words[0x18]))

    def read_int_sts(self) -> int:
        """What is pending, enabled or not."""
        return self._status()

    def write_int_sts(self, value: int) -> None:
        """Clear what is written as 1."""
        self.words[0x3C] &= ~value
        self._tell()

    def write_int_en(self, value: int) -> None:
        """Which interrupt."""
        self.words[0x38] = value & 15
        self._tell()

    def write_sw_tx_int_port(self, value: int) -> None:
        """Ring over there."""
        if self.peer is not None:
            self.peer.software |= value & 0xFF
            self.peer._tell()

    def read_sw_rx_int_sts(self) -> int:
        """Which ports rang."""
        return self.software

    def write_sw_rx_int_sts(self, value: int) -> None:
        """Clear what is written as 1."""
        self.software &= ~value
        self._tell()

    def write_sw_rx_int_en(self, value: int) -> None:
        """Which ports interrupt."""
        self.words[0x18] = value & 0xFF
        self._tell()

    def write_nf_thrs(self, value: int) -> None:
        """When there is room again."""
        self.words[0x30] = value & 15
        self._tell()

    def write_ne_thrs(self, value: int) -> None:
        """When there is enough."""
        self.words[0x34] = value & 15
        self._tell()

    # --- the rest ---

    def write_gen_ctrl(self, value: int) -> None:
        """Reset what this side pushed and was told; what waits for it stays, unless both are reset. What may interrupt
        may go on doing so."""
        sides = [self, self.peer] if value & RESET_BOTH else [self] if value & RESET_OWN else []
        for side in sides:
            if side is not None:
                enables = {offset: side.words[offset] for offset in ENABLES}
                side.reset()
                side.words.update(enables)
                side._tell()

    def read_semaphore(self) -> int:
        """Take it: 1 if this side has it now."""
        if self._semaphore is None:
            return 0
        if self._semaphore[0] is None:
            self._semaphore[0] = self
        return int(self._semaphore[0] is self)

    def write_semaphore(self, value: int) -> None:
        """Give it back: only its owner can."""
        if self._semaphore is not None and self._semaphore[0] is self and not value & 1:
            self._semaphore[0] = None

    def quiet_until(self, offset: int) -> int | None:
        """FIFOs change when the other side runs: at the next thing arranged or the end of this turn."""
        return self.scheduler.next() if offset in (0x1C, 0x3C, 0x48, 0x58) else super().quiet_until(offset)

    def save(self) -> dict[str, Any]:
        """Registers and what is under way."""
        return {**super().save(), "has_semaphore": self._semaphore is not None and self._semaphore[0] is self}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on. What waits for the other side interrupts there, even if that was restored before this one."""
        super().restore(state)
        if self._semaphore is not None and state["has_semaphore"]:
            self._semaphore[0] = self
        elif self._semaphore is not None and self._semaphore[0] is self:
            self._semaphore[0] = None
        self._tell()
        if self.peer is not None:
            self.peer._tell()
