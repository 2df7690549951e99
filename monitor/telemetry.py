"""Telemetry: events that wait to be reported, kept over a reset, and a power cut at any moment.

An event is opaque bytes under a number that only grows. It lies in the records of a `ring` as parts, which a
CRC-32 each protects; one that is not whole is none. That events up to a number are done with is a record too.
When the ring is full the oldest sector goes, and what began in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.call import Layout
from ..wire.fault import Full, Invalid
from ..wire.partition import TELEMETRY_STORAGE
from .ring import FIRST, STEP, Ring, crc, used
from .space import round_up

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from .hardware import Layout as FlashLayout

MAGIC = 0x4C455441  # "ATEL"
RECORD = Layout("number:u32 length:u16 part:u8 parts:u8 check:u32")  # no parts: all up to `number` are done with
MOST_PART = 1000  # bytes
MOST_EVENT = 10_000


class Event:
    """An event in flash: where its parts lie, as (offset of the data, length)."""

    def __init__(self, number: int, parts: int) -> None:
        self.number = number
        self.parts = parts
        self.places: list[tuple[int, int]] = []

    @property
    def is_whole(self) -> bool:
        """Whether every part of it was found."""
        return len(self.places) == self.parts

    @property
    def size(self) -> int:
        """Bytes."""
        return sum([length for _, length in self.places])


class Telemetry:
    """The events in TELEMETRY_STORAGE. They are read when the first call comes: a boot waits for nobody's."""

    def __init__(self, flash: Flash, layout: FlashLayout) -> None:
        self._flash = flash
        self._region = layout[TELEMETRY_STORAGE]
        self._ring = Ring(flash, self._region, MAGIC)
        self._events: list[Event] = []  # oldest first
        self._number = 0  # the last that was given
        self._done = 0
        self._new = bytearray()  # of an event that is being handed over
        self._is_open = False

    def record(self, data: bytes, last: int) -> int:
        """Take the next part of an event; with `last` it is kept whole, and its number returned, else 0.

        An empty part that is not the last discards those before it. Raises Full, and discards them too.
        """
        if not data and not last:
            self._new = bytearray()
            return 0
        self._new.extend(data)
        most = min(MOST_EVENT, (self._ring.count - 1) * self._flash.sector // 2)
        if len(self._new) > most:
            self._new = bytearray()
            raise Full("an event of more than " + str(most) + " bytes", "monitor", "telemetry.size")
        if not last:
            return 0
        whole, self._new = bytes(self._new), bytearray()
        return self._keep(whole)

    def get(self, after: int, offset: int, most: int = 3900) -> tuple[int, int, bytes]:
        """(number, size, bytes from `offset` on) of the oldest event numbered above `after`; number 0 if there is none."""
        self._open()
        for event in self._events:
            if event.number > after:
                data = b"".join([self._flash.read(at, length) for at, length in event.places])
                return event.number, len(data), data[offset : offset + most]
        return 0, 0, b""

    def forget(self, number: int) -> None:
        """All events up to `number` are done with. Raises Invalid for one that was never given."""
        self._open()
        if number > self._number:
            raise Invalid("event " + str(number) + " of " + str(self._number))
        if number <= self._done or not self._events or self._events[0].number > number:
            return
        self._append(number, 0, 0, b"")
        self._set_done(number)

    def _keep(self, data: bytes) -> int:
        self._open()
        self._number += 1
        parts = max(1, (len(data) + MOST_PART - 1) // MOST_PART)
        event = Event(self._number, parts)
        for part in range(parts):
            body = data[part * MOST_PART : (part + 1) * MOST_PART]
            at = self._append(event.number, part, parts, body)
            event.places.append((at + RECORD.size, len(body)))
        self._events.append(event)
        return event.number

    def _append(self, number: int, part: int, parts: int, body: bytes) -> int:
        if not self._ring.fits(RECORD.size + len(body)):
            self._lose(self._ring.following)
            self._ring.begin()
        head = RECORD.pack((number, len(body), part, parts, 0))[:-4]
        return self._ring.append(head + crc(self._ring.sequence, head + body).to_bytes(4, "little") + body)

    def _lose(self, sector: int) -> None:
        """The sector is about to be erased: what has a part in it is no more."""
        start = self._ring.address(sector)
        self._events = [
            event for event in self._events
            if not [1 for at, _ in event.places if start <= at < start + self._flash.sector]
        ]  # fmt: skip

    def _set_done(self, number: int) -> None:
        self._done = max(self._done, number)
        self._events = [event for event in self._events if event.number > self._done]

    # -- what is there after a start ----------------------------------------------------------------------

    def _open(self) -> None:
        if self._is_open:
            return
        self._events, self._number, self._done = [], 0, 0
        for sector, sequence, data in self._ring.open():
            self._ring.resume(sector, sequence, self._scan(sector, sequence, data))
        self._events = [event for event in self._events if event.is_whole]
        self._set_done(self._done)
        self._is_open = True

    def _scan(self, sector: int, sequence: int, data: bytes) -> int:
        """Take up the records of a sector; returns where the next may go."""
        at, end = FIRST, used(data)
        while at < end:
            found = _record(data, at, sequence)
            if found is None:
                at += STEP
                continue
            number, length, part, parts = found
            self._take(number, part, parts, (self._ring.address(sector) + at + RECORD.size, length))
            at = round_up(at + RECORD.size + length, STEP)
        return at

    def _take(self, number: int, part: int, parts: int, place: tuple[int, int]) -> None:
        self._number = max(self._number, number)
        if not parts:
            self._done = max(self._done, number)
            return
        if part == 0:
            self._events.append(Event(number, parts))
        event = self._events[-1] if self._events else Event(0, 0)
        if (event.number, event.parts, len(event.places)) == (number, parts, part):
            event.places.append(place)


def _record(data: bytes, at: int, sequence: int) -> tuple[int, int, int, int] | None:
    """(number, length, part, parts) of the record at `at`, or None if there is no whole one."""
    if at + RECORD.size > len(data):
        return None
    number, length, part, parts, check = RECORD.unpack(data[at : at + RECORD.size])
    end = at + RECORD.size + length
    if end > len(data) or length > MOST_PART or not number:
        return None
    if check != crc(sequence, data[at : at + RECORD.size - 4] + data[at + RECORD.size : end]):
        return None
    return number, length, part, parts
