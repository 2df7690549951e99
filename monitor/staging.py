"""Staging: the one way by which an image gets into the store while the device runs.

A package is written block by block into free room of the staging ground (the applications'
partition), read back once into our own copy, authenticated, and only then parsed and judged. An OS
image moves to its own partition after that, so nobody without a signing key can touch that
partition or wear it out. NEXT is the whole order of calls; a pair that is not in it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import image
from ..wire.fault import Busy, Closed, Denied, Fault, Full, Invalid, OutOfOrder
from ..wire.partition import APPLICATIONS, PRIMARY, STAGED, Entry
from .policy import (
    ANY_ROLE,
    APPLICATION,
    GRANT,
    MOST_APPLICATION_BYTES,
    MOST_APPLICATIONS,
    SYSTEM,
    installable,
)
from .space import round_up
from .verify import authenticate, check_version, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..pluton.port import PlutonPort
    from .policy import Kind
    from .store import Store
    from .verify import Verified

EMPTY, WRITING, READY, WRITING_MORE, RESTARTING = "empty", "writing", "ready", "writing more", "restarting"
OPEN, WRITE, COMMIT, ABORT, INSTALL, INSTALL_RESTART, DISCARD, CONFIRM, REMOVE = (
    "open", "write", "commit", "abort", "install", "install and restart", "discard", "confirm boot", "remove",
)  # fmt: skip

# (state, call): state. EMPTY has nothing staged, READY has; RESTARTING waits for the reset
# that an OS image, a capability file or a real-time app with another claim needs: what runs is no
# longer what is installed.
NEXT = {
    (EMPTY, OPEN): WRITING,
    (WRITING, WRITE): WRITING,
    (WRITING, COMMIT): READY,
    (WRITING, ABORT): EMPTY,
    (READY, OPEN): WRITING_MORE,
    (WRITING_MORE, WRITE): WRITING_MORE,
    (WRITING_MORE, COMMIT): READY,
    (WRITING_MORE, ABORT): READY,
    (READY, INSTALL): EMPTY,
    (READY, INSTALL_RESTART): RESTARTING,
    (READY, DISCARD): EMPTY,
    (EMPTY, CONFIRM): EMPTY,
    (WRITING, CONFIRM): WRITING,
    (READY, CONFIRM): READY,
    (WRITING_MORE, CONFIRM): WRITING_MORE,
    (EMPTY, REMOVE): EMPTY,
    (READY, REMOVE): READY,
}
MOST_GRANT = 3072  # bytes of a capability file that Pluton takes


class Staging:
    """The order of staging calls over a store. One slot at a time; its handle is never used again soon.

    `is_restart_due(components)` says whether apps of those components, just installed, wait for a restart.
    """

    def __init__(self, store: Store, is_restart_due: Callable[[list[bytes]], bool]) -> None:
        self._store = store
        self._is_restart_due = is_restart_due
        self._handle = 0
        self._offset = 0
        self._length = 0
        self._written = 0
        self.state = EMPTY

    def resume(self) -> None:
        """Begin after a start: what had been committed before is still staged."""
        self.state = READY if self._store.staged() else EMPTY

    def open(self, length: int) -> int:
        """Reserve room for a package of `length` bytes; returns its handle. Raises Invalid, Full."""
        self._may(OPEN)
        if not 1 <= length <= self._store.most_package():
            raise Invalid("a package of " + str(length) + " bytes", "monitor", "staging.length",
                          "at most " + str(self._store.most_package()))  # fmt: skip
        self._offset = self._store.allocate(APPLICATIONS, length)
        self._store.slot = (self._offset, length)
        self._length, self._written = length, 0
        self._handle = self._handle % 0xFFFF + 1
        self._step(OPEN)
        return self._handle

    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Write the next block. Raises OutOfOrder if it is not the next, Invalid if it does not fit."""
        self._may(WRITE, handle)
        if offset != self._written:
            raise OutOfOrder("block at " + str(offset) + ", next is " + str(self._written), "monitor", "staging.order")
        if not data or len(data) > self._length - self._written:
            raise Invalid("a block of " + str(len(data)) + " bytes, room for " + str(self._length - self._written),
                          "monitor", "staging.block")  # fmt: skip
        self._erase_ahead(len(data))
        self._store.flash.program(self._offset + self._written, data)
        self._written += len(data)
        self._step(WRITE)

    def commit(self, handle: int) -> tuple[bytes, bytes, int]:
        """(component, image, version) of the package, now staged. Any refusal discards it."""
        self._may(COMMIT, handle)
        try:
            if self._written != self._length:
                raise OutOfOrder(str(self._length - self._written) + " bytes are missing", "monitor", "staging.whole")
            entry = self._judge(self._store.flash.read(self._offset, self._length))
        except Fault:
            self._drop(ABORT)
            raise
        self._drop(COMMIT)
        return entry.component, entry.image, entry.version

    def abort(self, handle: int) -> None:
        """Discard what was written."""
        self._may(ABORT, handle)
        self._drop(ABORT)

    def install(self) -> tuple[int, int]:
        """(how many, whether a restart is due): install everything staged in one step."""
        self._may(INSTALL)
        components = [entry.component for entry in self._store.staged()]
        try:
            count, restart = self._store.install()
        except Fault:
            self.settle()
            raise
        if restart or self._is_restart_due(components):
            self._step(INSTALL_RESTART)
            return count, 1
        self._step(INSTALL)
        return count, 0

    def settle(self) -> None:
        """Fall in with the store after images were removed from it."""
        if self.state == READY and not self._store.staged():
            self._step(DISCARD)

    def require(self, call: str) -> None:
        """Raise OutOfOrder unless CONFIRM or REMOVE, which are done elsewhere, may be done now."""
        self._may(call)

    def _may(self, call: str, handle: int | None = None) -> None:
        if (self.state, call) not in NEXT:
            raise OutOfOrder(call + " while " + self.state, "monitor", "staging.next",
                             "state " + self.state, "calls lawful now: " + _lawful(self.state))  # fmt: skip
        if handle is not None and handle != self._handle:
            raise Closed("staging handle " + str(handle) + " is not open")

    def _step(self, call: str) -> None:
        self.state = NEXT[(self.state, call)]

    def _drop(self, call: str) -> None:
        self._store.slot = None
        self._step(call)

    def _erase_ahead(self, length: int) -> None:
        """Erase the sectors that the next `length` bytes are the first to touch."""
        flash = self._store.flash
        erased = round_up(self._written, flash.sector)
        while erased < self._written + length:
            flash.erase(self._offset + erased)
            erased += flash.sector

    def _judge(self, data: bytes) -> Entry:
        """Verify our copy, apply the policy, put it where it belongs and into the table."""
        pluton = self._store.pluton
        verified = verify(pluton, data, ANY_ROLE)
        kind = installable(verified.package.image_type)
        authenticate(pluton, data, kind.roles)  # again, now by the keys that may sign this type
        entry = self._entry(verified)
        self._check_identity(entry, kind)
        check_version(pluton, verified.package)
        self._check_group(entry, kind, data)
        if kind.home != APPLICATIONS:
            entry.offset = self._store.place(kind.home, data)
        self._store.add_staged(entry)
        return entry

    def _entry(self, verified: Verified) -> Entry:
        package = verified.package
        return Entry(package.component, package.image, package.image_type, STAGED, PRIMARY, self._offset,
                     self._length, package.security_version)  # fmt: skip

    def _check_identity(self, new: Entry, kind: Kind) -> None:
        """An image comes once, a component keeps its type, and the OS gets no new components."""
        known = [old for old in self._store.entries if old.component == new.component]
        for old in self._store.entries:
            if old.image == new.image:
                raise Busy("image " + new.image.hex() + " is already in the store", "monitor", "install.image",
                           "state " + ("", "staged", "installed", "previous")[old.state])  # fmt: skip
        if [old for old in known if old.image_type != new.image_type]:
            raise Denied("component " + new.component.hex() + " has another image type", "monitor", "install.component",
                         "image type " + str(known[0].image_type))  # fmt: skip
        if kind.group == SYSTEM and not known:
            raise Denied("the OS has no component " + new.component.hex(), "monitor", "install.component",
                         "an OS image replaces the installed one of its component")  # fmt: skip
        if kind.group == SYSTEM and self._store.trial():
            raise OutOfOrder("the OS that runs has not proved itself yet", "monitor", "install.trial",
                             "unconfirmed OS images", "confirm_boot first")  # fmt: skip

    def _check_group(self, new: Entry, kind: Kind, data: bytes) -> None:
        """What is asked of one group only: room for an application, this device's name in a grant."""
        if kind.group == APPLICATION:
            self._check_quota(new)
        elif kind.group == GRANT:
            _check_grant(self._store.pluton, data)

    def _check_quota(self, new: Entry) -> None:
        total = self._store.application_bytes(new)
        if total > MOST_APPLICATION_BYTES:
            raise Full("applications would take " + str(total) + " bytes", "monitor", "install.quota",
                       "at most " + str(MOST_APPLICATION_BYTES), "remove an application")  # fmt: skip
        components = [old.component for old in self._store.entries if old.image_type == image.APPLICATIONS]
        if new.component not in components and len(set(components)) >= MOST_APPLICATIONS:
            raise Full("too many applications", "monitor", "install.quota", "at most " + str(MOST_APPLICATIONS))


def _check_grant(pluton: PlutonPort, data: bytes) -> None:
    """Raise unless Pluton would take `data` as a capability file for this very device."""
    if len(data) > MOST_GRANT:
        raise Invalid("a capability file of " + str(len(data)) + " bytes")
    pluton.decode_capabilities(data)


def _lawful(state: str) -> str:
    return ", ".join(sorted([call for known, call in NEXT if known == state])) or "none before the restart"
