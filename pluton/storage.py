"""Storage: Pluton's own records, which flash keeps and fuses make current.

A record holds the security counters and the number of the client authentication key. It is written
whole, twice, into the slot that is not in use, under a number of its own, with an HMAC. What is
current is decided by two rows of fuses, a bit each for every update:

1. blow "begun" for the next number; 2. write the record with that number; 3. blow "finished".

Only the record of the last finished update counts. A record that was begun last and never finished
is finished when it is found whole, before anything is done with it; one that is not found whole is
dead as soon as another update begins. So a power cut leaves the old or the new record, and flash
put back to an earlier state, with whatever was once in it, is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire.call import Layout
from ..wire.fault import Failed, Full, Rollback
from . import fusemap

if TYPE_CHECKING:
    from ..hal.interface import Flash, Fuses

MAGIC = 0x54535250  # "PRST"
FORMAT = 1
HEADER = Layout("magic:u32 format:u16 count:u16 number:u32 client:u32")
ENTRY = Layout("component:b16 version:u32")
MOST_COMPONENTS = 96
MAC = 32
SIZE = HEADER.size + MOST_COMPONENTS * ENTRY.size + MAC
SLOTS, COPIES = 2, 2


class Storage:
    """The records in one partition (offset, size), authenticated with a 32-byte key.

    Raises Failed on opening if flash does not hold the record that the fuses call current.
    """

    def __init__(self, flash: Flash, fuses: Fuses, place: tuple[int, int], key: bytes) -> None:
        self._flash = flash
        self._fuses = fuses
        self._offset, size = place
        self._key = key
        if SIZE > flash.sector or size < SLOTS * COPIES * flash.sector:
            raise Failed("Pluton's storage partition is too small", "pluton", "storage.layout")
        self._counters: dict[bytes, int] = {}
        self._client = 0
        self._slot = 0
        self._open()

    def counter(self, component: bytes) -> int:
        """The lowest version allowed for `component` (16 bytes); 0 if never set."""
        return self._counters.get(component, 0)

    @property
    def client(self) -> int:
        """The number of the client authentication key in use; 0 before the first."""
        return self._client

    def advance(self, component: bytes, version: int) -> None:
        """Move a counter forward. Raises Rollback if it would go back, Full if there is no room."""
        now = self.counter(component)
        if version < now:
            raise Rollback(
                "the counter is at " + str(now) + ", not to go back to " + str(version), "pluton",
                "storage.counter", "counter " + str(now), "nothing: counters only go forward",
            )  # fmt: skip
        if version == now:
            return
        counters = dict(self._counters)
        counters[component] = version
        if len(counters) > MOST_COMPONENTS:
            raise Full("counters for " + str(MOST_COMPONENTS) + " components are kept", "pluton", "storage.counter")
        self._update(counters, self._client)

    def use_client(self, number: int) -> None:
        """Make client authentication key `number` the one in use. Raises Full."""
        self._update(dict(self._counters), number)

    def _open(self) -> None:
        begun = fusemap.read_begun(self._fuses)
        finished = fusemap.read_finished(self._fuses, begun)
        if begun > finished and self._take(begun):
            fusemap.mark_finished(self._fuses, begun)
        elif finished and not self._take(finished):
            raise Failed(
                "record " + str(finished) + " is not in Pluton's storage: it was put back, or is damaged",
                "pluton", "storage.replayed", "fuse rows 16-47: update " + str(finished), "nothing: the counters are lost",
            )  # fmt: skip

    def _take(self, number: int) -> bool:
        """Adopt record `number` if one of its copies is whole."""
        for place in range(SLOTS * COPIES):
            body = self._read(place)
            if body is not None and HEADER.unpack(body[: HEADER.size])[3] == number:
                self._adopt(body)
                self._slot = place // COPIES
                return True
        return False

    def _read(self, place: int) -> bytes | None:
        """The authentic record at a place, less its MAC, or None."""
        record = bytes(self._flash.read(self._offset + place * self._flash.sector, SIZE))
        body, mac = record[:-MAC], record[-MAC:]
        expected = native.hmac_sha256(self._key, body)
        if native.decision_equal(mac, expected) != native.ACCEPT or mac != expected:
            return None
        return body

    def _adopt(self, body: bytes) -> None:
        _, _, count, _, self._client = HEADER.unpack(body[: HEADER.size])
        self._counters = {}
        for index in range(count):
            at = HEADER.size + index * ENTRY.size
            component, version = ENTRY.unpack(body[at : at + ENTRY.size])
            self._counters[component] = version

    def _update(self, counters: dict[bytes, int], client: int) -> None:
        number = fusemap.read_begun(self._fuses) + 1
        fusemap.mark_begun(self._fuses, number)
        record = self._pack(number, counters, client)
        slot = 1 - self._slot
        for copy in range(COPIES):
            self._write(slot * COPIES + copy, record)
        fusemap.mark_finished(self._fuses, number)
        self._counters, self._client, self._slot = counters, client, slot

    def _write(self, place: int, record: bytes) -> None:
        offset = self._offset + place * self._flash.sector
        self._flash.erase(offset)
        self._flash.program(offset, record)
        if bytes(self._flash.read(offset, SIZE)) != record:
            raise Failed("flash did not keep a record of Pluton's", "pluton", "storage.write", "flash at " + hex(offset))

    def _pack(self, number: int, counters: dict[bytes, int], client: int) -> bytes:
        body = bytearray(HEADER.pack((MAGIC, FORMAT, len(counters), number, client)))
        for component in sorted(counters):
            body.extend(ENTRY.pack((component, counters[component])))
        body.extend(bytes(SIZE - MAC - len(body)))
        return bytes(body) + native.hmac_sha256(self._key, bytes(body))
