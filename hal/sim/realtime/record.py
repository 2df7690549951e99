"""Records of a run: what went into the chip and what came out of it, line by line, so that a person can read them.

A line is a time in seconds, a mark and words; what stands behind a # is a comment.

| mark | words | |
|---|---|---|
| > | what the world does | from outside of the run, or at that time |
| ! | the same | at once, in answer to what came out in the line before |
| < | what came out | |
| ? | question = answer | what the chip asked of the world |
| . | end of the record, and digests of what the chip then was |

| words | |
|---|---|
| uart io0 686578 | bytes of a UART (io0, io1, isu0 to isu5), in or out |
| pin 12 1, pin 12 -, pull 12 1 | a level driven at a pin or let go of, a resistor; as an output, its level |
| a7 0 write 0x44 0x1, a7 0 read 0x50 0x7 | the main core at its side of a mailbox: offset, value |
| memory 0 0x80000000 686578 | the main core wrote shared memory |
| cut | two cores ran, and were stopped and run on: that changes in which order they see each other |
| i2c isu2 start 0x6a write, spi isu1 exchange 0f, analog 3, sound i2s0 | questions |

A time has twelve digits behind its point, which tells one tick from the next.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from ....wire import cbor
from . import snapshot
from .taps import tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Chip, Core
    from .uart import Uart

HEAD = "armillary record 1"
MOST_RECORD = 64 << 20  # bytes
MOST_END = 1 << 16  # of them at the end
IN, AT_ONCE, OUT, ASKED, END = ">", "!", "<", "?", "."
TICKS, PICOSECONDS = 3952, 1_000_000  # that take the same time


class Full(ValueError):
    """The record is as long as a record may be."""


class Entry(NamedTuple):
    """A line: `time` in ticks."""

    time: int
    mark: str
    words: str


def seconds(ticks: int) -> str:
    """A time with twelve digits, rounded down."""
    whole, rest = divmod(ticks * PICOSECONDS // TICKS, 10**12)
    return f"{whole}.{rest:012d}"


def digests(chip: Chip) -> dict[str, str]:
    """What the chip is, a digest for each core, block, and the pins. The world is no part of it."""
    found: dict[str, object] = {f"IO{core.number}": _visible(core) for core in chip.cores}
    found.update({name: block.save() for name, block in snapshot.blocks_of(chip).items()})
    found["pins"] = chip.pins.save()
    return {name.replace(" ", "_"): hashlib.sha256(cbor.dumps(value)).hexdigest()[:16] for name, value in found.items()}


def _visible(core: Core) -> list[object]:
    memory = {address: hashlib.sha256(place).digest() for address, place in core.machine.memories}
    return [core.machine.visible_state(), memory, core.is_started, core.entry]


def digest(chip: Chip) -> str:
    """All of that in one."""
    return hashlib.sha256(repr(digests(chip)).encode()).hexdigest()[:32]


def uarts(chip: Chip) -> dict[str, Uart]:
    """The UARTs by the names that they have in records."""
    private = {f"io{core.number}": core.uart for core in chip.cores}
    return {**private, **{f"isu{number}": isu.uart for number, isu in enumerate(chip.shared.isus)}}


class Tape(ABC):
    """Hears all that goes into the chip and comes out of it, and tells `note(mark, words)`; `ask` is as `taps` has it."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        tap(chip, self.ask)
        for name, uart in uarts(chip).items():
            self._listen(name, uart)
        chip.pins.observe(lambda pin, level, _time: self.note(OUT, f"pin {pin} {level}"))
        chip.pins.driven = lambda pin, level: self.note(IN, f"pin {pin} {'-' if level is None else level}")
        chip.pins.pulled = lambda pin, level: self.note(IN, f"pull {pin} {level}")
        chip.cut = lambda: self.note(IN, "cut")
        for core in chip.cores:
            self._watch_main_core(core.number)

    def _listen(self, name: str, uart: Uart) -> None:
        before = uart.sent

        def sent(byte: int) -> None:
            self.note(OUT, f"uart {name} {byte:02x}")
            if before is not None:
                before(byte)

        uart.sent = sent
        uart.received = lambda data: self.note(IN, f"uart {name} {data.hex()}")

    def _watch_main_core(self, number: int) -> None:
        core = self.chip.cores[number]
        core.a7.asked = lambda what, offset, value: self.note(IN, f"a7 {number} {what} {offset:#04x} {value:#x}")
        core.shared_written = lambda address, data: self.note(IN, f"memory {number} {address:#010x} {data.hex()}")

    @abstractmethod
    def note(self, mark: str, words: str) -> None:
        """Something went in or came out."""

    @abstractmethod
    def ask(self, question: str, real: Callable[[], str]) -> str:
        """The world's answer."""


class Recorder(Tape):
    """Writes lines by `write` from now on. To be made before anything that hears of outputs and answers them.

    Raises Full, in the chip's `run`, where the record would become longer than it may.
    """

    def __init__(self, chip: Chip, write: Callable[[str], object]) -> None:
        self._to = write
        self._left = MOST_RECORD
        self._last: Entry | None = None
        self._write(f"{HEAD}\n{seconds(chip.scheduler.now)} . start {digest(chip)}\n")
        super().__init__(chip)

    def note(self, mark: str, words: str) -> None:
        """Write it down: what answers an output at its time answers it at once."""
        scheduler, last = self.chip.scheduler, self._last
        if mark == IN and scheduler.is_busy and last is not None and last.time == scheduler.now and last.mark != IN:
            mark = AT_ONCE
        self._last = Entry(scheduler.now, mark, words)
        self._write(f"{seconds(scheduler.now)} {mark} {words}{_comment(words)}\n")

    def ask(self, question: str, real: Callable[[], str]) -> str:
        """Ask, and write the answer down."""
        time = self.chip.scheduler.now
        answer = real()
        self._last = Entry(time, ASKED, question)
        self._write(f"{seconds(time)} ? {question} = {answer}\n")
        return answer

    def _write(self, line: str) -> None:
        if len(line) > self._left:
            raise Full(f"the record has {MOST_RECORD} bytes, and may not have more")
        self._left -= len(line)
        self._to(line)

    def finish(self) -> None:
        """The end: what the chip is now."""
        self._left = max(self._left, MOST_END)
        times = " ".join(str(core.machine.now) for core in self.chip.cores)
        self._write(f"{seconds(self.chip.scheduler.now)} . end {times}\n")
        for name, value in digests(self.chip).items():
            self._write(f"{seconds(self.chip.scheduler.now)} . {name} {value}\n")


def _comment(words: str) -> str:
    """Bytes of a UART as text."""
    kind, _, data = words.partition(" ")
    text = bytes.fromhex(data.split(" ")[1]).decode("ascii", "replace") if kind == "uart" else ""
    return f"  # {text}" if text and text.isprintable() else ""
