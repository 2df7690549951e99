"""What comes out of a boxed device, and who said it: debug UART, consoles of boxes, trace.

Every box writes on lines of its own, and the bus knows which master sends on the UART, so nobody can
speak for another. Whatever a hostile box writes, this much of it is kept and no more.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from armillary.wire.stage import parse_line

UART_KEPT = 1 << 20  # bytes
CONSOLE_KEPT = 1 << 20  # bytes of the file, and as many of the one before
LONGEST_LINE = 4096
MOST_STAGES = 64
MESSAGES_AT_ONCE = 64  # of one box before the others get their turn
FIRST_STAGE = "1"  # the first loader's image type begins a boot
# ring as a stage line names it: the bus master that alone may say so
SPEAKERS = {"1BL": "pluton", "PLUTON": "pluton", "monitor": "monitor"}

Stage = tuple[str, dict[str, str]]


class DebugUart:
    """The debug UART's output. `stages` are those of the latest boot, told by whom it was to tell them."""

    def __init__(self) -> None:
        self.stages: deque[Stage] = deque((), MOST_STAGES)
        self.forged: deque[tuple[str, str]] = deque((), MOST_STAGES)  # (bus master, the line it had no right to)
        self._kept = bytearray()
        self._dropped = 0
        self._partial: dict[str, bytes] = {}

    def said(self, master: str, data: bytes) -> None:
        """`master` sent `data`; each master's lines are put together apart."""
        self._kept += data
        excess = len(self._kept) - UART_KEPT
        if excess > 0:
            del self._kept[:excess]
            self._dropped += excess
        *lines, rest = (self._partial.get(master, b"") + data).split(b"\n")
        self._partial[master] = rest[:LONGEST_LINE]
        for line in lines:
            self._line(master, line.decode(errors="replace"))

    def read(self, offset: int) -> tuple[int, bytes]:
        """(where it begins, what was said from `offset` on): the oldest bytes may be gone."""
        start = min(max(offset, self._dropped), self._dropped + len(self._kept))
        return start, bytes(self._kept[start - self._dropped :])

    def power_off(self) -> None:
        """A line that was not finished never will be."""
        self._partial.clear()

    def _line(self, master: str, line: str) -> None:
        found = parse_line(line)
        if found is None:
            return
        if SPEAKERS.get(found[0]) != master:
            self.forged.append((master, line[:LONGEST_LINE]))
            return
        if found[1].get("type") == FIRST_STAGE:
            self.stages.clear()
        self.stages.append(found)


class ConsoleFile:
    """What boxes say to whoever repairs them, each line with its box before it, in a bounded file."""

    def __init__(self, path: Path):
        self._path = path

    def write(self, box: str, line: bytes) -> None:
        """Add one line."""
        data = box.encode() + b": " + line[:LONGEST_LINE] + b"\n"
        with self._path.open("ab") as file:
            file.write(data)
            is_full = file.tell() > CONSOLE_KEPT
        if is_full:
            os.replace(self._path, self._path.with_suffix(".old"))


class Console:
    """One box's standard error: a pipe of its own."""

    def __init__(self, box: str, file: ConsoleFile):
        self.reader, self.writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._box = box
        self._file = file
        self._partial = b""

    def read(self) -> bool:
        """Take what is there; False once the box is gone."""
        try:
            data = os.read(self.reader, 65536)
        except BlockingIOError:
            return True
        *lines, rest = (self._partial + data).split(b"\n")
        self._partial = rest[:LONGEST_LINE]
        if not data and rest:
            lines, self._partial = [rest], b""
        for line in lines:
            self._file.write(self._box, line)
        return bool(data)


class TraceLine:
    """One ring's end of the trace: a line that names another ring is dropped."""

    def __init__(self, ring: str, ends: tuple[int, int], tell: Callable[[str], None]):
        self.reader, self.writer = ends
        self._ring = ring
        self._tell = tell
        for end in ends:  # a trace never stops the device, nor does a ring stop the one who reads it
            os.set_blocking(end, False)

    def read(self) -> bool:
        """Take what is there, within reason; False once the ring is gone."""
        for _ in range(MESSAGES_AT_ONCE):
            try:
                data = os.read(self.reader, LONGEST_LINE)
            except BlockingIOError:
                return True
            if not data:
                return False
            line = data.decode(errors="replace").replace("\n", " ")
            if line.split(" ", 2)[1:2] == [self._ring]:
                self._tell(line)
        return True
