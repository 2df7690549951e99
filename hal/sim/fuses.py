"""Fuses: rows of bits that can be blown once, and never come back.

Cells hold every row and then one byte a row, not zero if the row is locked for writing. That lock is
itself a fuse. The lock for reading is a latch that a reset opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Invalid, Locked
from .power import PowerRail

if TYPE_CHECKING:
    import mmap

ZEROS, ONES, STALE = "zeros", "ones", "stale"  # what a glitched read returns


class Fuses:
    """One-time bits. Satisfies `hal.interface.Fuses`.

    `cells` is a bytearray or memory map of `cells_size(rows, row_bytes)` bytes, all zero when new.
    """

    def __init__(
        self, rows: int = 64, row_bytes: int = 32, rail: PowerRail | None = None,
        cells: bytearray | mmap.mmap | None = None,
    ) -> None:  # fmt: skip
        self.rows = rows
        self.row_bytes = row_bytes
        self.rail = rail or PowerRail()
        self._cells: bytearray | mmap.mmap = cells if cells is not None else bytearray(cells_size(rows, row_bytes))
        if len(self._cells) != cells_size(rows, row_bytes):
            raise Invalid("fuse cells of " + str(len(self._cells)) + " bytes")
        self._hidden: set[int] = set()
        self._before: dict[int, bytes] = {}  # row: what it held before its last blow
        self._glitches: dict[int, list[str]] = {}

    def read(self, row: int) -> bytes:
        """The bytes of `row`. Raises Invalid, or Locked while the row is locked for reading."""
        self._check(row)
        self.rail.require()
        if row in self._hidden:
            raise Locked("fuse row " + str(row) + " is hidden", "hal", "fuse.read_lock",
                         "read lock of row " + str(row), "reset the chip")  # fmt: skip
        value = self._value(row)
        return self._glitched(row, value) if self._glitches else value

    def blow(self, row: int, bits: bytes) -> None:
        """Set the bits set in `bits` (row_bytes bytes), in one operation.

        Raises Invalid; Locked if the row is locked for writing. Cut, it has blown some of them.
        """
        self._check(row)
        if len(bits) != self.row_bytes:
            raise Invalid("a fuse row is " + str(self.row_bytes) + " bytes")
        if self._is_frozen(row):
            raise Locked("fuse row " + str(row) + " is frozen", "hal", "fuse.write_lock",
                         "write lock of row " + str(row), "nothing: it is for ever")  # fmt: skip
        tear = self.rail.begin("fuses", "blow", row, self.row_bytes)
        old = self._value(row)
        self._before[row] = old
        if tear is not None:
            bits = _both(bits, tear.read(len(bits)))
        start = row * self.row_bytes
        self._cells[start : start + self.row_bytes] = _either(old, bits)
        self.rail.require()

    def lock_read(self, row: int) -> None:
        """Hide `row` until the next reset."""
        self._check(row)
        self.rail.require()
        self._hidden.add(row)

    def lock_write(self, row: int) -> None:
        """Freeze `row` for ever, in one operation. Cut, it is frozen or not."""
        self._check(row)
        tear = self.rail.begin("fuses", "lock", row, 1)
        if tear is None or tear.below(2):
            at = self.rows * self.row_bytes + row
            self._cells[at : at + 1] = b"\x01"
        self.rail.require()

    def reset(self) -> None:
        """What a reset or a power cycle does: rows hidden until now can be read again."""
        self._hidden = set()
        self._before = {}

    def fail_after(self, operations: int) -> None:
        """Cut the power in these fuses' `operations`-th next blow or write lock."""
        self.rail.fail_after(operations, "fuses")

    def glitch_read(self, row: int, kind: str, times: int = 1) -> None:
        """Let the next `times` reads of `row` return ZEROS, ONES, or STALE: as before the last blow."""
        self._check(row)
        if kind not in (ZEROS, ONES, STALE):
            raise Invalid("no such fuse fault: " + kind)
        self._glitches.setdefault(row, []).extend([kind] * times)

    def snapshot(self) -> bytes:
        """All rows and write locks, for `restore`."""
        return bytes(self._cells[:])

    def restore(self, saved: bytes) -> None:
        """Put another device's fuses in. Only a test can: no attacker can unblow a fuse."""
        self._cells[:] = saved
        self.reset()

    def _check(self, row: int) -> None:
        if not 0 <= row < self.rows:
            raise Invalid("no fuse row " + str(row))

    def _value(self, row: int) -> bytes:
        return bytes(self._cells[row * self.row_bytes : (row + 1) * self.row_bytes])

    def _is_frozen(self, row: int) -> bool:
        return self._cells[self.rows * self.row_bytes + row] != 0

    def _glitched(self, row: int, value: bytes) -> bytes:
        kinds = self._glitches.get(row)
        if not kinds:
            return value
        kind = kinds.pop(0)
        if kind == STALE:
            return self._before.get(row, value)
        return (b"\x00" if kind == ZEROS else b"\xff") * self.row_bytes


def cells_size(rows: int, row_bytes: int) -> int:
    """Bytes that the fuses are kept in: the rows, then one lock byte a row."""
    return rows * row_bytes + rows


def _either(left: bytes, right: bytes) -> bytes:
    return bytes([left[at] | right[at] for at in range(len(left))])


def _both(left: bytes, right: bytes) -> bytes:
    return bytes([left[at] & right[at] for at in range(len(left))])
