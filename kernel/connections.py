"""Connections: an app's ends of what it says to real-time apps, and the rings of one that runs."""

from __future__ import annotations

from ..wire import intercore as wire
from ..wire.fault import Again, Closed
from . import abi
from .journal import Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..hal.interface import Intercore as Device

    class Manager(Protocol):
        """What a connection tells."""

        def push(self, component: bytes) -> None:
            """Something is to be sent to the real-time app `component`."""

        def forget(self, connection: Connection) -> None:
            """The app has closed it."""

        def wake(self) -> None:
            """There may be something to do."""


MOST_WAITING = 16384  # bytes of a connection each way, as a socket of Azure Sphere has
# What is taken of a program without more ado. Beyond the first two its doorbells are masked and it is looked at every
# `poll_ms`; beyond the other two it is not believed any more.
USEFUL_BURST, USEFUL_PER_SECOND = 1000, 1000  # doorbells with which something had changed
USELESS_BURST, USELESS_PER_SECOND = 16, 20  # and without
NOTHING_BURST, NOTHING_PER_SECOND = 500, 10  # looks after a doorbell that found nothing
WASTE_BURST, WASTE_PER_SECOND = 2000, 50  # messages for nobody
CREDIT = 4  # doorbells without news after one with news that are not counted: what they rang for was seen already
MOST_PEEKS = 16  # at what it publishes, before its mailbox is asked whether it rings for nothing


class Connection:
    """An app's end: what a handle names. `why` is empty while it is open."""

    kind = "connection"

    def __init__(self, manager: Manager, owner: bytes, peer: bytes) -> None:
        self._manager = manager
        self.owner = owner
        self.peer = peer
        self.why = ""
        self.incoming: list[bytes] = []
        self.outgoing: list[bytes] = []
        self.waiting_in = self.waiting_out = 0  # bytes
        self.stuck_us: int | None = None  # since when nothing could be moved for want of room

    def send(self, data: bytes) -> None:
        """Send a message; it waits its turn while the ring is full. Raises Again if too much waits, Closed."""
        if self.why:
            raise Closed(self.why, "kernel", "intercore.closed", remedy="connect again")
        if self.waiting_out + cost(data) > MOST_WAITING:
            raise Again(
                "{} bytes wait for the real-time app to read".format(self.waiting_out), "kernel", "intercore.full",
                "at most {}".format(MOST_WAITING), "send it again later",
            )  # fmt: skip
        self.outgoing.append(data)
        self.waiting_out += cost(data)
        self._manager.push(self.peer)

    def sent(self) -> None:
        """The first that waited is in the ring."""
        self.waiting_out -= cost(self.outgoing.pop(0))
        self.stuck_us = None

    def receive(self) -> tuple[int, bytes]:
        """(1, message); (0, nothing) while none came; (2, nothing) once none will come."""
        if not self.incoming:
            return (2 if self.why else 0), b""
        was_full, data = self.is_full, self.incoming.pop(0)
        self.waiting_in -= cost(data)
        self.stuck_us = None
        if was_full:
            self._manager.wake()  # the ring may have waited for room here
        return 1, data

    def take(self, data: bytes) -> None:
        """A message came."""
        self.incoming.append(data)
        self.waiting_in += cost(data)

    @property
    def is_full(self) -> bool:
        """Whether the largest message has no room here."""
        return self.waiting_in + wire.MOST + 2 * wire.GRAIN > MOST_WAITING

    def event(self) -> int:
        """READABLE while messages wait, CLOSED when none will come; else 0."""
        return abi.READABLE if self.incoming else abi.CLOSED if self.why else 0

    def end(self, why: str) -> None:
        """It ends at the other side: what came can still be read, what waits to be sent is lost."""
        self.why = why
        self.outgoing = []
        self.waiting_out = 0
        self.stuck_us = None

    def close(self) -> None:
        """The app lets go of it."""
        self.end("the app closed it")
        self._manager.forget(self)


class Mailbox:
    """This core's side of one mailbox, as `wire.MainSide` has it."""

    def __init__(self, device: Device, core: int) -> None:
        self._device = device
        self._core = core

    def read(self, offset: int) -> int:
        return self._device.mailbox_read(self._core, offset)

    def write(self, offset: int, value: int) -> None:
        self._device.mailbox_write(self._core, offset, value)


class Channel:
    """A real-time app that runs, and its rings: `side` is None until somebody has connected. `broken` says why it is
    not believed any more."""

    def __init__(self, component: bytes, core: int) -> None:
        self.component = component
        self.core = core
        self.side: wire.MainSide | None = None
        self.broken = ""
        self.is_masked = False  # its doorbells do not interrupt
        self.is_dropping = False  # nobody is connected, and what it says is not read
        self.is_stray_told = False
        self.taken_us: int | None = None  # when it was seen to have read of its rings
        self.is_lapsed = False  # it was reset, and has not been told of its rings again
        self.is_untouched = False  # and cannot have begun to use them since
        self.room = self.resets = self.peeks = 0  # at the last look, or since
        self.published = b""
        self._credit = CREDIT
        self.due_us = 0  # when to look again, whether or not it rings
        self._useful = Allowance(USEFUL_BURST, USEFUL_PER_SECOND)
        self._useless = Allowance(USELESS_BURST, USELESS_PER_SECOND)
        self._nothing = Allowance(NOTHING_BURST, NOTHING_PER_SECOND)
        self._waste = Allowance(WASTE_BURST, WASTE_PER_SECOND)

    def has_changed(self, published: bytes) -> bool:
        """Whether what it publishes is new."""
        is_new, self.published = published != self.published, published
        self.peeks = 0 if is_new else self.peeks + 1
        return is_new

    def rang_for_nothing(self, has_rung: bool, has_news: bool) -> bool:
        """Whether a doorbell is to be counted as one for nothing."""
        if has_news:
            self._credit = CREDIT
        elif has_rung:
            self._credit -= 1
        return has_rung and self._credit < 0

    def is_heard(self, has_rung: bool, is_useless: bool, now_us: int) -> bool:
        """Whether its doorbells may go on interrupting."""
        if not has_rung and not self.is_masked:
            return True
        return (self._useless if is_useless else self._useful).take(now_us)

    def may_go_on(self, is_useless: bool, waste: int, now_us: int) -> bool:
        """Whether so much work for nothing is put up with."""
        if is_useless and not self._nothing.take(now_us):
            return False
        for _ in range(waste):
            if not self._waste.take(now_us):
                return False
        return True


def cost(data: bytes) -> int:
    """What a message counts as: what it takes in a ring."""
    return wire.padded(wire.WORD + wire.ENVELOPE + len(data))
