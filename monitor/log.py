"""The device log: a ring of records in flash that survives a reset, and a power cut at any moment.

Each record lies at a multiple of STEP in a sector of a `ring`, with its length and a CRC-32 that also covers
the sector's sequence. A reader who finds no record at a step tries the next: a record torn by a power
cut costs itself only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.call import Layout
from ..wire.fault import Invalid
from ..wire.partition import LOG_STORAGE
from .ring import FIRST, STEP, Ring, crc, used
from .space import round_up

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from .hardware import Layout as FlashLayout

MAGIC = 0x474F4C41  # "ALOG"
RECORD = Layout("length:u16 check:u32")
MOST_RECORD = 1024  # bytes


class Log:
    """The log in LOG_STORAGE. Its bytes are those of all records, oldest first."""

    def __init__(self, flash: Flash, layout: FlashLayout) -> None:
        self._ring = Ring(flash, layout[LOG_STORAGE], MAGIC)
        self._kept: list[tuple[int, bytearray]] = []  # (sector, its records' bytes), oldest first

    def open(self) -> None:
        """Read what is there; a torn record is left out, and the next is written after it."""
        for sector, sequence, data in self._ring.open():
            records, end = _records(data, sequence)
            self._kept.append((sector, records))
            self._ring.resume(sector, sequence, end)

    def append(self, data: bytes) -> None:
        """Add one record of 1 to 1024 bytes; the oldest sector goes when the ring is full."""
        if not 1 <= len(data) <= MOST_RECORD:
            raise Invalid("a log record of " + str(len(data)) + " bytes")
        if not self._ring.fits(RECORD.size + len(data)):
            sector = self._ring.following
            self._kept = [kept for kept in self._kept if kept[0] != sector]
            self._ring.begin()
            self._kept.append((sector, bytearray()))
        self._ring.append(RECORD.pack((len(data), crc(self._ring.sequence, data))) + bytes(data))
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


def _records(data: bytes, sequence: int) -> tuple[bytearray, int]:
    """(the bytes of all whole records, where the next may go) of a sector."""
    out, at, end = bytearray(), FIRST, used(data)
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
    is_whole = 1 <= length <= MOST_RECORD and len(body) == length and check == crc(sequence, body)
    return body if is_whole else b""
