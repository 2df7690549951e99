"""Intercore: connections between apps of this core and apps of the real-time cores.

A real-time app that runs has one pair of rings, made when the first app connects to it (`wire.intercore`); the
apps that talk to it share them, and each message says whose it is. Whatever a real-time core writes or rings
costs a bounded amount: messages are taken while their app has room for them, doorbells that come too fast are
not heard but looked after at intervals, and who breaks the rings or makes work for nothing is not believed until
it starts again.
"""

from __future__ import annotations

from ..wire import intercore as wire
from ..wire.fault import Busy, Closed, Denied, Fault, Invalid, NoDevice
from ..wire.guid import to_text
from .connections import MOST_PEEKS, Channel, Connection, Mailbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..monitor.port import MonitorPort
    from .hardware import Hardware
    from .journal import Journal

FIRST_CORE = 3  # on the bus: IO0
SYSRAM = 0x8000_0000  # where a real-time core sees this core's memory, which the bus counts from 0
RING = 1 << wire.RING_BITS
AT_ONCE = 64  # messages taken in one step
RESET_WASTE = 10  # what a reset of the mailbox without a message counts as: it is told of its rings each time
KEEP_TO_IT = "install a real-time app that keeps to the protocol (docs/rtapps/pair.md)"


class Intercore:
    """All connections; `wake()` has the kernel step. A board without real-time cores has none."""

    def __init__(
        self, hardware: Hardware, monitor: MonitorPort, journal: Journal, wake: Callable[[], None]
    ) -> None:
        self._device = hardware.intercore
        self._clock = hardware.clock
        self._config = hardware.config
        self._monitor = monitor
        self._journal = journal
        self._wake = wake
        self._channels: dict[bytes, Channel] = {}
        self._connections: dict[tuple[bytes, bytes], Connection] = {}  # (app, real-time app)
        self._is_woken = False

    # -- what the application manager and the apps ask for ---------------------------------------------

    def started(self, component: bytes, core: int) -> None:
        """A real-time app runs on core 0 or 1. Apps may have connected already."""
        self._channels[component] = Channel(component, core)
        self.push(component)

    def ended(self, component: bytes, why: str) -> None:
        """It runs no longer: its connections end, unless it never ran."""
        if self._channels.pop(component, None) is not None:
            self._end_all(component, why)

    def was_reset(self, component: bytes, since_us: int) -> None:
        """Its core was reset, after `since_us` of uptime: it has forgotten all that was said, and is told of its rings
        once more when an app connects anew. A program that is not believed is not believed for that."""
        channel = self._channels.get(component)
        if channel is None or channel.side is None or channel.broken:
            return
        self._end_all(component, "the real-time app was reset")
        try:
            was_untaken = channel.side.lapse()
        except Fault as fault:
            self._break(channel, fault)
            return
        is_sure = channel.taken_us is not None and channel.taken_us < since_us
        channel.is_untouched = was_untaken or is_sure
        channel.is_lapsed, channel.is_masked, channel.taken_us = True, True, None

    def removed(self, component: bytes) -> None:
        """It is gone for good: nobody waits for it."""
        self._end_all(component, "the real-time app was removed")

    def connect(self, owner: bytes, peer: bytes) -> Connection:
        """A connection of app `owner` to real-time app `peer`; the caller has checked that both manifests allow it.

        One that does not run yet is waited for. Raises NoDevice, Busy if they are connected, Closed if the peer has
        broken the rings, and the faults of the monitor.
        """
        if self._device is None:
            raise NoDevice("this board has no real-time cores", "kernel", "intercore.device")
        if (owner, peer) in self._connections:
            raise Busy("the two are connected", "kernel", "intercore.once", "one connection of a pair", "close it first")
        channel = self._channels.get(peer)
        if channel is not None and channel.broken:
            raise Closed(channel.broken, "kernel", "intercore.broken", remedy="wait until the real-time app has restarted")
        connection = Connection(self, owner, peer)
        self._connections[(owner, peer)] = connection
        try:
            if channel is not None:
                self._open(channel)
        except Fault:
            del self._connections[(owner, peer)]
            raise
        return connection

    def forget(self, connection: Connection) -> None:
        """The app has closed it."""
        if self._connections.get((connection.owner, connection.peer)) is connection:
            del self._connections[(connection.owner, connection.peer)]
            self.wake()  # others may have waited behind it

    def wake(self) -> None:
        """There may be something to take that was left."""
        self._is_woken = True
        self._wake()

    def push(self, component: bytes) -> None:
        """Send what waits for a real-time app, as far as there is room."""
        channel = self._channels.get(component)
        if channel is None or channel.broken or not self._of(component):
            return
        try:
            self._open(channel)
            self._give(channel)
        except Fault as fault:
            self._break(channel, fault)

    # -- the kernel's step --------------------------------------------------------------------------------

    def attend(self) -> None:
        """Look at every channel that may have rung or is due. Called by each step, so the mailbox is asked only now and
        then: where it is another process's an answer takes its time."""
        was_woken, self._is_woken = self._is_woken, False
        now = self._clock.uptime_us()
        for component in sorted(self._channels):
            channel = self._channels[component]
            is_due = was_woken or now >= channel.due_us
            if channel.side is None or channel.broken or channel.is_lapsed:
                continue
            if is_due or not channel.is_masked:
                try:
                    self._attend(channel, channel.side, is_due)
                except Fault as fault:
                    self._break(channel, fault)

    def next_us(self) -> int | None:
        """When `attend` is to be called although nothing rang."""
        if self._is_woken:
            return self._clock.uptime_us()
        dues = [
            one.due_us for one in self._channels.values() if one.side is not None and not (one.broken or one.is_lapsed)
        ]  # fmt: skip
        return min(dues) if dues else None

    def _attend(self, channel: Channel, side: wire.MainSide, is_due: bool) -> None:
        has_changed = channel.has_changed(side.header())
        if is_due or channel.peeks >= MOST_PEEKS:
            channel.peeks = 0
            if channel.taken_us is None and side.is_taken():
                channel.taken_us = self._clock.uptime_us()
            self._look(channel, side, bool(side.attend()))
        elif has_changed:
            side.hush()
            self._look(channel, side, True)

    def _look(self, channel: Channel, side: wire.MainSide, has_rung: bool) -> None:
        if not self._of(channel.component):
            self._drop(channel, side)
            return
        taken, strays = self._take(channel, side)
        is_idle = not taken and side.room() == channel.room
        self._give(channel)
        waste = strays + (RESET_WASTE * (side.resets - channel.resets) if is_idle else 0)
        channel.resets = side.resets
        now = self._clock.uptime_us()
        is_useless = channel.rang_for_nothing(has_rung, not is_idle)
        if not channel.may_go_on(is_useless, waste, now):
            raise Invalid("it rings for nothing and writes to nobody without end", "", "intercore.flood")
        self._end_stuck(channel, side)
        self._hear(channel, side, channel.is_heard(has_rung, is_useless, now))

    def _drop(self, channel: Channel, side: wire.MainSide) -> None:
        """Nobody is connected: what it says is dropped unread, and its doorbells are not heard."""
        channel.is_dropping = True
        has_said = side.skip()
        self._hear(channel, side, False)
        self._again(channel, "poll_ms" if has_said else "task_poll_ms")

    def _take(self, channel: Channel, side: wire.MainSide) -> tuple[int, int]:
        """(messages taken, of those for nobody)."""
        mine = self._of(channel.component)
        taken = strays = 0
        while taken < AT_ONCE and not [1 for one in mine if one.is_full]:
            found = side.receive()
            if found is None:
                return taken, strays
            owner, payload = found
            taken += 1
            if (owner, channel.component) in self._connections:
                self._connections[(owner, channel.component)].take(payload)
            else:
                strays += 1
                self._tell_stray(channel, owner)
        self._is_woken = self._is_woken or (taken == AT_ONCE and not channel.is_masked)
        return taken, strays

    def _give(self, channel: Channel) -> None:
        """Send what waits, one message of each app in turn."""
        side, has_sent = channel.side, True
        while side is not None and has_sent:
            has_sent = False
            for one in self._of(channel.component):
                if one.outgoing and side.send(one.owner, one.outgoing[0]):
                    one.sent()
                    has_sent = True
        if side is not None:
            channel.room = side.room()

    def _hear(self, channel: Channel, side: wire.MainSide, is_heard: bool) -> None:
        """Let its doorbells interrupt, or look at intervals."""
        if channel.is_masked == is_heard:
            side.listen(is_heard)
        channel.is_masked = not is_heard
        self._again(channel, "task_poll_ms" if is_heard else "poll_ms")

    def _again(self, channel: Channel, setting: str) -> None:
        channel.due_us = self._clock.uptime_us() + self._config[setting] * 1000

    # -- beginnings and ends ------------------------------------------------------------------------------

    def _open(self, channel: Channel) -> None:
        """Make the rings for the first app that connects; for a later one after a pause, begin at what comes now."""
        if channel.side is None:
            address, length = self._monitor.realtime_share(channel.component)
            device = self._device
            if device is None or length < 2 * RING or address < SYSRAM:
                raise Invalid("no room for rings: {} bytes at {:#x}".format(length, address), "kernel", "intercore.share")
            mailbox = Mailbox(device, FIRST_CORE + channel.core)
            channel.side = wire.MainSide(mailbox, device, SYSRAM, (address, address + RING))
            channel.side.offer()
            channel.room = channel.side.room()
            self._again(channel, "task_poll_ms")
        elif channel.is_lapsed:
            channel.is_lapsed = channel.is_masked = channel.is_dropping = False
            channel.side.offer_again(channel.is_untouched)
            self._again(channel, "task_poll_ms")
        elif channel.is_dropping:
            channel.is_dropping = False
            channel.side.skip()
            self._hear(channel, channel.side, True)

    def _of(self, component: bytes) -> list[Connection]:
        """The connections to a real-time app, in order of their apps."""
        return [self._connections[pair] for pair in sorted(self._connections) if pair[1] == component]

    def _end_all(self, component: bytes, why: str) -> None:
        for one in self._of(component):
            self._end(one, why)

    def _end(self, connection: Connection, why: str) -> None:
        connection.end(why)
        self.forget(connection)

    def _end_stuck(self, channel: Channel, side: wire.MainSide) -> None:
        """End connections that kept others waiting for too long: one that the real-time app does not read, or the
        app."""
        now = self._clock.uptime_us()
        for one in self._of(channel.component):
            if not (one.outgoing or (one.is_full and side.waiting())):
                one.stuck_us = None
            elif one.stuck_us is None:
                one.stuck_us = now
            elif now - one.stuck_us >= self._config["intercore_stall_ms"] * 1000:
                self._end_unread(one, one.peer if one.outgoing else one.owner)

    def _end_unread(self, connection: Connection, culprit: bytes) -> None:
        seconds = self._config["intercore_stall_ms"] // 1000
        fault = Denied(
            "{} has read nothing for {} s".format(to_text(culprit), seconds), "kernel", "intercore.unread",
            "intercore_stall_ms={}".format(self._config["intercore_stall_ms"]), "read what comes, or close the connection",
        )  # fmt: skip
        self._journal.say("a connection ends: " + fault.reason)
        self._journal.denied(culprit, fault)
        self._end(connection, fault.reason)

    def _break(self, channel: Channel, fault: Fault) -> None:
        """Believe it no more, and end its connections."""
        why = "the real-time app is not believed any more: " + fault.reason
        channel.broken = why
        self._journal.say("{}: {}".format(to_text(channel.component), why))
        self._journal.denied(channel.component, Denied(why, "kernel", fault.rule, fault.policy, KEEP_TO_IT))
        try:
            if channel.side is not None:
                channel.side.withdraw()
        except Fault as also:
            self._journal.say("its mailbox does not answer: " + also.reason)
        self._end_all(channel.component, why)

    def _tell_stray(self, channel: Channel, owner: bytes) -> None:
        if not channel.is_stray_told:
            channel.is_stray_told = True
            words = "{} writes to {}, which is not connected: dropped"
            self._journal.say(words.format(to_text(channel.component), to_text(owner)))
