"""The device log: a ring of records in flash that survives a reset, and a power cut at any moment.

A sector begins with a header (magic, sequence, CRC-32); records follow, each at a multiple of STEP
with its length and a CRC-32 that also covers the sector's sequence, so a record cannot be taken for
one of another round. A reader who finds no record at a step tries the next: a record torn by a power
cut costs itself only.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from ..wire.call import Layout
from ..wire.fault import Invalid
from ..wire.partition import LOG_STORAGE
from .space import round_up

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from .hardware import Layout as FlashLayout

MAGIC = 0x474F4C41  # "ALOG"
HEAD = Layout("magic:u32 sequence:u32 check:u32")
RECORD = Layout("length:u16 check:u32")
MOST_RECORD = 1024  # bytes
STEP = 8  # bytes


class Log:
    """The log in LOG_STORAGE. Its bytes are those of all records, oldest first."""

    def __init__(self, flash: Flash, layout: FlashLayout) -> None:
        self._flash = flash
        self._start, size = layout[LOG_STORAGE]
        self._count = size // flash.sector
        self._kept: list[tuple[int, bytearray]] = []  # (sector, its records' bytes), oldest first
        self._sequence = 0
        self._sector = self._count - 1  # the one being filled
        self._at = flash.sector  # where its next record goes; nothing fits until a sector is begun

    def open(self) -> None:
        """Read what is there; a torn record is left out, and the next is written after it."""
        found = []
        for sector in range(self._count):
            data = self._flash.read(self._address(sector), self._flash.sector)
            sequence = _sequence(data)
            if sequence:
                found.append((sequence, sector, data))
        found.sort()
        for sequence, sector, data in found:
            records, end = _records(data, sequence)
            self._kept.append((sector, records))
            self._sequence, self._sector, self._at = sequence, sector, end

    def append(self, data: bytes) -> None:
        """Add one record of 1 to 1024 bytes; the oldest sector goes when the ring is full."""
        if not 1 <= len(data) <= MOST_RECORD:
            raise Invalid("a log record of " + str(len(data)) + " bytes")
        if self._at + RECORD.size + len(data) > self._flash.sector:
            self._begin_sector()
        body = RECORD.pack((len(data), _check(self._sequence, data))) + bytes(data)
        at, self._at = self._at, round_up(self._at + len(body), STEP)  # even if programming fails
        self._flash.program(self._address(self._sector) + at, body)
        self._kept[-1][1].extend(data)

    def size(self) -> int:
        """Bytes in the log."""
        return sum([len(records) for _, records in self._kept])

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end."""
        out = bytearray()
        for _, records in self._kept:
            if offset < len(records) and len(out) < length:
                out.extend(records[offset : offset + length - len(out)])
            offset = max(0, offset - len(records))
        return bytes(out)

    def _begin_sector(self) -> None:
        sector = (self._sector + 1) % self._count
        self._kept = [kept for kept in self._kept if kept[0] != sector]
        self._flash.erase(self._address(sector))
        self._sequence += 1
        check = _check(self._sequence, b"")
        self._flash.program(self._address(sector), HEAD.pack((MAGIC, self._sequence, check)))
        self._sector, self._at = sector, round_up(HEAD.size, STEP)
        self._kept.append((sector, bytearray()))

    def _address(self, sector: int) -> int:
        return self._start + sector * self._flash.sector


def _check(sequence: int, data: bytes) -> int:
    return binascii.crc32(sequence.to_bytes(4, "little") + bytes(data)) & 0xFFFF_FFFF


def _sequence(data: bytes) -> int:
    """The sequence number of a sector, or 0 if it is not one of the log's."""
    magic, sequence, check = HEAD.unpack(data[: HEAD.size])
    return int(sequence) if magic == MAGIC and check == _check(sequence, b"") else 0


def _records(data: bytes, sequence: int) -> tuple[bytearray, int]:
    """(the bytes of all whole records, where the next may go) of a sector."""
    out, at, end = bytearray(), round_up(HEAD.size, STEP), round_up(_used(data), STEP)
    while at < end:
        body = _record(data, at, sequence)
        at = round_up(at + RECORD.size + len(body), STEP) if body else at + STEP
        out.extend(body)
    return out, at


def _record(data: bytes, at: int, sequence: int) -> bytes:
    """The record at `at`, or nothing if there is no whole one."""
    if at + RECORD.size > len(data):
        return b""
    length, check = RECORD.unpack(data[at : at + RECORD.size])
    body = data[at + RECORD.size : at + RECORD.size + length]
    is_whole = 1 <= length <= MOST_RECORD and len(body) == length and check == _check(sequence, body)
    return body if is_whole else b""


def _used(data: bytes) -> int:
    """Bytes of a sector up to the last that is not blank."""
    end = len(data)
    while end >= STEP and data[end - STEP : end] == b"\xff" * STEP:
        end -= STEP
    return end
