"""The main core, played: for a program that is run alone and talks to apps.

It does what the main core's system does: tells of the rings, answers doorbells, and keeps what is for an app until
the app takes it. It answers a while after a doorbell, in virtual time, so a run can be repeated exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....wire import guid
from ....wire.fault import Full, Invalid
from ....wire.intercore import MOST, RING_BITS, MainSide
from .mailbox import SOFTWARE_LINE
from .time import MICROSECOND, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Core
    from .mailbox import Side

BASE, SIZE = 0x8000_0000, 0x1_0000  # the main core's SYSRAM
REACTION = 20 * MICROSECOND  # from a doorbell to its answer: the order of what an interrupt and a wake-up take
EVERY = 10 * MILLISECOND
MOST_KEPT = 16384  # bytes each way, as a socket of the main core's system has them


class _Mailbox:
    """A side of a mailbox as `MainSide` has it."""

    def __init__(self, side: Side) -> None:
        self._side = side

    def read(self, offset: int) -> int:
        return self._side.read(offset, 4)

    def write(self, offset: int, value: int) -> None:
        self._side.write(offset, 4, value)


class _Memory:
    """Memory as `MainSide` has it; `written(offset, data)` is told of changes."""

    def __init__(self, view: memoryview, written: Callable[[int, bytes], None]) -> None:
        self._view, self._written = view, written

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._view[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        self._view[offset : offset + len(data)] = data
        self._written(offset, data)


class Connection:
    """An app's connection to the program; `received` is what came for it and was not taken, oldest first."""

    def __init__(self, main: MainCore, component: bytes) -> None:
        self.component = component
        self.received: list[bytes] = []
        self.waiting: list[bytes] = []  # to be sent, once there is room
        self._main = main

    def send(self, payload: bytes) -> None:
        """Send a message of at most 1024 bytes; it waits if the ring is full. Raises Invalid: it is longer, or the
        program has broken the rings; Full if 16 KiB wait."""
        self.queue(payload)
        self._main.attend()
        self._main.check()

    def queue(self, payload: bytes) -> None:
        """As `send`, but at the next opportunity."""
        if len(payload) > MOST:
            raise Invalid(f"a message of {len(payload)} bytes is longer than {MOST}")
        if sum(map(len, self.waiting)) + len(payload) > MOST_KEPT:
            raise Full(f"{MOST_KEPT} bytes wait for the program to read")
        self.waiting.append(bytes(payload))

    @property
    def is_full(self) -> bool:
        """Whether so much waits, either way, that nothing more is taken from the program."""
        return max(sum(map(len, self.received)), sum(map(len, self.waiting))) > MOST_KEPT - MOST

    def receive(self) -> bytes | None:
        """The next message, or None. Raises Invalid if the program has broken the rings and nothing is left."""
        if not self.received:
            self._main.check()
            return None
        found = self.received.pop(0)
        self._main.attend()
        return found


class MainCore:
    """The main core beside `core`. Nothing is told to the program before the first `connect`.

    `heard(component, payload)` takes every message if it is given; else what is for an app that has not connected is
    dropped.
    """

    def __init__(self, core: Core, heard: Callable[[bytes, bytes], None] | None = None) -> None:
        self._core = core
        self._heard = heard
        self.memory = core.machine.map_ram(BASE, SIZE, "rw")
        self._side = MainSide(_Mailbox(core.a7), _Memory(self.memory, lambda offset, data: core.tell_written(BASE + offset, data)), BASE, (BASE, BASE + (1 << RING_BITS)))
        self._is_open = self._is_due = self._was_taken = False
        self._resets = core.resets
        self.connections: dict[bytes, Connection] = {}
        self.broken: Invalid | None = None  # why nothing more is believed
        core.a7.hear(self._interrupted)

    def connect(self, component: bytes) -> Connection:
        """A connection of the app `component` (16 bytes), as if both manifests allowed it."""
        if not self._is_open:
            self._is_open = True
            self._side.offer()
            self._arrange(EVERY, self._look)
        return self.connections.setdefault(component, Connection(self, component))

    def check(self) -> None:
        """Raise Invalid if the program has broken the rings."""
        if self.broken is not None:
            raise Invalid("the program broke the rings: " + self.broken.reason, "", self.broken.rule)

    def attend(self) -> None:
        """Take what is there, send what waits."""
        self._is_due = False
        if not self._is_open or self.broken is not None:
            return
        try:
            self._notice_reset()
            self._side.attend()
            self._take()
            self._give()
        except Invalid as fault:
            self.broken = fault
            self._side.withdraw()
            self._core.a7.log.once(f"{self._core.a7.name}: the program broke the rings: {fault.reason}")

    def _notice_reset(self) -> None:
        """A program whose core was reset is told of its rings again, empty ones if it cannot be at work in them yet. What
        the apps have not sent is for the new run."""
        if self._core.resets == self._resets:
            self._was_taken = self._side.is_taken()
            return
        self._resets = self._core.resets
        was_untaken = self._side.lapse()
        self._side.offer_again(was_untaken or self._was_taken)
        self._was_taken = False

    def _take(self) -> None:
        """Messages, until an app has too many that it did not read: then the ring fills up."""
        while not [1 for one in self.connections.values() if one.is_full]:
            found = self._side.receive()
            if found is None:
                return
            component, payload = found
            if self._heard is not None:
                self._heard(component, payload)
            elif component in self.connections:
                self.connections[component].received.append(payload)
            else:
                self._core.a7.log.once(f"{self._core.a7.name}: a message for {guid.to_text(component)}, which is not connected")

    def _give(self) -> None:
        """What waits, one message of each app in turn."""
        while True:
            sent = False
            for one in self.connections.values():
                if one.waiting and self._side.send(one.component, one.waiting[0]):
                    del one.waiting[0]
                    sent = True
            if not sent:
                return

    def _interrupted(self, line: int, level: bool) -> None:
        if line == SOFTWARE_LINE and level and not self._is_due:
            self._is_due = True
            self._arrange(REACTION, self.attend)

    def _look(self) -> None:
        """Now and then it looks, whether or not a doorbell rang: one that was reset cannot ring."""
        self.attend()
        if self.broken is None:
            self._arrange(EVERY, self._look)

    def _arrange(self, ticks: int, call: Callable[[], None]) -> None:
        scheduler = self._core.scheduler
        scheduler.at(scheduler.now + ticks, call, "the main core", is_outside=True)
