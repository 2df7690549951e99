"""A ring of flash sectors that are filled one after the other: what log and telemetry are made of.

A sector begins with a header (magic, sequence, CRC-32). Records follow at multiples of STEP; what a record
is its owner knows. Erasing a sector and writing its header anew is the only way back to the beginning, so a
power cut costs the record that was being written, or the oldest sector, which was to go.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from ..wire.call import Layout
from .space import round_up

if TYPE_CHECKING:
    from ..hal.interface import Flash

HEAD = Layout("magic:u32 sequence:u32 check:u32")
STEP = 8  # bytes
FIRST = (HEAD.size + STEP - 1) // STEP * STEP  # where the first record may begin


class Ring:
    """The sectors of `region`, an (offset, size). `magic` says whose they are."""

    def __init__(self, flash: Flash, region: tuple[int, int], magic: int) -> None:
        self._flash = flash
        self._start, size = region
        self.count = size // flash.sector
        self._magic = magic
        self.sequence = 0
        self._sector = self.count - 1  # the one being filled
        self._at = flash.sector  # where its next record goes; nothing fits until a sector is begun

    def open(self) -> list[tuple[int, int, bytes]]:
        """(sector, its sequence, its bytes) of each that is ours, the oldest first. Flash is read in one go."""
        found, size = [], self._flash.sector
        whole = self._flash.read(self._start, self.count * size)
        for sector in range(self.count):
            sequence = self._sequence(whole[sector * size : sector * size + HEAD.size])
            if sequence:
                found.append((sequence, sector))
        found.sort()
        return [(sector, sequence, whole[sector * size : (sector + 1) * size]) for sequence, sector in found]

    def resume(self, sector: int, sequence: int, at: int) -> None:
        """Go on at offset `at` of `sector`, which is the newest."""
        self._sector, self.sequence, self._at = sector, sequence, at

    def fits(self, length: int) -> bool:
        """Whether a record of so many bytes fits into the sector that is being filled."""
        return self._at + length <= self._flash.sector

    @property
    def following(self) -> int:
        """The sector that `begin` erases: the oldest."""
        return (self._sector + 1) % self.count

    def begin(self) -> None:
        """Erase the oldest sector, and fill it from now on."""
        sector = self.following
        self._flash.erase(self.address(sector))
        self.sequence += 1
        check = crc(self.sequence, b"")
        self._flash.program(self.address(sector), HEAD.pack((self._magic, self.sequence, check)))
        self._sector, self._at = sector, FIRST

    def append(self, body: bytes) -> int:
        """Write a record, which fits; returns its offset in flash."""
        at, self._at = self._at, round_up(self._at + len(body), STEP)  # even if programming fails
        self._flash.program(self.address(self._sector) + at, body)
        return self.address(self._sector) + at

    def address(self, sector: int) -> int:
        """Offset of `sector` in flash."""
        return self._start + sector * self._flash.sector

    def _sequence(self, data: bytes) -> int:
        """The sequence number in a sector's header, or 0 if it is not one of ours."""
        magic, sequence, check = HEAD.unpack(data)
        return int(sequence) if magic == self._magic and check == crc(sequence, b"") else 0


def crc(sequence: int, data: bytes) -> int:
    """The check of what is in a sector: no record can be taken for one of another round."""
    return binascii.crc32(sequence.to_bytes(4, "little") + bytes(data)) & 0xFFFF_FFFF


def used(data: bytes) -> int:
    """Bytes of a sector up to the last that is not blank, rounded up to a STEP."""
    end = len(data)
    while end >= STEP and data[end - STEP : end] == b"\xff" * STEP:
        end -= STEP
    return round_up(end, STEP)
