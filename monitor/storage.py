"""Mutable storage: one file per component, replaced in one step.

An index sector says where each file lies and what its SHA-256 is. Index sectors form a ring, so
writing the next one is the commit point and wear is spread. A new content is written beside the old
one; the old one's sectors are erased after the commit, and any sector again before it is reused.
The kernel encrypts what it stores; the digest here finds decay, it does not stop a forger.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..wire.call import Layout
from ..wire.fault import Busy, Failed, Full, Invalid, NotFound
from ..wire.partition import NW_CONFIG
from .space import erase, first_fit, is_inside, write

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from .hardware import Layout as FlashLayout

MOST_FILES = 32
MOST_BYTES = 64 * 1024 + 4096  # a full file and the kernel's sealing overhead
INDEX_SECTORS = 8

MAGIC = 0x58444E49  # "INDX"
FORMAT = 1
HEADER = Layout("magic:u32 format:u16 count:u16 sequence:u32 doomed_offset:u32 doomed_length:u32")
FILE = Layout("component:b16 offset:u32 length:u32 digest:b32")
DIGEST = 32


class Storage:
    """The files in NW_CONFIG. One content is being written at a time; one is cached for reading."""

    def __init__(self, flash: Flash, layout: FlashLayout) -> None:
        self._flash = flash
        start, size = layout[NW_CONFIG]
        self._start = start
        room = INDEX_SECTORS * flash.sector
        self._region = (start + room, size - room)
        self._files: dict[bytes, tuple[int, int, bytes]] = {}
        self._sequence = 0
        self._slot = INDEX_SECTORS - 1
        self._writing = b""  # the component whose new content is under way
        self._new = bytearray()
        self._cached = b""
        self._cache = b""

    def open(self) -> None:
        """Read the newest whole index and finish the erasing that a power cut may have stopped."""
        doomed, size = (0, 0), self._flash.sector
        whole = self._flash.read(self._start, INDEX_SECTORS * size)
        for slot in range(INDEX_SECTORS):
            found = self._read_index(whole[slot * size : (slot + 1) * size])
            if found is not None and found[0] > self._sequence:
                self._sequence, self._files, doomed = found
                self._slot = slot
        self._erase_doomed(doomed)

    def read(self, component: bytes, offset: int, length: int) -> tuple[int, bytes]:
        """(size of the file, at most `length` bytes from `offset`). Raises NotFound, Failed if decayed."""
        data = self._load(component)
        return len(data), data[offset : offset + length]

    def write(self, component: bytes, data: bytes, last: int) -> None:
        """Take the next part of a new content; with `last` it replaces the old one in one step.

        An empty part that is not the last discards the parts before it. Raises Busy while another
        component's content is under way, Full; a refused content is discarded whole.
        """
        if self._writing not in (b"", component):
            raise Busy("another file is being written", "monitor", "storage.one",
                       "component " + self._writing.hex(), "write its last part, or an empty one")  # fmt: skip
        if not data and not last:
            self._forget()
            return
        self._writing = component
        self._new.extend(data)
        try:
            self._check_quota(component)
            if last:
                self._replace(component, bytes(self._new))
        except (Full, Failed):
            self._forget()
            raise
        if last:
            self._forget()

    def delete(self, component: bytes) -> None:
        """Remove a file and erase its bytes. Raises NotFound."""
        if self._writing == component:
            self._forget()
        if component not in self._files:
            raise NotFound("no file of component " + component.hex())
        files = dict(self._files)
        offset, length, _ = files.pop(component)
        self._commit(files, (offset, length))

    def _check_quota(self, component: bytes) -> None:
        if len(self._new) > MOST_BYTES:
            raise Full("a file of more than " + str(MOST_BYTES) + " bytes", "monitor", "storage.size")
        if component not in self._files and len(self._files) >= MOST_FILES:
            raise Full("too many files", "monitor", "storage.files", "at most " + str(MOST_FILES), "delete one")

    def _forget(self) -> None:
        self._writing = b""
        self._new = bytearray()

    def _replace(self, component: bytes, data: bytes) -> None:
        taken = [(offset, length) for offset, length, _ in self._files.values()]
        at = first_fit(self._region, taken, len(data), self._flash.sector)
        write(self._flash, at, data)
        files = dict(self._files)
        offset, length, _ = files.get(component, (0, 0, b""))
        files[component] = (at, len(data), hashlib.sha256(data).digest())
        self._commit(files, (offset, length))

    def _commit(self, files: dict[bytes, tuple[int, int, bytes]], doomed: tuple[int, int]) -> None:
        """Write the next index: from here on `files` is the truth; then erase what it gave up."""
        slot = (self._slot + 1) % INDEX_SECTORS
        write(self._flash, self._start + slot * self._flash.sector, _pack(self._sequence + 1, files, doomed))
        self._slot, self._sequence, self._files = slot, self._sequence + 1, files
        self._cached, self._cache = b"", b""
        self._erase_doomed(doomed)

    def _erase_doomed(self, doomed: tuple[int, int]) -> None:
        offset, length = doomed
        if not length or not is_inside(self._region, offset, length):
            return
        if self._flash.read(offset, length) != b"\xff" * length:
            erase(self._flash, offset, length)

    def _load(self, component: bytes) -> bytes:
        """Our own checked copy of a file, kept until another is read."""
        if component not in self._files:
            raise NotFound("no file of component " + component.hex())
        if self._cached != component:
            offset, length, digest = self._files[component]
            data = self._flash.read(offset, length) if length else b""
            if hashlib.sha256(data).digest() != digest:
                raise Failed("the file has decayed", "monitor", "storage.digest", remedy="delete or replace it")
            self._cached, self._cache = component, data
        return self._cache

    def _read_index(self, data: bytes) -> tuple[int, dict[bytes, tuple[int, int, bytes]], tuple[int, int]] | None:
        try:
            return _unpack(data, self._region, self._flash.sector)
        except Invalid:
            return None


def _pack(sequence: int, files: dict[bytes, tuple[int, int, bytes]], doomed: tuple[int, int]) -> bytes:
    """An index: header, files in order of component, SHA-256 of both."""
    body = HEADER.pack((MAGIC, FORMAT, len(files), sequence, doomed[0], doomed[1]))
    for component in sorted(files):
        offset, length, digest = files[component]
        body += FILE.pack((component, offset, length, digest))
    return body + hashlib.sha256(body).digest()


def _unpack(
    sector: bytes, region: tuple[int, int], unit: int,
) -> tuple[int, dict[bytes, tuple[int, int, bytes]], tuple[int, int]]:  # fmt: skip
    """(sequence, files, doomed extent) of the index at the start of `sector`. Raises Invalid."""
    magic, form, count, sequence, doomed_offset, doomed_length = HEADER.unpack(sector[: HEADER.size])
    end = HEADER.size + count * FILE.size
    if magic != MAGIC or form != FORMAT or count > MOST_FILES or end + DIGEST > len(sector):
        raise Invalid("not an index")
    if hashlib.sha256(sector[:end]).digest() != sector[end : end + DIGEST]:
        raise Invalid("a damaged index")
    files = {}
    for at in range(HEADER.size, end, FILE.size):
        component, offset, length, digest = FILE.unpack(sector[at : at + FILE.size])
        if length > MOST_BYTES or (offset - region[0]) % unit or not is_inside(region, offset, length):
            raise Invalid("an index that points elsewhere")
        files[component] = (offset, length, digest)
    if (doomed_offset - region[0]) % unit and doomed_length:
        raise Invalid("an index that points elsewhere")
    return sequence, files, (doomed_offset, doomed_length)
