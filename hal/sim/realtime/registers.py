"""What every peripheral is: a block of registers that behaves, and says so when it does not know one.

A block lists its registers in a table (offset, name, value after reset, what the source of it is). Reading and
writing go to the methods `read_<name>` and `write_<name>` where a block has them, else to a stored word. A
register that the table lacks is logged once, with its address, and stores what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .time import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Scheduler

READ, WRITE, BOTH = "r", "w", "rw"
KNOWN, INFERRED, UNKNOWN = "known", "inferred", "unknown"  # where the value after reset comes from


class Register(NamedTuple):
    """A register: `reset` is its value after reset, `source` how far that value is known."""

    offset: int
    name: str
    access: str = BOTH
    reset: int = 0
    note: str = ""
    source: str = UNKNOWN


class Log:
    """Tells each thing once. `lines` keeps them, at most `MOST`; `tell` hears of each."""

    MOST = 256

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.lines: list[str] = []
        self._known: set[str] = set()
        self._tell = tell

    def once(self, line: str, key: str = "") -> None:
        """Tell `line`, unless it, or another of the same `key`, was told before or too many were."""
        if (key or line) in self._known or len(self.lines) >= self.MOST:
            return
        self._known.add(key or line)
        self.lines.append(line)
        if self._tell is not None:
            self._tell(line)


class Block:
    """A peripheral: registers of 32 bits at offsets from a base. Satisfies `hal.cortexm.machine.Device`.

    A subclass gives NAME, REGISTERS, and methods for the registers that do something:
    `read_<name>(self) -> int` and `write_<name>(self, value: int) -> None`, the name in lower case. `STATE`
    names the attributes that make up its state besides the stored words.
    """

    NAME = ""
    REGISTERS: tuple[Register, ...] = ()
    STATE: tuple[str, ...] = ()

    def __init__(self, scheduler: Scheduler, log: Log, base: int = 0, name: str = "") -> None:
        self.scheduler = scheduler
        self.log = log
        self.base = base
        self.name = name or self.NAME
        self._table = {register.offset: register for register in self.REGISTERS}
        self._readers: dict[int, Callable[[], int]] = {}
        self._writers: dict[int, Callable[[int], None]] = {}
        for offset, register in self._table.items():
            reader = getattr(self, "read_" + register.name.lower(), None)
            writer = getattr(self, "write_" + register.name.lower(), None)
            if reader is not None:
                self._readers[offset] = reader
            if writer is not None:
                self._writers[offset] = writer
        self.words: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """What a reset of the chip does; a subclass extends it."""
        self.words = {register.offset: register.reset for register in self.REGISTERS}

    def read(self, offset: int, size: int) -> int:
        """The bytes at `offset`; a narrow access reads its part of the word."""
        word = offset & ~3
        reader = self._readers.get(word)
        value = reader() if reader is not None else self._stored(word)
        return (value >> 8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        """Write; a narrow access changes its part of the stored word."""
        word = offset & ~3
        if size != 4:
            shift, mask = 8 * (offset & 3), ((1 << 8 * size) - 1) << 8 * (offset & 3)
            value = (self.words.get(word, 0) & ~mask) | (value << shift & mask)
        value &= 0xFFFFFFFF
        writer = self._writers.get(word)
        register = self._table.get(word)
        if writer is not None:
            writer(value)
        elif register is None:
            self._unknown(word, "written with " + hex(value))
            self.words[word] = value
        elif register.access != READ:
            self.words[word] = value

    def quiet_until(self, offset: int) -> int | None:
        """Until when the register at `offset` reads the same if nobody writes: a time, or None if not known.

        A core that polls it may let time pass to then. A subclass answers for its counters and status.
        """
        return None if offset in self._readers else NEVER

    def save(self) -> dict[str, Any]:
        """The state, as plain values. A subclass with events keeps their times in `STATE` attributes."""
        return {"words": dict(self.words), **{name: getattr(self, name) for name in self.STATE}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave; a subclass arranges its events anew."""
        self.words = dict(state["words"])
        for name in self.STATE:
            setattr(self, name, state[name])

    def name_of(self, offset: int) -> str:
        """The register at `offset` in words, for traces and reports."""
        register = self._table.get(offset & ~3)
        return self.name + "." + (register.name if register is not None else f"+{offset & ~3:#05x}")

    def _stored(self, word: int) -> int:
        if word not in self._table:
            self._unknown(word, "read")
        return self.words.get(word, 0)

    def _unknown(self, word: int, what: str) -> None:
        place = f"{self.name}: unknown register {self.base + word:#010x} (+{word:#x})"
        self.log.once(f"{place} {what}", place)
