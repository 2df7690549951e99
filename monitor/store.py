"""The image store: which images there are, and how the set of them changes.

Every change is one write of the locator table, made after everything it names lies in flash. What
the table does not name is garbage, so nothing needs to be undone after a power cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import image
from ..wire.fault import Denied, NotFound, OutOfOrder, Rollback
from ..wire.partition import APPLICATIONS, INSTALLED, PREVIOUS, PRIMARY, STAGED
from .locator import Locator, find
from .policy import APPLICATION, GRANT, group, is_system
from .space import first_fit, write

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from ..pluton.port import PlutonPort
    from ..wire.partition import Entry
    from .hardware import Layout
    from .verify import Verified


class Store:
    """The images in flash. `slot` is the (offset, length) that staging has reserved, if any."""

    def __init__(self, flash: Flash, layout: Layout, pluton: PlutonPort) -> None:
        self.flash = flash
        self.layout = layout
        self.pluton = pluton
        self.locator = Locator(flash, layout)
        self.slot: tuple[int, int] | None = None
        self._seen: dict[bytes, int] = {}  # image id: version, for applications verified since start

    @property
    def entries(self) -> list[Entry]:
        """The locator table's entries."""
        return self.locator.entries

    def read(self, entry: Entry) -> bytes:
        """Our own copy of an image's bytes, read from flash once."""
        return self.flash.read(entry.offset, entry.length)

    def allocate(self, number: int, length: int) -> int:
        """Offset of free room for `length` bytes in partition `number`. Raises Full."""
        taken = [(entry.offset, entry.length) for entry in self.entries]
        if self.slot is not None:
            taken.append(self.slot)
        return first_fit(self.layout[number], taken, length, self.flash.sector)

    def place(self, number: int, data: bytes) -> int:
        """Write `data` into free room of partition `number`: its offset. Raises Full, Failed."""
        offset = self.allocate(number, len(data))
        write(self.flash, offset, data)
        return offset

    def staged(self) -> list[Entry]:
        """The images that wait to be installed."""
        return [entry for entry in self.entries if entry.state == STAGED]

    def trial(self) -> list[Entry]:
        """The installed OS images that have not yet proved themselves."""
        return [
            entry for entry in self.entries
            if entry.state == INSTALLED and entry.replica == PRIMARY and not entry.confirmed and is_system(entry.image_type)
        ]  # fmt: skip

    def listing(self, index: int) -> tuple[int, bytes, bytes, int, int, int, int, int]:
        """(count, component, image, type, state, version, length, replica) of the image at `index`."""
        if index >= len(self.entries):
            raise NotFound("image " + str(index) + " of " + str(len(self.entries)))
        entry = self.entries[index]
        return (len(self.entries), entry.component, entry.image, entry.image_type, entry.state,
                entry.version, entry.length, entry.replica)  # fmt: skip

    def add_staged(self, entry: Entry) -> None:
        """Keep `entry` as staged, in place of one of the same component."""
        kept = [old for old in self.entries if old.state != STAGED or old.component != entry.component]
        self.locator.replace(kept + [entry])

    def install(self) -> tuple[int, int]:
        """(how many, 1 if they need a restart): every staged image becomes the installed one.

        Raises Rollback if a counter has overtaken one of them since; the set is then discarded.
        """
        staged = self.staged()
        for entry in staged:
            lowest = self.pluton.read_counter(entry.component)
            if entry.version < lowest:
                self.locator.replace([old for old in self.entries if old.state != STAGED])
                raise Rollback("staged version " + str(entry.version) + " is below " + str(lowest) + " by now",
                               "monitor", "install.version", "counter " + entry.component.hex() + " = " + str(lowest),
                               "stage the set again without it")  # fmt: skip
        entries = self.entries
        for entry in staged:
            entries = _installed(entries, entry)
        self.locator.replace(entries)
        return len(staged), int(any([group(entry.image_type) != APPLICATION for entry in staged]))

    def invalidate(self, component: bytes) -> None:
        """Remove an application or a capability file: installed, previous and staged.

        Raises NotFound, Denied for a part of the OS.
        """
        found = [entry for entry in self.entries if entry.component == component]
        if not found:
            raise NotFound("no image of component " + component.hex())
        for entry in found:
            if group(entry.image_type) not in (APPLICATION, GRANT):
                raise Denied("only applications can be removed", "monitor", "invalidate.type",
                             "image type " + str(entry.image_type) + " is part of the OS")  # fmt: skip
        self.locator.replace([entry for entry in self.entries if entry.component != component])

    def has_started(self, verified: Verified) -> None:
        """Note that an application image was verified and given out, so that it may be confirmed.

        If it is already confirmed, its counter follows in case a power cut had come between.
        """
        package = verified.package
        self._seen[package.image] = package.security_version
        entry = find(self.entries, package.component)
        if entry is not None and entry.confirmed:
            self._advance(package.component, package.security_version)

    def confirm_application(self, component: bytes) -> None:
        """The installed image works: it stays, the previous one goes, then the counter moves.

        Raises OutOfOrder unless that very image has been opened since the monitor started.
        """
        entry = self._application(component)
        if entry.image not in self._seen:
            raise OutOfOrder("this image has not run yet", "monitor", "confirm.opened", "image " + entry.image.hex(),
                             "open_image, run it, then confirm")  # fmt: skip
        if not entry.confirmed:
            proved = entry.copy()
            proved.confirmed = 1
            kept = [old for old in self.entries if old is not entry and not _is_previous(old, component)]
            self.locator.replace(kept + [proved])
        self._advance(component, self._seen[entry.image])

    def revert_application(self, component: bytes) -> None:
        """Go back to the previous image, or to none if it was the first. Raises OutOfOrder."""
        entry = self._application(component)
        if entry.confirmed:
            raise OutOfOrder("a confirmed image is not reverted", "monitor", "revert.confirmed",
                             "image " + entry.image.hex(), "install another image")  # fmt: skip
        kept = [old for old in self.entries if old is not entry]
        self.locator.replace([_restored(old) if _is_previous(old, component) else old for old in kept])

    def application_bytes(self, incoming: Entry) -> int:
        """Bytes of application packages once everything staged and `incoming` is installed."""
        sizes = {incoming.component: incoming.length}
        for state in (STAGED, INSTALLED):
            for entry in self.entries:
                if entry.state == state and entry.image_type == image.APPLICATIONS and entry.component not in sizes:
                    sizes[entry.component] = entry.length
        return sum(sizes.values())

    def most_package(self) -> int:
        """Bytes of the largest package that can be staged: what an empty staging ground holds."""
        return self.layout[APPLICATIONS][1]

    def _application(self, component: bytes) -> Entry:
        entry = find(self.entries, component)
        if entry is None:
            raise NotFound("no installed image of component " + component.hex())
        if entry.image_type != image.APPLICATIONS:
            raise Denied("not an application", "monitor", "confirm.type",
                         "image type " + str(entry.image_type) + " is part of the OS")  # fmt: skip
        return entry

    def _advance(self, component: bytes, version: int) -> None:
        if version > self.pluton.read_counter(component):
            self.pluton.advance_counter(component, version)


def _is_previous(entry: Entry, component: bytes) -> bool:
    return entry.state == PREVIOUS and entry.component == component


def _restored(entry: Entry) -> Entry:
    """A previous entry, installed again."""
    again = entry.copy()
    again.state = INSTALLED
    return again


def _installed(entries: list[Entry], staged: Entry) -> list[Entry]:
    """`entries` with `staged` installed. What it replaces becomes previous if it had proved itself;
    if not, it goes, and the image before it stays the previous one. There is one grant at a time."""
    if group(staged.image_type) == GRANT:
        return _granted(entries, staged)
    old = find(entries, staged.component)
    kept = [entry for entry in entries if entry is not old and entry is not staged]
    if old is not None and old.confirmed:
        kept = [entry for entry in kept if not _is_previous(entry, old.component)]
        before = old.copy()
        before.state = PREVIOUS
        kept.append(before)
    fresh = staged.copy()
    fresh.state, fresh.trial, fresh.confirmed = INSTALLED, 0, 0
    return kept + [fresh]


def _granted(entries: list[Entry], staged: Entry) -> list[Entry]:
    fresh = staged.copy()
    fresh.state, fresh.trial, fresh.confirmed = INSTALLED, 0, 1
    return [
        entry for entry in entries
        if entry is not staged and not (group(entry.image_type) == GRANT and entry.state == INSTALLED)
    ] + [fresh]  # fmt: skip
