"""Search: find in flash the image of a type that may run, and say what was wrong with the others.

The locator table is not signed, so it is only a list of places to look at. An image is copied once,
and the copy is what is hashed, verified, parsed and used: flash that changes its mind between two
reads changes nothing. Order for each: bounds, one read, signatures, metadata, type and component,
version. Nothing is parsed before it is authenticated; of the LMS half only its place is read in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire import image
from ..wire.fault import Failed, Fault, Internal, Invalid, Rollback, Untrusted, explain
from ..wire.partition import BACKUP, INSTALLED, PREVIOUS, PRIMARY, Entry, read_tables
from ..wire.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hardware import Hardware
    from .signers import Signers

    Tables = list[tuple[int, list[Entry], int]]

MOST_TRIALS = 2  # boots an image may begin without being confirmed
MOST_LENGTH = 4 * 1024 * 1024


class Found:
    """A verified image: its bytes, what it says of itself, the stage to be measured, and for each
    image that was tried before it why it may not run."""

    def __init__(self, package: bytes, parsed: image.Package, stage: Stage) -> None:
        self.package = package
        self.parsed = parsed
        self.stage = stage
        self.passed_over: list[str] = []


class Search:
    """Looks for images whose signer has one of `roles`; `lowest(package)` is the version allowed. `tables` are the
    locator tables, if they have been read."""

    def __init__(
        self, hardware: Hardware, signers: Signers, roles: int, lowest: Callable[[image.Package], int],
        tables: Tables | None = None,
    ) -> None:  # fmt: skip
        self._hardware = hardware
        self._signers = signers
        self._roles = roles
        self._lowest = lowest
        self._tables = tables

    def find(self, image_type: int) -> Found:
        """The first image of the type that may run. Raises Failed, with everything tried."""
        tried: list[str] = []
        tables = self._tables
        if tables is None:
            tables = read_tables(self._hardware.flash, self._hardware.layout)
        if not tables:
            tried.append("no valid locator table")
        seen: list[tuple[int, int]] = []
        for _, entries, _ in tables:
            for entry in candidates(entries, image_type):
                if (entry.offset, entry.length) in seen:
                    continue
                seen.append((entry.offset, entry.length))
                try:
                    found = self.load(entry)
                    found.passed_over = tried
                    return found
                except Fault as fault:
                    tried.append(place(entry) + ": " + explain(fault))
        raise Failed(
            "no image of type " + str(image_type) + " may run", "pluton", "boot.image",
            "; ".join(tried) or "none in the locator table", "recover the device",
        )  # fmt: skip

    def load(self, entry: Entry) -> Found:
        """The image at `entry`, verified. Raises Invalid, Untrusted, Denied, Rollback."""
        flash = self._hardware.flash
        if not 0 < entry.length <= MOST_LENGTH or entry.offset + entry.length > flash.size:
            raise Invalid("the image is said to lie outside of flash", "pluton", "boot.bounds")
        started_us = self._hardware.clock.uptime_us()
        found = self.verify(bytes(flash.read(entry.offset, entry.length)), entry.replica, started_us)
        if found.parsed.image_type != entry.image_type or found.parsed.component != entry.component:
            raise Untrusted(
                "signed as type " + str(found.parsed.image_type) + " of another kind than was asked for",
                "pluton", "boot.type", "type " + str(entry.image_type) + " wanted", "put the right image there",
            )  # fmt: skip
        return found

    def verify(self, package: bytes, replica: int, started_us: int) -> Found:
        """`package`, verified and measured, whatever its type. Raises as `load` does."""
        signed, signature = image.split_view(package)
        digest = native.sha256(signed)  # once: a wrong one is signed by nobody
        key, signer = self._signers.find(self._roles, digest, signature, lambda: image.lms_part(package, native.Sha256))
        if not key.roles & self._roles:
            raise Internal("the verdict does not hold", "pluton", "boot.verdict", "", "reset the chip")
        parsed = image.parse(package)
        refuse_old(parsed.security_version, self._lowest(parsed))
        ended_us = self._hardware.clock.uptime_us()
        version = parsed.security_version
        stage = Stage(parsed.image_type, digest, version, signer, replica, started_us, ended_us, parsed.name)
        return Found(package, parsed, stage)


def refuse_old(version: int, lowest: int) -> None:
    """Raise Rollback if `version` is below `lowest`."""
    if native.decision_at_least(version, lowest) != native.ACCEPT or version < lowest:
        raise Rollback(
            "security version " + str(version) + " is below " + str(lowest), "pluton", "boot.version",
            "counter " + str(lowest), "install version " + str(lowest) + " or a later one",
        )  # fmt: skip


def candidates(entries: list[Entry], image_type: int) -> list[Entry]:
    """Where to look, best first: installed, its backup, the previous one; then, so that a device is
    never left with nothing, installed ones that had their trials."""
    ranked = []
    for at, entry in enumerate(entries):
        if entry.image_type == image_type:
            ranked.append((_rank(entry), at))
    return [entries[at] for rank, at in sorted(ranked) if rank < 8]


def _rank(entry: Entry) -> int:
    if entry.state == INSTALLED:
        is_tired = not entry.confirmed and entry.trial >= MOST_TRIALS
        return (4 if is_tired else 0) + (1 if entry.replica == BACKUP else 0)
    return 2 + (1 if entry.replica == BACKUP else 0) if entry.state == PREVIOUS else 8


def place(entry: Entry) -> str:
    """Where an entry points, for a person."""
    replica = "primary" if entry.replica == PRIMARY else "backup"
    state = "installed" if entry.state == INSTALLED else "previous"
    return state + " " + replica + " at " + hex(entry.offset)
