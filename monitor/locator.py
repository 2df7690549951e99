"""The locator table in use: read once at boot, then only written.

One write of the table is the commit point of everything the store does. What was read is kept in
our own memory; the flash copies are never trusted a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import partition
from ..wire.fault import Failed, Full
from .space import is_inside, write

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from ..wire.partition import Entry
    from .hardware import Layout

COPIES = (partition.LOCATOR_TABLE, partition.LOCATOR_TABLE_BACKUP)
REGIONS = (partition.FIRMWARE, partition.BACKUPS, partition.APPLICATIONS)


class Locator:
    """The table of images. `entries` is the truth; change copies of it and call `replace`."""

    def __init__(self, flash: Flash, layout: Layout) -> None:
        self._flash = flash
        self._layout = layout
        self._sequence = 0
        self._best = COPIES[0]
        self.entries: list[Entry] = []

    def open(self) -> None:
        """Read the table and repair the copy that is damaged or stale. Raises Failed if none is whole."""
        found = partition.read_tables(self._flash, self._layout)
        if not found:
            raise Failed("no whole locator table", "monitor", "locator.copies",
                         "LocatorTable, LocatorTableBackup", "provision or recover the device")  # fmt: skip
        self._sequence, entries, self._best = found[0]
        self.entries = self._sane(entries)
        data = partition.pack_table(self._sequence, entries)
        for copy in COPIES:
            if not [one for one in found if one[2] == copy and one[0] == self._sequence]:
                self._write_copy(copy, data)

    def replace(self, entries: list[Entry]) -> None:
        """Make `entries` the table, in one step: a power cut leaves the old or the new one whole.

        Raises Full if they are too many, Failed if not even one copy could be written: then the old
        table holds. The copy that is not the best is written first.
        """
        if len(entries) > partition.MOST_ENTRIES:
            raise Full("more than " + str(partition.MOST_ENTRIES) + " images", "monitor", "locator.entries")
        data = partition.pack_table(self._sequence + 1, entries)
        first = COPIES[1] if self._best == COPIES[0] else COPIES[0]
        self._write_copy(first, data)
        self._sequence += 1
        self.entries, second, self._best = entries, self._best, first
        try:
            self._write_copy(second, data)
        except Failed:
            pass  # one whole copy says the new; the next `open` tries this one again

    def _write_copy(self, copy: int, data: bytes) -> None:
        offset, size = self._layout[copy]
        if len(data) > size:
            raise Full("the locator table has outgrown its partition", "monitor", "locator.entries")
        write(self._flash, offset, data)

    def _sane(self, entries: list[Entry]) -> list[Entry]:
        """The entries that name room of ours: a forged table must not point anywhere else."""
        return [entry for entry in entries if entry.length and self._region(entry)]

    def _region(self, entry: Entry) -> int:
        for number in REGIONS:
            if is_inside(self._layout[number], entry.offset, entry.length):
                return number
        return 0


def find(
    entries: list[Entry], component: bytes, state: int = partition.INSTALLED, replica: int = partition.PRIMARY,
) -> Entry | None:  # fmt: skip
    """The first entry of `component` in that state and replica, or None."""
    for entry in entries:
        if entry.component == component and entry.state == state and entry.replica == replica:
            return entry
    return None
