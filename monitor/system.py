"""The OS set: which copies are booted, what happens while a new set is on trial, how it is kept whole.

A set installed together is tried together: it is booted at most MOST_TRIALS times, and unless the
kernel confirms it by then, or if any image of it does not verify, the whole set goes back. Old and
new images are never mixed. A set that worked has no previous images but a backup copy of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import image
from ..wire.fault import Failed, Fault, Full
from ..wire.partition import BACKUP, BACKUPS, FIRMWARE, INSTALLED, PREVIOUS, PRIMARY, Entry
from .locator import find
from .policy import BEFORE_US, BOOTED, KINDS, MOST_TRIALS, is_system
from .verify import authenticate, check_version, digest_of, match, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..pluton.port import PlutonPort
    from .store import Store
    from .verify import Verified

PLACES = {PRIMARY: FIRMWARE, BACKUP: BACKUPS}


class System:
    """The OS images of a store. `tell(words)` reaches a person; `restart()` resets the chip."""

    def __init__(
        self, store: Store, pluton: PlutonPort, tell: Callable[[str], None], restart: Callable[[], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._pluton = pluton
        self._tell = tell
        self._restart = restart
        self._measured: dict[int, tuple[bytes, int]] = {}  # image type: (digest, version)
        self.rolled_back = ""  # why this boot went back to previous images
        self.backup_used = 0  # bits: 0 Pluton runtime, 1 monitor, 2 kernel, 3 app runtime, 4 certificates
        self.stand_ins: dict[int, int] = {}  # image type: replica booted

    def choose(self) -> list[Verified]:
        """The verified kernel, app runtime and certificate store to boot, in that order.

        Raises Failed, naming everything tried, if one of them has no usable copy.
        """
        self._measured = _measurements(self._pluton)
        self.backup_used = self._pluton.get_boot_mode_flags() & 3
        self._begin_trial()
        try:
            return [self._usable(image_type) for image_type in BOOTED]
        except Failed as fault:
            if not self._store.trial():
                raise
            self._give_up(fault.reason)
        return [self._usable(image_type) for image_type in BOOTED]

    def confirm(self) -> None:
        """The set that runs works. First the table says so, then the counters move, then copies are repaired.

        A power cut between leaves work that the next confirmation does.
        """
        self._measured = _measurements(self._pluton)
        if self._store.trial():
            self._store.locator.replace(_proved(self._store.entries, self._store.trial()))
        self._advance_counters()
        for entry in list(self._store.entries):
            if is_system(entry.image_type) and entry.state == INSTALLED and entry.replica == PRIMARY:
                self._repair(entry)

    def version(self, image_type: int) -> int:
        """The security version of the running image of `image_type`; 0 if it was not measured."""
        return _measurements(self._pluton).get(image_type, (b"", 0))[1]

    def _begin_trial(self) -> None:
        """Count this boot if a set is on trial, and go back if it has had its trials or is not whole."""
        trial = self._store.trial()
        if not trial:
            return
        if max([entry.trial for entry in trial]) >= MOST_TRIALS:
            self._revert("not confirmed in " + str(MOST_TRIALS) + " boots")
            return
        self._set_trial(trial, max([entry.trial for entry in trial]) + 1)
        for entry in self._store.trial():
            if entry.image_type in BEFORE_US and not self._is_running(entry):
                self._give_up("the new " + KINDS[entry.image_type].name + " was passed over")
                return

    def _give_up(self, reason: str) -> None:
        """Go back to the previous set now; over a reset if an image of the new one already runs."""
        if [entry for entry in self._store.trial() if self._is_running(entry)]:
            self._tell("giving up the new OS: " + reason)
            self._set_trial(self._store.trial(), MOST_TRIALS)
            self._restart()
            raise Failed("the chip did not reset")
        self._revert(reason)

    def _revert(self, reason: str) -> None:
        trial = self._store.trial()
        kept = [entry for entry in self._store.entries if entry not in trial]
        self._store.locator.replace([_back(entry) if _is_previous_os(entry) else entry for entry in kept])
        self.rolled_back = reason
        self._tell("gone back to the previous OS: " + reason)

    def _set_trial(self, trial: list[Entry], count: int) -> None:
        changed = []
        for entry in self._store.entries:
            if entry in trial:
                entry = entry.copy()
                entry.trial = count
            changed.append(entry)
        self._store.locator.replace(changed)

    def _is_running(self, entry: Entry) -> bool:
        """Whether Pluton measured this very image before the monitor chose any."""
        digest, _ = self._measured.get(entry.image_type, (b"", 0))
        return bool(digest) and digest_of(self._store.read(entry)) == digest

    def _usable(self, image_type: int) -> Verified:
        """The first copy of `image_type` that verifies. Raises Failed, saying why each did not."""
        problems = []
        for entry in self._candidates(image_type):
            try:
                verified = verify(self._pluton, self._store.read(entry), KINDS[image_type].roles)
                match(verified, entry)
                check_version(self._pluton, verified.package)
            except Fault as fault:
                problems.append(_copy_name(entry) + ": " + fault.reason)
                continue
            self._note(entry, problems)
            return verified
        raise Failed("no usable " + KINDS[image_type].name + ": " + ("; ".join(problems) or "none in the table"),
                     "monitor", "boot.candidates")  # fmt: skip

    def _candidates(self, image_type: int) -> list[Entry]:
        """Copies of `image_type` in the order they are tried; one on trial stands alone."""
        mine = [entry for entry in self._store.entries if entry.image_type == image_type]
        primary = [entry for entry in mine if entry.state == INSTALLED and entry.replica == PRIMARY]
        if [entry for entry in primary if not entry.confirmed]:
            return primary
        backup = [entry for entry in mine if entry.state == INSTALLED and entry.replica == BACKUP]
        return primary + backup + [entry for entry in mine if entry.state == PREVIOUS]

    def _note(self, entry: Entry, problems: list[str]) -> None:
        """Remember which copy is used, and say so if it is not the first choice."""
        self.stand_ins[entry.image_type] = entry.replica
        if problems:
            self.backup_used |= 4 << BOOTED.index(entry.image_type)
            self._tell(KINDS[entry.image_type].name + ": the " + _copy_name(entry) + " copy is used, because "
                       + "; ".join(problems))  # fmt: skip

    def _advance_counters(self) -> None:
        """Each OS component's counter follows the version of it that Pluton measured."""
        for entry in self._store.entries:
            digest, version = self._measured.get(entry.image_type, (b"", 0))
            if entry.state != INSTALLED or entry.replica != PRIMARY or not entry.confirmed or not digest:
                continue
            if version > self._pluton.read_counter(entry.component):
                self._advance(entry.component, version)

    def _advance(self, component: bytes, version: int) -> None:
        try:
            self._pluton.advance_counter(component, version)
        except Full as fault:  # its fuses are used up: the image runs on, older ones stay lawful
            self._tell("the counter of " + component.hex() + " cannot move to " + str(version) + ": " + fault.reason)

    def _repair(self, entry: Entry) -> None:
        """Make the primary and the backup of an OS image the same, from the copy that was booted."""
        backup = find(self._store.entries, entry.component, INSTALLED, BACKUP)
        copies = [(entry, self._store.read(entry))]
        if backup is not None:
            copies.append((backup, self._store.read(backup)))
        if len(copies) == 2 and copies[0][1] == copies[1][1]:
            return
        for source, data in copies:
            if self._is_good(source, data):
                self._mirror(source, data, PRIMARY if source is backup else BACKUP)
                return
        self._tell("image " + entry.image.hex() + " has no good copy to repair from")

    def _is_good(self, entry: Entry, data: bytes) -> bool:
        """Whether `data` is what runs: measured, and signed where its signers are known to Pluton."""
        digest, _ = self._measured.get(entry.image_type, (b"", 0))
        if digest and digest_of(data) != digest:
            return False
        if entry.image_type == image.TRUSTED_KEYSTORE:
            return bool(digest)  # the root key signed it, and only the loader has that
        try:
            authenticate(self._pluton, data, KINDS[entry.image_type].roles)
        except Fault:
            return False
        return True

    def _mirror(self, source: Entry, data: bytes, replica: int) -> None:
        """Write `data` as the other replica of `source`."""
        others = [
            entry for entry in self._store.entries
            if not (entry.component == source.component and entry.state == INSTALLED and entry.replica == replica)
        ]  # fmt: skip
        twin = source.copy()
        twin.replica, twin.trial, twin.confirmed = replica, 0, 1
        try:
            twin.offset = self._place(PLACES[replica], data, others)
        except Full:
            self._tell("no room for a second copy of image " + source.image.hex())
            return
        self._store.locator.replace(others + [twin])

    def _place(self, number: int, data: bytes, others: list[Entry]) -> int:
        """Room for `data`; the copy it replaces is of no use any more, so it makes way if it must."""
        try:
            return self._store.place(number, data)
        except Full:
            self._store.locator.replace(others)
            return self._store.place(number, data)


def _measurements(pluton: PlutonPort) -> dict[int, tuple[bytes, int]]:
    """{image type: (digest, version)} of every stage measured so far; a later one wins."""
    found: dict[int, tuple[bytes, int]] = {}
    index, count = 0, 1
    while index < count:
        count, image_type, digest, version, _, _ = pluton.get_measurements(index)
        found[image_type] = (digest, version)
        index += 1
    return found


def _proved(entries: list[Entry], trial: list[Entry]) -> list[Entry]:
    """`entries` with the set on trial confirmed, and nothing left of what it replaced."""
    components = [entry.component for entry in trial]
    kept = []
    for entry in entries:
        if entry in trial:
            entry = entry.copy()
            entry.trial, entry.confirmed = 0, 1
        elif entry.component in components and (entry.state == PREVIOUS or entry.replica == BACKUP):
            continue
        kept.append(entry)
    return kept


def _is_previous_os(entry: Entry) -> bool:
    return entry.state == PREVIOUS and is_system(entry.image_type)


def _back(entry: Entry) -> Entry:
    again = entry.copy()
    again.state = INSTALLED
    return again


def _copy_name(entry: Entry) -> str:
    return "previous" if entry.state == PREVIOUS else ("primary", "backup")[entry.replica]
