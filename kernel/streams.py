"""Streams: TCP connections of apps, to hosts of their manifests only.

The host is checked before any name is looked up, and the connection stays the one that was opened:
a stream is never resolved or connected again. Each app has a share of the radio's streams that the
others cannot take, and some are kept for the kernel's own daemons.
"""

from __future__ import annotations

from ..wire.fault import Again, Closed, Full
from . import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Network

CONNECTING, OPEN, CLOSED, FAILED = 0, 1, 2, 3  # of `hal.interface.Network`
MOST = 8  # of one app
KEPT = 4  # for the daemons


class Stream:
    """An open connection."""

    kind = "stream"

    def __init__(self, streams: Streams, owner: bytes, number: int) -> None:
        self._streams = streams
        self._network = streams.network
        self._owner = owner
        self._number = number
        self._is_told = False  # of having connected

    def send(self, data: bytes) -> int:
        """How many bytes were taken. Raises Again while connecting, Closed once the peer is gone."""
        state, _ = self._network.status(self._number)
        if state == CONNECTING:
            raise Again("still connecting", "kernel", "stream.state", remedy="wait for CONNECTED")
        if state != OPEN:
            raise Closed("the peer is gone", "kernel", "stream.state")
        return self._network.send(self._number, data)

    def receive(self, length: int) -> tuple[int, bytes]:
        """(1 while more may come, at most `length` bytes of what has arrived)."""
        state, readable = self._network.status(self._number)
        if readable or state in (OPEN, CLOSED):
            data = self._network.receive(self._number, length)
            return int(bool(data) or state == OPEN), data
        return int(state == CONNECTING), b""

    def event(self) -> int:
        """CONNECTED once, then READABLE while bytes wait, CLOSED when none will come; else 0."""
        state, readable = self._network.status(self._number)
        if readable:
            self._is_told = True
            return abi.READABLE
        if state in (CLOSED, FAILED):
            return abi.CLOSED
        if state == OPEN and not self._is_told:
            self._is_told = True
            return abi.CONNECTED
        return 0

    def close(self) -> None:
        self._streams.release(self._owner)
        self._network.close(self._number)


class Streams:
    """How many streams each app holds. `most` is what the radio has."""

    def __init__(self, network: Network, most: int) -> None:
        self.network = network
        self._most = most
        self._counts: dict[bytes, int] = {}

    def open(self, owner: bytes, host: str, port: int, sharers: int) -> Stream:
        """Begin a connection for component `owner`; `sharers` apps may use the network.

        Raises Full if the app's share is used up, Unreachable if the name is unknown.
        """
        share = max(1, min(MOST, (self._most - KEPT) // max(1, sharers)))
        if self._counts.get(owner, 0) >= share:
            raise Full(
                "all {} streams of this app are open".format(share), "kernel", "stream.share",
                "{} streams for each of {} apps".format(share, sharers), "close one",
            )  # fmt: skip
        number = self.network.open(host, port)
        self._counts[owner] = self._counts.get(owner, 0) + 1
        return Stream(self, owner, number)

    def release(self, owner: bytes) -> None:
        """One stream fewer."""
        self._counts[owner] -= 1
        if not self._counts[owner]:
            del self._counts[owner]
