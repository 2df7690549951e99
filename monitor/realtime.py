"""The real-time cores: which app runs on which, and that it has there what its signed manifest claims.

The kernel names a component; everything else comes from the installed image, verified by us at that
moment and loaded from that copy. While ownership is open, an app has its pins and blocks from start
to stop. Once it is frozen each core keeps what it had, and an app may run on a core if and only if it
claims exactly that. docs/adr/0015 has the reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import image
from ..wire.call import cut
from ..wire.fault import Busy, Denied, Fault, Full, Locked, NotFound, OutOfOrder
from ..wire.partition import INSTALLED
from . import claims
from .images import check, installed
from .locator import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import RealTimeCores
    from ..wire.partition import Entry
    from .claims import Claim
    from .ownership import Ownership
    from .store import Store
    from .verify import Verified

FIRST = 3  # core number of IO0 on the bus
NO_CORE = 0xFF
STOPPED = 0  # state of a core, as in `hal.interface.RealTimeCores.status`
MOST_REASON = 256  # bytes
SYSRAM = 0x8000_0000  # the main core's, as a real-time core sees it
SHARE = 0x2000  # bytes of it for the rings of each core, one after the other

NOTHING = claims.Claim(b"", "", (), b"")


class Slot:
    """A core. `claim` is what it has, and whose it is; `is_running` from start to stop, alive or dead."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.core = FIRST + number
        self.claim = NOTHING
        self.is_running = False

    def holds(self, claim: Claim) -> bool:
        """Whether `claim` claims exactly what the core has."""
        fits = claim.core in (None, self.number)
        return fits and self.claim.numbers() == claim.numbers() and self.claim.blocks == claim.blocks


class RealTime:
    """The two cores of a device. `say(words)` reaches the debug UART, `tell(words)` the log too."""

    def __init__(
        self, cores: RealTimeCores, store: Store, ownership: Ownership,
        say: Callable[[str], None], tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._cores = cores
        self._store = store
        self._ownership = ownership
        self._say = say
        self._tell = tell
        self.slots = [Slot(number) for number in range(claims.CORES)]
        self._refused: dict[bytes, Fault] = {}  # component: why the map has no core for it

    # -- the map ------------------------------------------------------------------------------------

    def divide(self) -> None:
        """Give each core what the installed apps claim for it: to be called once, before the freeze."""
        placed, self._refused = claims.divide(self._survey())
        for core in sorted(placed):
            claim = placed[core]
            try:
                self._hand_over(self.slots[core], claim)
                self._say("real-time core " + str(core) + ": " + claim.name + ": " + claim.words())
            except Fault as fault:  # no reason not to boot
                self._refused[claim.component] = fault
        for component in sorted(self._refused):
            self._tell("a real-time app is left out: " + str(self._refused[component]))

    def is_restart_due(self, components: list[bytes]) -> bool:
        """Whether one of `components`, just installed or gone back to, can only run once the map is made anew."""
        if not self._ownership.is_locked:
            return False
        fresh = [entry for entry in self._applications() if entry.component in components]
        known = [slot.claim.component for slot in self.slots]
        if not [entry for entry in fresh if entry.component in known or self._claim(entry) is not None]:
            return False
        placed, _ = claims.divide(self._survey())
        return bool([slot for slot in self.slots if self._is_stale(slot, placed, components)])

    def lost(self, component: bytes) -> None:
        """The installed image of `component` has gone: it is stopped, and without another it keeps no core."""
        slot = self._find(component)
        if slot is not None and slot.is_running:
            self._stop(slot)
        if find(self._store.entries, component) is None:
            self._refused.pop(component, None)
            if slot is not None:
                slot.claim = claims.Claim(b"", "", slot.claim.pins, slot.claim.blocks)

    # -- calls of the gate ----------------------------------------------------------------------------

    def start(self, component: bytes) -> int:
        """Start the installed app of `component`; returns its core, 0 or 1.

        Raises NotFound, Untrusted, Invalid, Rollback for its image; Denied if it is not a real-time app;
        OutOfOrder if it runs; Busy, Full for what others have; Locked if it has to wait for a restart.
        """
        try:
            return self._start(component)
        except Fault as fault:
            self._say("real-time app " + component.hex() + " was not started: " + str(fault))
            raise

    def _start(self, component: bytes) -> int:
        running = self._find(component)
        if running is not None and running.is_running:
            raise OutOfOrder("the app runs", "monitor", "realtime.once", "real-time core " + str(running.number),
                             "stop it first")  # fmt: skip
        verified = check(self._store, installed(self._store, component))
        claim = self._judge(verified)
        slot = self._choose(claim)
        before = slot.claim
        self._hand_over(slot, claim)
        try:
            self._store.has_started(verified)
            self._cores.start(slot.core, len(verified.data).to_bytes(4, "little") + verified.data)
        except Fault:
            self._cores.stop(slot.core)  # what was loaded goes too
            self._vacate(slot, before)
            raise
        slot.is_running = True
        return slot.number

    def stop(self, component: bytes) -> None:
        """Stop it. Raises NotFound if it does not run."""
        self._stop(self._running(component))

    def status(self, component: bytes) -> tuple[int, int, str, int, int]:
        """(core, state, why, refused accesses, resets); core NO_CORE for an app that does not run. Raises NotFound."""
        slot = self._find(component)
        if slot is not None and slot.is_running:
            state, reason, denials, resets = self._cores.status(slot.core)
            return slot.number, state, reason, denials, resets
        installed(self._store, component)
        fault = self._refused.get(component)
        return NO_CORE, STOPPED, "" if fault is None else cut(str(fault), MOST_REASON), 0, 0

    def report(self, component: bytes, offset: int) -> tuple[int, bytes]:
        """(size of the report on its death, a part of it from `offset`). Raises NotFound if it does not run."""
        return self._cores.report(self._running(component).core, offset)

    def denial(self, component: bytes, index: int) -> tuple[int, int, int, int, str, str]:
        """Refused access `index`: (address, is it a write, pc, count, register, policy). Raises NotFound."""
        return self._cores.denial(self._running(component).core, index)

    def share(self, component: bytes) -> tuple[int, int]:
        """Open the memory of its rings to the app: (address, length) of it. Raises NotFound, Denied."""
        slot = self._running(component)
        if not slot.claim.is_connected:
            raise Denied(slot.claim.name + " names nobody to talk to", "monitor", "realtime.share",
                         "Capabilities.AllowedApplicationConnections is absent or empty",
                         "name the other app there, and this one in the other's manifest")  # fmt: skip
        address = SYSRAM + slot.number * SHARE
        self._cores.share(slot.core, 0, 0)
        self._cores.share(slot.core, address, SHARE)
        return address, SHARE

    # -- how ----------------------------------------------------------------------------------------

    def _applications(self) -> list[Entry]:
        return [
            entry for entry in self._store.entries
            if entry.image_type == image.APPLICATIONS and entry.state == INSTALLED
        ]  # fmt: skip

    def _survey(self) -> list[Claim]:
        """The claims of all installed real-time apps that may run."""
        proved = [entry.component for entry in self._store.entries if entry.confirmed]  # the previous images too
        found = [claim for claim in [self._claim(entry) for entry in self._applications()] if claim is not None]
        for claim in found:
            claim.is_new = claim.component not in proved
        return found

    def _claim(self, entry: Entry) -> Claim | None:
        """The claim of an installed image; None if it has none, or may not run: who starts it is told why."""
        try:
            return self._judge(check(self._store, entry))
        except Fault:
            return None

    def _judge(self, verified: Verified) -> Claim:
        """The claim of an app that may run on a real-time core. Raises Denied, Invalid, NoDevice."""
        claim = claims.read(verified)
        if claim is None:
            raise Denied("not an app of a real-time core", "monitor", "realtime.type",
                         "ApplicationType of " + verified.package.name + " is not RealTimeCapable")  # fmt: skip
        self._ownership.check_board(claim.numbers())
        return claim

    def _choose(self, claim: Claim) -> Slot:
        """The core for `claim`. Raises Busy, Full, Locked."""
        if self._ownership.is_locked:
            return self._frozen(claim)
        placed = {slot.number: slot.claim for slot in self.slots if slot.is_running}
        for number in sorted(placed):
            wrong = claims.collision(claim, placed[number])
            if wrong is not None:
                raise wrong
        for slot in self.slots:
            if not slot.is_running and claim.core in (None, slot.number):
                return slot
        raise claims.no_core(claim, placed)

    def _frozen(self, claim: Claim) -> Slot:
        """The core that has exactly what `claim` claims: its own, or one that is kept for nobody."""
        own = self._find(claim.component)
        for slot in [own] if own is not None else self.slots:
            if slot.holds(claim) and slot.claim.component in (b"", claim.component):
                return slot
        if own is None and claim.component in self._refused:
            raise self._refused[claim.component]
        if own is None and all([slot.claim.component for slot in self.slots]):
            raise claims.no_core(claim, {slot.number: slot.claim for slot in self.slots})
        held = ["IO" + str(slot.number) + " has " + slot.claim.words() for slot in self.slots]
        raise Locked(claim.name + " claims " + claim.words() + ", which no free core has", "monitor", "realtime.map",
                     "; ".join(held) + "; frozen at boot", "restart the device")  # fmt: skip

    def _is_stale(self, slot: Slot, placed: dict[int, Claim], components: list[bytes]) -> bool:
        """Whether a restart would give `slot` to one of `components` that cannot run now, or take it from one."""
        claim = placed.get(slot.number)
        if claim is not None and claim.component in components:
            try:
                self._frozen(claim)
            except (Full, Locked, Busy):
                return True
            except Fault:  # a board without such cores: a restart would not help
                return False
        is_left = slot.claim.component in components and slot.claim.component not in [
            one.component for one in placed.values()
        ]  # fmt: skip
        return is_left and bool(slot.claim.pins or slot.claim.blocks)

    def _hand_over(self, slot: Slot, claim: Claim) -> None:
        """Give `slot` all that `claim` claims, or nothing. Raises NoDevice, Busy, Locked."""
        self._ownership.give(slot.number, claim.numbers())
        try:
            self._cores.grant(slot.core, claim.blocks)
        except Fault:
            self._ownership.take(slot.number)
            raise
        slot.claim = claim

    def _vacate(self, slot: Slot, claim: Claim) -> None:
        """Let a stopped core be as before, with `claim`: its blocks went with the stop, its pins go unless frozen."""
        self._ownership.take(slot.number)
        slot.claim = claim

    def _stop(self, slot: Slot) -> None:
        self._cores.stop(slot.core)
        slot.is_running = False
        self._vacate(slot, slot.claim if self._ownership.is_locked else NOTHING)

    def _find(self, component: bytes) -> Slot | None:
        for slot in self.slots:
            if slot.claim.component == component:
                return slot
        return None

    def _running(self, component: bytes) -> Slot:
        slot = self._find(component)
        if slot is None or not slot.is_running:
            raise NotFound("component " + component.hex() + " runs on no real-time core")
        return slot
