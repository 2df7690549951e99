"""Flash: serial NOR as it behaves, power cuts, wear and bit errors included.

Erasing sets a whole sector to ones; programming only clears bits, a page at a time. An operation
cut by a power loss leaves a mixture that the rail's seed decides. Times and commands are those of
no particular part; geometry is given by the board.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Failed, Invalid
from .power import PowerRail, Tear

if TYPE_CHECKING:
    from typing import Any, Protocol

    class Cells(Protocol):
        """Where the bits are kept: in memory or in a file. Callers have checked every bound."""

        def read(self, offset: int, length: int) -> bytes: ...

        def write(self, offset: int, data: bytes) -> None: ...

        def snapshot(self) -> Any: ...

        def restore(self, saved: Any) -> None: ...


class MemoryCells:
    """Cells in memory, one immutable `bytes` a sector, so a blank or copied device costs little.

    Sectors never written share one object, and a snapshot is a copy of the list.
    """

    def __init__(self, size: int, sector: int) -> None:
        self._sector = sector
        self._sectors = [b"\xff" * sector] * (size // sector)

    def read(self, offset: int, length: int) -> bytes:
        first, at = divmod(offset, self._sector)
        if not length:
            return b""  # also where the flash ends, and no sector begins
        if at + length <= self._sector:
            return self._sectors[first][at : at + length]
        last, end = divmod(offset + length - 1, self._sector)
        parts = self._sectors[first : last + 1]
        parts[0], parts[-1] = parts[0][at:], parts[-1][: end + 1]
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        """Replace what is at `offset`; `data` lies in one sector."""
        index, at = divmod(offset, self._sector)
        old = self._sectors[index]
        self._sectors[index] = old[:at] + bytes(data) + old[at + len(data) :]

    def snapshot(self) -> list[bytes]:
        return list(self._sectors)

    def restore(self, saved: list[bytes]) -> None:
        self._sectors = list(saved)


class Flash:
    """The flash of the device. Satisfies `hal.interface.Flash`; sizes in bytes, size <= 2**32."""

    def __init__(
        self, size: int, sector: int, page: int,
        rail: PowerRail | None = None, cells: Cells | None = None,
    ) -> None:  # fmt: skip
        if page < 1 or sector % page or size % sector or not size:
            raise Invalid("pages must fill sectors, and sectors the flash")
        self.size = size
        self.sector = sector
        self.page = page
        self.rail = rail or PowerRail()
        self.wear: dict[int, int] = {}  # sector number: times erased
        self._cells: Cells = cells or MemoryCells(size, sector)
        self._glitches: list[list[int]] = []  # [offset, bit, reads still to pass]

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`. Raises Invalid out of bounds."""
        self.check(offset, length)
        self.rail.require()
        data = self._cells.read(offset, length)
        return self._glitched(offset, data) if self._glitches else data

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are zero in `data`, one page operation at a time.

        Raises Invalid out of bounds; Failed, before any effect, if a zero would have to become one.
        """
        self.check(offset, len(data))
        self.rail.require()
        data = bytes(data)
        self._refuse_setting(offset, data)
        at = 0
        while at < len(data):
            length = min(self.page - (offset + at) % self.page, len(data) - at)
            self._program_page(offset + at, data[at : at + length])
            at += length

    def erase(self, offset: int) -> None:
        """Set the sector that begins at `offset` to ones. Raises Invalid if none begins there."""
        if offset % self.sector:
            raise Invalid("no sector begins at " + hex(offset))
        self.check(offset, self.sector)
        tear = self.rail.begin("flash", "erase", offset, self.sector)
        number = offset // self.sector
        self.wear[number] = self.wear.get(number, 0) + 1
        if tear is None:
            self._cells.write(offset, b"\xff" * self.sector)
            return
        self._cells.write(offset, torn_erase(tear, self._cells.read(offset, self.sector)))
        self.rail.require()

    def check(self, offset: int, length: int) -> None:
        """Raise Invalid unless `length` bytes at `offset` are all in the flash."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Invalid("flash ends at " + hex(self.size) + ", asked for " + hex(offset) + "+" + str(length))

    def fail_after(self, operations: int) -> None:
        """Cut the power in this flash's `operations`-th next page program or sector erase."""
        self.rail.fail_after(operations, "flash")

    def probe(self, offset: int, length: int) -> bytes:
        """What a programmer clipped to the chip reads: it brings its own power."""
        self.check(offset, length)
        return bytes(self._cells.read(offset, length))

    def flip_bit(self, offset: int, bit: int) -> None:
        """Change one stored bit (0..7), as radiation or wear would. No operation is counted."""
        self.check(offset, 1)
        self._cells.write(offset, bytes((self._cells.read(offset, 1)[0] ^ (1 << bit),)))

    def glitch_read(self, offset: int, bit: int, after: int = 0) -> None:
        """Let one read see a bit changed: the one after `after` other reads of that byte."""
        self.check(offset, 1)
        self._glitches.append([offset, bit, after])

    def snapshot(self) -> tuple[Any, dict[int, int]]:
        """What is stored, for `restore`. Cheap in memory."""
        return self._cells.snapshot(), dict(self.wear)

    def restore(self, saved: tuple[Any, dict[int, int]]) -> None:
        """Go back to a snapshot, as an attacker with a programmer could."""
        self._cells.restore(saved[0])
        self.wear = dict(saved[1])

    def _program_page(self, offset: int, data: bytes) -> None:
        tear = self.rail.begin("flash", "program", offset, len(data))
        if tear is None:
            self._cells.write(offset, data)
            return
        self._cells.write(offset, torn_program(tear, self._cells.read(offset, len(data)), data))
        self.rail.require()

    def _refuse_setting(self, offset: int, data: bytes) -> None:
        old = self._cells.read(offset, len(data))
        new = int.from_bytes(data, "little")
        if new & int.from_bytes(old, "little") == new:
            return
        for at in range(len(data)):
            if data[at] & ~old[at]:
                raise Failed("a zero bit would have to become one at " + hex(offset + at), "hal", "flash.program",
                             "NOR flash only clears bits", "erase the sector first")  # fmt: skip

    def _glitched(self, offset: int, data: bytes) -> bytes:
        seen = bytearray(data)
        for glitch in list(self._glitches):
            at = glitch[0] - offset
            if not 0 <= at < len(seen):
                continue
            if glitch[2]:
                glitch[2] -= 1
                continue
            seen[at] ^= 1 << glitch[1]
            self._glitches.remove(glitch)
        return bytes(seen)


def torn_program(tear: Tear, old: bytes, new: bytes) -> bytes:
    """A prefix programmed, one byte in part, the rest as it was; all or nothing may also happen."""
    done = tear.below(len(new) + 1)
    if done == len(new):
        return new
    return new[:done] + bytes((old[done] & (new[done] | tear.read(1)[0]),)) + old[done + 1 :]


def torn_erase(tear: Tear, old: bytes) -> bytes:
    """A prefix erased, a stretch of which only some bits came up, the rest as it was."""
    erased = tear.below(len(old) + 1)
    weak = tear.below(len(old) - erased + 1)
    noise = tear.read(weak)
    middle = bytes([old[erased + at] | noise[at] for at in range(weak)])
    return b"\xff" * erased + middle + old[erased + weak :]
