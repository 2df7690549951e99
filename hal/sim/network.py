"""Network: streams to hosts known by name, with peers that are objects of this process.

Nothing here opens a socket, so two runs are the same. `host_network` is the one that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Closed, Full, Invalid, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    class Peer(Protocol):
        """The other end of one stream."""

        is_closed: bool

        def feed(self, data: bytes) -> None:
            """Take what the device sent; b"" says that the device closed the stream."""

        def take(self) -> bytes:
            """What is to be sent to the device now."""


CONNECTING, OPEN, CLOSED, FAILED = 0, 1, 2, 3
STREAMS = 16
WINDOW = 65536  # bytes arrived and not yet received, after which a peer is not asked for more


class Streams:
    """Numbers for at most 16 streams: the smallest free one first, as a socket engine gives them."""

    def __init__(self) -> None:
        self._streams: dict[int, Any] = {}  # Any: what a stream is, the network knows

    def add(self, stream: Any) -> int:
        """The number of a new stream."""
        self.require_room()
        number = min([n for n in range(STREAMS) if n not in self._streams])
        self._streams[number] = stream
        return number

    def require_room(self) -> None:
        """Raise Full if every number is taken."""
        if len(self._streams) >= STREAMS:
            raise Full("all " + str(STREAMS) + " streams are open", "hal", "network.streams", "streams<=16", "close one")

    def find(self, number: int) -> Any:
        """The stream with `number`. Raises Closed."""
        if number not in self._streams:
            raise Closed("no stream " + str(number))
        return self._streams[number]

    def remove(self, number: int) -> Any:
        """Free the number of a stream, which is returned. Raises Closed."""
        stream = self.find(number)
        del self._streams[number]
        return stream

    def all(self) -> list[Any]:
        """Every open stream, by number."""
        return [self._streams[number] for number in sorted(self._streams)]


def unknown(host: str, port: int) -> Unreachable:
    """The refusal of a name that is not in the table."""
    return Unreachable(
        host + ":" + str(port) + " is not known here", "hal", "network.hosts", "the board's network table",
        "name the host in the board's network table",
    )  # fmt: skip


class LinkedNetwork:
    """Satisfies `hal.interface.Network`: `peers` maps (host, port) to a function that makes a Peer.

    A factory that returns None is a host that does not answer: the stream fails. Names are compared
    in lower case.
    """

    def __init__(self, peers: Mapping[tuple[str, int], Callable[[], Peer | None]]) -> None:
        self._peers = {(host.lower(), port): factory for (host, port), factory in peers.items()}
        self._streams = Streams()

    def name(self, host: str, port: int, factory: Callable[[], Peer | None]) -> None:
        """Add or replace a host."""
        self._peers[(host.lower(), port)] = factory

    def open(self, host: str, port: int) -> int:
        """Begin a connection. Raises Unreachable, Full."""
        self._streams.require_room()
        factory = self._peers.get((host.lower(), port))
        if factory is None:
            raise unknown(host, port)
        return self._streams.add(_Linked(factory()))

    def status(self, stream: int) -> tuple[int, int]:
        """(state, readable)."""
        linked = self._streams.find(stream)
        linked.pump()
        return linked.state(), 1 if linked.arrived else 0

    def send(self, stream: int, data: bytes) -> int:
        """How many bytes were taken: all. Raises Closed unless the stream is open."""
        linked = self._streams.find(stream)
        linked.pump()
        if linked.peer is None or linked.peer.is_closed:
            raise Closed("the peer of stream " + str(stream) + " is gone")
        if data:
            linked.peer.feed(bytes(data))
        return len(data)

    def receive(self, stream: int, length: int) -> bytes:
        """What has arrived, at most `length` bytes; empty if nothing."""
        linked = self._streams.find(stream)
        if length < 0:
            raise Invalid("a length of " + str(length))
        linked.pump()
        data = bytes(linked.arrived[:length])
        linked.arrived = linked.arrived[length:]
        return data

    def close(self, stream: int) -> None:
        """Close; the peer is told."""
        peer = self._streams.remove(stream).peer
        if peer is not None and not peer.is_closed:
            peer.feed(b"")

    def readers(self) -> list[int]:
        """File descriptors to wait for: none."""
        return []

    def writers(self) -> list[int]:
        """File descriptors to wait for until they can be written: none."""
        return []

    def reset(self) -> None:
        """What a reset does: every stream breaks off."""
        for linked in self._streams.all():
            if linked.peer is not None and not linked.peer.is_closed:
                linked.peer.feed(b"")
        self._streams = Streams()


class _Linked:
    """One stream: its peer, or None if the host did not answer, and what has arrived."""

    def __init__(self, peer: Peer | None) -> None:
        self.peer = peer
        self.arrived = bytearray()

    def pump(self) -> None:
        if self.peer is not None and len(self.arrived) < WINDOW:
            self.arrived.extend(self.peer.take())

    def state(self) -> int:
        if self.peer is None:
            return FAILED
        return CLOSED if self.peer.is_closed and not self.arrived else OPEN
