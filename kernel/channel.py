"""The secure channel: one HTTP exchange over one TLS connection to the service, without blocking.

The server is checked against the roots of the verified certificate store. Where the device proves
itself, the private key is in Pluton: the monitor is asked for the signature.
"""

from __future__ import annotations

from ..wire import http
from ..wire.fault import Closed, Failed, Unreachable
from .daemon import Until
from .streams import CLOSED, CONNECTING, FAILED, OPEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..hal.interface import Clock, Network
    from ..wire.suite import Suite
    from ..wire.tls import Client
    from .daemon import Steps

MOST_BODY = 128 * 1024
MOST_RECEIVED = 192 * 1024  # bytes of one exchange: the body, and what TLS and HTTP put around it
BLOCK = 4000


class Channel:
    """How to reach one host. `random(n)` gives n random bytes; `poll_us` is how often a stream is looked at."""

    def __init__(
        self, network: Network, clock: Clock, suite: Suite, random: Callable[[int], bytes],
        roots: Sequence[bytes], poll_us: int,
    ) -> None:  # fmt: skip
        self._network = network
        self._clock = clock
        self._suite = suite
        self._random = random
        self._roots = roots
        self._poll_us = poll_us

    def exchange(
        self, host: str, port: int, request: bytes, due_us: int,
        chain: Sequence[bytes] = (), sign: Callable[[bytes], bytes] | None = None,
    ) -> Steps[http.ResponseParser]:  # fmt: skip
        """The whole response to `request`. With `chain` and `sign` the device proves itself.

        Raises Unreachable, Untrusted, Expired, Failed, Invalid; Failed at `due_us` at the latest, so a
        server that answers slower and slower holds nothing for long.
        """
        from ..wire.tls import Client  # a third of the kernel's code, not needed before the first connection

        tls = Client(
            self._suite, self._random, host, self._roots, self._clock.unix_ms(), chain, sign, ("http/1.1",)
        )
        yield Until(self._clock.uptime_us())  # others have their turn, however fast the network is
        stream = self._network.open(host, port)
        try:
            line = _Line(self._network, self._clock, stream, tls, due_us, self._poll_us)
            yield from line.connect(host)
            tls.start()
            yield from line.carry(lambda: tls.is_open)
            tls.send(request)
            response = http.ResponseParser(most_body=MOST_BODY)
            yield from line.carry(lambda: take(tls, response))
            tls.close()
            line.flush()
            return response
        finally:
            self._network.close(stream)


class _Line:
    """One open stream with TLS over it. `rest` is what TLS wants sent and the network has not taken."""

    def __init__(self, network: Network, clock: Clock, stream: int, tls: Client, due_us: int, poll_us: int) -> None:
        self._network = network
        self._clock = clock
        self._stream = stream
        self._tls = tls
        self._due_us = due_us
        self._poll_us = poll_us
        self._rest = b""
        self._received = 0

    def connect(self, host: str) -> Steps[None]:
        """Until the stream is open. Raises Unreachable, Failed when time is up."""
        while True:
            state, _ = self._network.status(self._stream)
            if state == OPEN:
                return
            if state in (CLOSED, FAILED):
                raise Unreachable(host + " does not answer", "kernel", "channel.connect")
            yield from self._wait(CONNECTING)

    def carry(self, is_done: Callable[[], bool]) -> Steps[None]:
        """Carry bytes both ways until `is_done()`. Raises Failed when time is up, or the server has sent more
        than any answer takes: one that never comes to an end holds nobody for long."""
        while True:
            self.flush()
            if is_done():
                return
            data = self._network.receive(self._stream, BLOCK)
            if data:
                self._feed(data)
                yield from self._pause(0)
            elif self._rest:
                yield from self._pause(self._poll_us)
            else:
                self._require_open()
                yield from self._wait(OPEN)

    def flush(self) -> None:
        """Send what the network takes. A stream that is gone takes nothing: what its peer had sent before may
        still be read, and its end is seen there."""
        self._rest += self._tls.outgoing()
        try:
            while self._rest:
                sent = self._network.send(self._stream, self._rest[:BLOCK])
                if not sent:
                    break
                self._rest = self._rest[sent:]
        except Closed:
            self._rest = b""

    def _feed(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > MOST_RECEIVED:
            raise Failed("the server sends without end", "kernel", "channel.length")
        try:
            self._tls.feed(data)
        finally:
            if self._tls.is_closed:
                self.flush()  # the alert that says why

    def _require_open(self) -> None:
        state, readable = self._network.status(self._stream)
        if state != OPEN and not readable:
            self._tls.end()  # raises unless the server said goodbye
            raise Failed("the server closed the connection too early", "kernel", "channel.answer")

    def _pause(self, pause_us: int) -> Steps[None]:
        self._require_time()
        yield Until(self._clock.uptime_us() + pause_us)

    def _wait(self, state: int) -> Steps[None]:
        """Until the stream has bytes or leaves `state`."""
        self._require_time()
        yield Until(self._due_us, lambda: self._network.status(self._stream) != (state, 0), self._poll_us)

    def _require_time(self) -> None:
        if self._clock.uptime_us() >= self._due_us:
            raise Failed("the server took too long", "kernel", "channel.time")


def take(tls: Client, response: http.ResponseParser) -> bool:
    """Hand on what TLS received. Whether the response is whole."""
    data = tls.received()
    if data:
        response.feed(data)
    return bool(response.is_complete)
