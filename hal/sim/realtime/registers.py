"""What every peripheral is: a block of registers that behaves, and says so when it does not know one.

A block lists its registers in a table: offset, name, access, value after reset, and what it does. Reading and
writing go to the methods `read_<name>` and `write_<name>` where a block has them, else to a stored word. A
register that the table lacks is logged once, with its address, and stores what is written.
`docs/make_registers.py` writes the tables of all blocks as a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..state import TIME, WORD, BadState, Kind, optional, record, table, whole
from .time import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .time import Event, Scheduler

READ, WRITE, BOTH, CLEAR = "r", "w", "rw", "w1c"  # CLEAR: a bit written as 1 becomes 0
MOST_OFFSET = 0x5000  # of a register in its block
KNOWN, INFERRED, GUESSED = "known", "inferred", "guessed"  # how far the value after reset is known


class Register(NamedTuple):
    """A register: `reset` is its value after reset, `source` how far that value is known.

    `note` says what it does; of one that is `kept`, what it is for on the chip: the model keeps the word, and
    nothing follows from it. What is only written (WRITE) reads as its value after reset.
    """

    offset: int
    name: str
    access: str = BOTH
    reset: int = 0
    note: str = ""
    source: str = GUESSED
    is_kept: bool = False


def kept(offset: int, name: str, note: str, access: str = BOTH, reset: int = 0) -> Register:
    """A register from which nothing follows in this model."""
    return Register(offset, name, access, reset, note, is_kept=True)


class Log:
    """Tells each thing once. `lines` keeps them, at most `MOST`; `tell` hears of each."""

    MOST = 256

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.lines: list[str] = []
        self.keys: list[str] = []  # of the lines
        self._known: set[str] = set()
        self._tell = tell

    def once(self, line: str, key: str = "") -> None:
        """Tell `line`, unless it, or another of the same `key`, was told before or too many were."""
        if (key or line) in self._known or len(self.lines) >= self.MOST:
            return
        self._known.add(key or line)
        self.keys.append(key or line)
        self.lines.append(line)
        if self._tell is not None:
            self._tell(line)

    def restore(self, lines: list[str], keys: list[str]) -> None:
        """Go on as if these had been told."""
        self.lines, self.keys, self._known = list(lines), list(keys), set(keys)


def merged(word: int, offset: int, size: int, value: int) -> int:
    """`word` with `size` of its bytes, from the one that `offset` names on, replaced by `value`."""
    shift = 8 * (offset & 3)
    mask = ((1 << 8 * size) - 1) << shift
    return (word & ~mask) | (value << shift & mask)


class Block:
    """A peripheral: registers of 32 bits at offsets from a base. Satisfies `hal.cortexm.machine.Device`.

    A subclass gives NAME, REGISTERS, and methods for the registers that do something:
    `read_<name>(self) -> int` and `write_<name>(self, value: int) -> None`, the name in lower case. `STATE`
    names the attributes that make up its state besides the stored words, and what they may hold; `MORE` what its
    `save` adds. `EVENTS` names the attributes that hold something arranged: the method that is called then, and
    what it is for.
    """

    NAME = ""
    REGISTERS: tuple[Register, ...] = ()
    STATE: Mapping[str, Kind] = {}
    MORE: Mapping[str, Kind] = {}
    EVENTS: Mapping[str, tuple[str, str]] = {}

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
        self._at_reset = {register.offset: register.reset for register in self.REGISTERS}
        self.words: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """What a reset of the chip does; a subclass extends it."""
        self.words = self._at_reset.copy()

    def read(self, offset: int, size: int) -> int:
        """The bytes at `offset`; a narrow access reads its part of the word."""
        if size == 4 and offset in self._readers:
            return self._readers[offset]() & 0xFFFFFFFF
        word = offset & ~3
        reader = self._readers.get(word)
        value = reader() if reader is not None else self._stored(word)
        return (value >> 8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        """Write; a narrow access changes its part of the stored word."""
        if size == 4 and offset in self._writers:
            self._writers[offset](value & 0xFFFFFFFF)
            return
        word = offset & ~3
        register = self._table.get(word)
        if size != 4:
            acts = register is not None and register.access in (WRITE, CLEAR)  # what is not written is not meant
            value = merged(0 if acts else self.words.get(word, 0), offset, size, value)
        value &= 0xFFFFFFFF
        writer = self._writers.get(word)
        if writer is not None:
            writer(value)
        elif register is None:
            self._unknown(word, "written with " + hex(value))
            self.words[word] = value
        elif register.access in (BOTH, CLEAR):
            self.words[word] = value if register.access == BOTH else self.words[word] & ~value

    def quiet_until(self, offset: int) -> int | None:
        """Until when the register at `offset` reads the same if nobody writes: a time, or None if not known.

        A core that polls it may let time pass to then. A subclass answers for its counters and status.
        """
        return None if offset in self._readers else NEVER

    def settled_until(self, offset: int, value: int) -> int | None:
        """Until when it changes nothing to write `value` at `offset`: a time, or None if it does or that is not known."""
        return None

    def arrange(self, event: str, at: int) -> None:
        """Let the one of `EVENTS` happen at `at` (ticks), instead of when it was to."""
        method, purpose = self.EVENTS[event]
        self.scheduler.cancel(getattr(self, event))
        setattr(self, event, self.scheduler.at(at, getattr(self, method), f"{self.name} {purpose}"))

    def save(self) -> dict[str, Any]:
        """The state, as plain values; a subclass adds what `MORE` names."""
        events = {name: due(getattr(self, name)) for name in self.EVENTS}
        return {"words": dict(self.words), "events": events, **{name: kind(getattr(self, name)) for name, kind in self.STATE.items()}}

    def check(self, state: object) -> dict[str, Any]:
        """`state`, copied, if `restore` can take it. Raises BadState."""
        events = record({name: optional(TIME) for name in self.EVENTS})
        words = table(whole(MOST_OFFSET), WORD, MOST_OFFSET // 4)
        checked: dict[str, Any] = record({"words": words, "events": events, **self.STATE, **self.MORE})(state)
        missing = [register.name for register in self.REGISTERS if register.offset not in checked["words"]]
        if missing:
            raise BadState(f".words: {missing[0]} is missing")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave and `check` has seen; a subclass does its part. What was arranged is arranged anew."""
        self.words = dict(state["words"])
        for name, kind in self.STATE.items():
            setattr(self, name, kind(state[name]))
        for name, at in state["events"].items():
            self.scheduler.cancel(getattr(self, name))
            if at is not None:
                self.arrange(name, at)

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


def due(event: Event | None) -> int | None:
    """When something arranged is to happen, or None if it is not (any more)."""
    return event.time if event is not None and event.is_waiting else None
