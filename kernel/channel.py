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
            yield from self._connect(stream, host, due_us)
            tls.start()
            yield from self._pump(stream, tls, due_us, lambda: tls.is_open)
            tls.send(request)
            response = http.ResponseParser(most_body=MOST_BODY)
            yield from self._pump(stream, tls, due_us, lambda: self._take(tls, response))
            tls.close()
            self._flush(stream, tls.outgoing())
            return response
        finally:
            self._network.close(stream)

    def _connect(self, stream: int, host: str, due_us: int) -> Steps[None]:
        while True:
            state, _ = self._network.status(stream)
            if state == OPEN:
                return
            if state in (CLOSED, FAILED):
                raise Unreachable(host + " does not answer", "kernel", "channel.connect")
            yield from self._wait(stream, due_us, CONNECTING)

    def _pump(self, stream: int, tls: Client, due_us: int, is_done: Callable[[], bool]) -> Steps[None]:
        """Carry bytes both ways until `is_done()`."""
        rest = b""
        while True:
            rest = self._flush(stream, rest + tls.outgoing())
            if is_done():
                return
            data = self._network.receive(stream, BLOCK)
            if data:
                self._feed(stream, tls, data)
                continue
            state, _ = self._network.status(stream)
            if state != OPEN:
                tls.end()  # raises unless the server said goodbye
                raise Failed("the server closed the connection too early", "kernel", "channel.answer")
            yield from self._wait(stream, due_us, OPEN)

    def _feed(self, stream: int, tls: Client, data: bytes) -> None:
        try:
            tls.feed(data)
        finally:
            if tls.is_closed:
                self._flush(stream, tls.outgoing())  # the alert that says why

    def _take(self, tls: Client, response: http.ResponseParser) -> bool:
        data = tls.received()
        if data:
            response.feed(data)
        return bool(response.is_complete)

    def _flush(self, stream: int, data: bytes) -> bytes:
        """Send what the network takes; what is left. A stream that is gone takes nothing."""
        try:
            while data:
                sent = self._network.send(stream, data[:BLOCK])
                if not sent:
                    break
                data = data[sent:]
        except Closed:
            pass  # what it sent before may still be read; its end is seen there
        return data

    def _wait(self, stream: int, due_us: int, state: int) -> Steps[None]:
        """Until the stream has bytes or leaves `state`. Raises Failed when time is up."""
        ready = yield Until(due_us, lambda: self._network.status(stream) != (state, 0), self._poll_us)
        if not ready:
            raise Failed("the server took too long", "kernel", "channel.time")
