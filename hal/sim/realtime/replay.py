"""Replays: a chip to which happens what a record says, and which is held to all that the record says came out.

The first thing that differs is a divergence, with its time, what was recorded, and what came instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .chip import SHARED_SIZE, SHARED_START
from .record import (
    ASKED,
    AT_ONCE,
    END,
    HEAD,
    IN,
    MOST_END,
    MOST_RECORD,
    OUT,
    PICOSECONDS,
    TICKS,
    Entry,
    Tape,
    digest,
    digests,
    seconds,
    uarts,
)  # fmt: skip
from .taps import BadAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Chip

LINE = re.compile(r"(\d{1,7})\.(\d{12}) ([><!?.]) (.+)")
FORMS = (
    r"uart (?:io[01]|isu[0-5]) (?:[0-9a-f]{2}){1,65536}", r"pin \d{1,4} [01-]", r"pull \d{1,4} [01]",
    "cut", r"a7 [01] (?:read|write) 0x[0-9a-f]{2,4} 0x[0-9a-f]{1,8}", r"memory [01] 0x[0-9a-f]{8} (?:[0-9a-f]{2}){1,65536}",
)  # fmt: skip
INPUT = re.compile("|".join(FORMS))


class BadRecord(ValueError):
    """The file is no record. `line` is where that shows, from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


class Diverged(ValueError):
    """The chip did something else than was recorded."""


def parse(text: str) -> list[Entry]:
    """The lines of a record but the first. Raises BadRecord."""
    if len(text) > MOST_RECORD + MOST_END:
        raise BadRecord(f"more than {MOST_RECORD + MOST_END} bytes", 1)
    lines = text.split("\n")
    if lines[0] != HEAD:
        raise BadRecord(f"it does not begin with {HEAD!r}", 1)
    entries = [_entry(line.split("#")[0].rstrip(), number) for number, line in enumerate(lines[1:], 2) if line.split("#")[0].strip()]
    if not entries or not entries[0].words.startswith("start ") or entries[0].mark != END:
        raise BadRecord("the second line does not say what the chip was at the start", 2)
    return entries


def _entry(line: str, number: int) -> Entry:
    found = LINE.fullmatch(line)
    if found is None:
        raise BadRecord(f"{line[:60]!r} is no line of a record: a time with twelve digits, a mark, words", number)
    entry = Entry(-(-int(found[1] + found[2]) * TICKS // PICOSECONDS), found[3], found[4])
    if entry.mark in (IN, AT_ONCE) and not INPUT.fullmatch(entry.words):
        raise BadRecord(f"{entry.words[:60]!r} is nothing that goes into the chip", number)
    if entry.mark == ASKED and " = " not in entry.words:
        raise BadRecord(f"{entry.words[:60]!r} has no answer", number)
    return entry


class Replayer(Tape):
    """Does to `chip`, from now on, what `entries` say. Raises Diverged, in the chip's `run`, where it does something else."""

    def __init__(self, chip: Chip, entries: list[Entry]) -> None:
        self._entries = entries
        self._at = 1
        self._is_feeding = False
        first = entries[0]
        if first.time != chip.scheduler.now or first.words != "start " + digest(chip):
            raise Diverged("the record begins with another program, another core, or another state")
        self._map_shared(chip)
        super().__init__(chip)
        self._await()

    def _map_shared(self, chip: Chip) -> None:
        """Memory of the main core, if the record has any; whoever was there had mapped it."""
        for core in chip.cores:
            is_used = any(entry.words.startswith(f"memory {core.number} ") for entry in self._entries)
            if is_used and SHARED_START not in dict(core.machine.memories):
                core.machine.map_ram(SHARED_START, SHARED_SIZE)

    # --- what is next ---

    @property
    def _next(self) -> Entry:
        return self._entries[self._at] if self._at < len(self._entries) else Entry(1 << 63, END, "the record is over")

    @property
    def is_over(self) -> bool:
        """Whether all of the record has happened."""
        return self._next.mark == END

    def _go_on(self) -> None:
        """The next line was right: do what answers it, and wait for what comes after."""
        self._at += 1
        while self._next.mark == AT_ONCE:
            self._feed()
        self._await()

    def _await(self) -> None:
        if self._next.mark == IN:
            place = self._at
            self.chip.scheduler.at(self._next.time, lambda: self._due(place), "the record goes on", is_outside=True)

    def _due(self, place: int) -> None:
        """It is time for an input, if what came before it has come."""
        if place == self._at:
            self._feed()
            self._await()

    def _feed(self) -> None:
        """Do what the next line says; its own echo is expected."""
        entry = self._next
        self._at += 1
        self._is_feeding = True
        kind, *words = entry.words.split(" ")
        DOES[kind](self, *words)
        self._is_feeding = False

    # --- what comes ---

    def note(self, mark: str, words: str) -> None:
        """Something went in or came out: is it what was recorded?"""
        if words == "cut":  # where a replay is cut is its own matter, and then so is what follows
            return
        if mark == IN:
            if not self._is_feeding:
                raise Diverged(f"{seconds(self.chip.scheduler.now)} s: {words!r} was done to the chip during a replay")
            self._is_feeding = False
            return
        entry = self._next
        if entry != Entry(self.chip.scheduler.now, OUT, words):
            raise Diverged(self._differs(entry, f"{OUT} {words}"))
        self._go_on()

    def ask(self, question: str, real: Callable[[], str]) -> str:
        """The recorded answer."""
        entry = self._next
        asked, _, answer = entry.words.partition(" = ")
        if (entry.time, entry.mark, asked) != (self.chip.scheduler.now, ASKED, question):
            raise Diverged(self._differs(entry, f"{ASKED} {question}"))
        self._go_on()
        return answer

    def _differs(self, entry: Entry, came: str) -> str:
        now = seconds(self.chip.scheduler.now)
        recorded = f"{entry.mark} {entry.words} at {seconds(entry.time)} s" if entry.mark != END else "nothing more"
        return f"{now} s: recorded was {recorded}; now came {came}"

    # --- inputs ---

    def _cut(self) -> None:
        """That it was time for it has cut the turn."""
        self._is_feeding = False

    def _uart(self, name: str, data: str) -> None:
        uarts(self.chip)[name].receive(bytes.fromhex(data))

    def _pin(self, pin: str, level: str) -> None:
        self.chip.pins.drive(int(pin), None if level == "-" else int(level))

    def _pull(self, pin: str, level: str) -> None:
        self.chip.pins.pull(int(pin), int(level))

    def _a7(self, number: str, what: str, offset: str, value: str) -> None:
        side = self.chip.cores[int(number)].a7
        if what == "write":
            side.write(int(offset, 16), 4, int(value, 16))
            return
        found = side.read(int(offset, 16), 4)
        if found != int(value, 16):
            now = seconds(self.chip.scheduler.now)
            raise Diverged(f"{now} s: recorded was that the main core read {value} at {offset} of its mailbox {number}; now it reads {found:#x}")

    def _memory(self, number: str, address: str, data: str) -> None:
        core, at, content = self.chip.cores[int(number)], int(address, 16), bytes.fromhex(data)
        core.machine.write_memory(at, content)
        core.tell_written(at, content)

    # --- the end ---

    def finish(self) -> bool:
        """The run is over. Returns whether the record's end was reached at its very time, and so compared whole.

        Raises Diverged.
        """
        entry, now = self._next, self.chip.scheduler.now
        if entry.mark != END and entry.time < now:
            raise Diverged(f"{seconds(entry.time)} s: recorded was {entry.mark} {entry.words}; it did not come until {seconds(now)} s")
        times = " ".join(str(core.machine.now) for core in self.chip.cores)
        if entry != Entry(now, END, "end " + times):
            return False
        found = digests(self.chip)
        for _, _, words in self._entries[self._at + 1 :]:
            name, _, value = words.partition(" ")
            if found.get(name) != value:
                raise Diverged(f"{seconds(now)} s: at the end {name.replace('_', ' ')} is not what was recorded")
        return True


DOES: dict[str, Callable[..., None]] = {
    "cut": Replayer._cut, "uart": Replayer._uart, "pin": Replayer._pin, "pull": Replayer._pull, "a7": Replayer._a7, "memory": Replayer._memory,
}  # fmt: skip
__all__ = ["BadAnswer", "BadRecord", "Diverged", "Replayer", "parse"]
