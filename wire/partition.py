"""Flash partitions and the locator table that says which image lies where.

Partition numbers are those of Azure Sphere's image manifests; PLUTON_STORAGE is ours (the real
home of Pluton's own records is not public). The locator table is kept twice. A writer replaces the
stale or older copy first, then the other, so a power cut leaves at least one whole copy; a reader
takes the valid copy with the highest sequence number. The table is not signed: every image it
points to is verified when used, so a forged table can only cost availability.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .call import Layout
from .fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Readable(Protocol):
        """Flash, as far as it is read here."""

        def read(self, offset: int, length: int) -> bytes: ...

FIRMWARE, BACKUPS, APPLICATIONS, LOG_STORAGE, NW_CONFIG = 1, 2, 4, 5, 6
BOOTLOADER_ONE, BOOTLOADER_ONE_BACKUP, LOCATOR_TABLE, LOCATOR_TABLE_BACKUP = 7, 8, 9, 10
TELEMETRY_STORAGE = 15
PLUTON_STORAGE = 0x3000

STAGED, INSTALLED, PREVIOUS = 1, 2, 3  # states of an image
PRIMARY, BACKUP = 0, 1  # replicas of an image

MAGIC = 0x434F4C41  # "ALOC"
FORMAT = 1
HEADER = Layout("magic:u32 format:u16 count:u16 sequence:u32")
ENTRY = Layout(
    "component:b16 image:b16 image_type:u16 state:u8=1..3 replica:u8<=1 "
    "offset:u32 length:u32 version:u32 trial:u8 confirmed:u8<=1 reserved:u16<=0"
)
DIGEST = 32
MOST_ENTRIES = 96


class Entry:
    """One image in flash: what it is, where it lies, and how far it has proved itself.

    `trial` counts boots begun on an image not yet confirmed; `confirmed` is 1 once it worked.
    `version` is the image's security version. Offsets are from the start of flash.
    """

    def __init__(
        self,
        component: bytes,
        image: bytes,
        image_type: int,
        state: int,
        replica: int,
        offset: int,
        length: int,
        version: int = 0,
        trial: int = 0,
        confirmed: int = 0,
    ) -> None:
        self.component = component
        self.image = image
        self.image_type = image_type
        self.state = state
        self.replica = replica
        self.offset = offset
        self.length = length
        self.version = version
        self.trial = trial
        self.confirmed = confirmed

    def pack(self) -> bytes:
        """The bytes of the entry. Raises Invalid if a value does not fit."""
        return ENTRY.pack(
            (self.component, self.image, self.image_type, self.state, self.replica, self.offset,
             self.length, self.version, self.trial, self.confirmed, 0)
        )  # fmt: skip

    def copy(self) -> Entry:
        """Another entry of the same values."""
        return Entry(*ENTRY.unpack(self.pack())[:-1])


def pack_table(sequence: int, entries: Sequence[Entry]) -> bytes:
    """The bytes of a locator table: header, entries, SHA-256 of both."""
    if len(entries) > MOST_ENTRIES:
        raise Invalid("more than " + str(MOST_ENTRIES) + " images")
    body = HEADER.pack((MAGIC, FORMAT, len(entries), sequence))
    body += b"".join([entry.pack() for entry in entries])
    return body + hashlib.sha256(body).digest()


def table_size(header: bytes) -> int:
    """Bytes of the whole table whose first HEADER.size bytes are `header`. Raises Invalid."""
    magic, version, count, _ = HEADER.unpack(header)
    if magic != MAGIC or version != FORMAT or count > MOST_ENTRIES:
        raise Invalid("not a locator table")
    return int(HEADER.size + count * ENTRY.size + DIGEST)


def unpack_table(data: bytes) -> tuple[int, list[Entry]]:
    """(sequence, entries) of the whole table `data`. Raises Invalid if any byte of it is wrong."""
    if len(data) < HEADER.size or len(data) != table_size(data[: HEADER.size]):
        raise Invalid("a locator table of the wrong length")
    body = data[:-DIGEST]
    if hashlib.sha256(body).digest() != bytes(data[-DIGEST:]):
        raise Invalid("a damaged locator table")
    sequence = HEADER.unpack(body[: HEADER.size])[3]
    entries = []
    for at in range(HEADER.size, len(body), ENTRY.size):
        entries.append(Entry(*ENTRY.unpack(body[at : at + ENTRY.size])[:-1]))
    return sequence, entries


def read_tables(flash: Readable, layout: dict[int, tuple[int, int]]) -> list[tuple[int, list[Entry], int]]:
    """The valid copies as a list of (sequence, entries, partition), best first; may be empty.

    `layout` maps a partition number to (offset, size).
    """
    found: list[tuple[int, list[Entry], int]] = []
    for partition in (LOCATOR_TABLE, LOCATOR_TABLE_BACKUP):
        offset, size = layout[partition]
        try:
            length = table_size(flash.read(offset, HEADER.size))
            if length > size:
                continue
            sequence, entries = unpack_table(flash.read(offset, length))
        except Invalid:
            continue
        found.append((sequence, entries, partition))
    found.sort(key=lambda item: (-item[0], item[2]))
    return found
