"""Flash space: where free room is, and how bytes get into it.

Room is counted in whole erase sectors. Free is what no table names: there is no free list that a
power cut could leave wrong, and a sector is erased just before it is written, never on trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.fault import Failed, Full

if TYPE_CHECKING:
    from ..hal.interface import Flash

    Extent = tuple[int, int]


def round_up(length: int, unit: int) -> int:
    """`length` rounded up to a whole multiple of `unit`."""
    return (length + unit - 1) // unit * unit


def is_inside(region: Extent, offset: int, length: int) -> bool:
    """Whether `length` bytes at `offset` lie wholly in `region`, an (offset, size)."""
    start, size = region
    return start <= offset and length <= size and offset - start <= size - length


def first_fit(region: Extent, taken: list[Extent], length: int, sector: int) -> int:
    """Offset of the first free room for `length` bytes in `region`. Raises Full.

    `taken` are (offset, length) in any order; those outside `region` do not matter.
    """
    start, size = region
    need = round_up(length, sector)
    at = start
    for offset, span in sorted([extent for extent in taken if start <= extent[0] < start + size]):
        if offset - at >= need:
            break
        at = max(at, start + round_up(offset + span - start, sector))
    if at + need > start + size:
        raise Full("no room for " + str(length) + " bytes", "monitor", "space.first_fit",
                   "partition of " + str(size) + " bytes", "remove an image or a file")  # fmt: skip
    return at


def erase(flash: Flash, offset: int, length: int) -> None:
    """Erase every sector that `length` bytes at `offset` touch; `offset` begins a sector."""
    for at in range(offset, offset + round_up(length, flash.sector), flash.sector):
        flash.erase(at)


def write(flash: Flash, offset: int, data: bytes) -> None:
    """Erase, program and read back `data` at `offset`. Raises Failed if the flash did not keep it."""
    erase(flash, offset, len(data))
    if data:
        flash.program(offset, data)
        if flash.read(offset, len(data)) != data:
            raise Failed("flash at " + hex(offset) + " did not keep what was written")
