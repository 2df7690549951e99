"""Held images: verified bytes kept in memory for as long as the kernel reads them.

An image is read from flash once, verified, and served from that copy: what is read is what was
verified, whatever happens to the flash in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.fault import Closed, Full, Invalid, NotFound
from .locator import find
from .policy import installable
from .verify import check_version, match, verify

if TYPE_CHECKING:
    from ..wire.partition import Entry
    from .store import Store
    from .verify import Verified

MOST_HANDLES = 8
MOST_BYTES = 2 * 1024 * 1024


def installed(store: Store, component: bytes) -> Entry:
    """The table's entry of the installed image of `component`. Raises NotFound."""
    entry = find(store.entries, component)
    if entry is None:
        raise NotFound("no installed image of component " + component.hex())
    return entry


def check(store: Store, entry: Entry) -> Verified:
    """The image of `entry`, verified now, from our own copy. Raises Denied, Untrusted, Invalid, Rollback."""
    verified = verify(store.pluton, store.read(entry), installable(entry.image_type).roles)
    match(verified, entry)
    check_version(store.pluton, verified.package)
    return verified


class HeldImages:
    """Open images by handle. Handles count up, so a stale one is not another image's soon."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[int, bytes] = {}
        self._last = 0

    def open(self, component: bytes) -> tuple[int, int, int, int]:
        """(handle, length, version, development) of the installed image of `component`, verified now.

        Raises NotFound, Full, Untrusted, Invalid, Rollback.
        """
        entry = installed(self._store, component)
        self._make_room(entry.length)
        verified = check(self._store, entry)
        self._store.has_started(verified)
        handle = self._next()
        self._held[handle] = verified.data
        return handle, entry.length, verified.package.security_version, int(verified.is_development)

    def read(self, handle: int, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end. Raises Closed, Invalid past the end."""
        data = self._find(handle)
        if offset > len(data):
            raise Invalid("offset " + str(offset) + " in an image of " + str(len(data)) + " bytes")
        return data[offset : offset + length]

    def close(self, handle: int) -> None:
        """Let the copy go. Raises Closed."""
        self._find(handle)
        del self._held[handle]

    def _find(self, handle: int) -> bytes:
        if handle not in self._held:
            raise Closed("image handle " + str(handle) + " is not open")
        return self._held[handle]

    def _make_room(self, length: int) -> None:
        if len(self._held) >= MOST_HANDLES:
            raise Full("all image handles are open", "monitor", "images.handles", "at most " + str(MOST_HANDLES))
        if sum([len(data) for data in self._held.values()]) + length > MOST_BYTES:
            raise Full("too many bytes held", "monitor", "images.bytes", "at most " + str(MOST_BYTES))

    def _next(self) -> int:
        self._last = self._last % 0xFFFF + 1
        while self._last in self._held:
            self._last = self._last % 0xFFFF + 1
        return self._last
