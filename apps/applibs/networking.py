"""Networking: connections to the hosts of the manifest, plain or by TLS (the sockets of libc and
`libtlsutils` of Azure Sphere). Needs the host in Capabilities.AllowedConnections.

    stream = await networking.connect_tls("api.example.com", 443, device_auth=True)
    await stream.send_all(request)
"""

from __future__ import annotations

from ... import native
from ...wire.fault import Fault
from . import application, deviceauth
from .errors import EHOSTUNREACH, ETIMEDOUT, Refusal, ask
from .eventloop import CLOSED, TIMEOUT, next_event, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...wire.tls import Client

PART = 4000  # bytes that one call moves
PAUSE = 0.05  # seconds before a peer that takes nothing is tried again


class Stream:
    """A TCP connection; `handle` is for the event loop. `send` and `receive` return at once."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def send(self, data: bytes) -> int:
        """How many bytes were taken. Raises OSError (EAGAIN while connecting, EBADF after the end)."""
        return ask(lambda kernel: kernel.net_send(self.handle, bytes(data[:PART])))

    def receive(self, length: int = PART) -> bytes | None:
        """What has arrived, at most `length` bytes; empty if nothing; None once the peer has closed."""
        is_open, data = ask(lambda kernel: kernel.net_receive(self.handle, min(length, PART)))
        return data if is_open or data else None

    async def send_all(self, data: bytes, timeout: float = 30) -> None:
        """Send all of it. Raises OSError (ETIMEDOUT if the peer takes nothing for so long)."""
        idle = 0.0
        while data:
            sent = self.send(data)
            data = data[sent:]
            idle = 0.0 if sent else idle + PAUSE
            if idle > timeout:
                raise OSError(ETIMEDOUT, "nothing was taken for {} s".format(timeout))
            if not sent:
                await sleep(PAUSE)

    async def receive_some(self, timeout: float = 30) -> bytes:
        """At least one byte, or empty once the peer has closed. Raises OSError (ETIMEDOUT)."""
        while True:
            data = self.receive()
            if data is None:
                return b""
            if data:
                return data
            if (await next_event([self], timeout)).kind == TIMEOUT:
                raise OSError(ETIMEDOUT, "nothing came for {} s".format(timeout))

    def close(self) -> None:
        """Close. Closing twice does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            ask(lambda kernel: kernel.close(handle))


class TlsStream:
    """A TLS 1.3 connection to a server that proved to be the host. Bytes are as in `Stream`, but awaited."""

    def __init__(self, stream: Stream, tls: Client) -> None:
        self._stream = stream
        self._tls = tls
        self.handle = stream.handle

    async def send_all(self, data: bytes, timeout: float = 30) -> None:
        """Send all of it. Raises OSError."""
        _translate(lambda: self._tls.send(data))
        await self._stream.send_all(self._tls.outgoing(), timeout)

    async def receive_some(self, timeout: float = 30) -> bytes:
        """At least one byte, or empty once the server said goodbye. Raises OSError, also if the
        connection was cut without a goodbye."""
        while True:
            data = self._tls.received()
            if data or self._tls.is_closed:
                return data
            await self._turn(timeout)

    def close(self) -> None:
        """Say goodbye and close."""
        self._tls.close()
        if self._stream.handle:
            try:
                self._stream.send(self._tls.outgoing())
            except OSError:
                pass  # the peer is gone already
        self._stream.close()
        self.handle = 0

    async def handshake(self, timeout: float) -> None:
        """Until the connection is open."""
        _translate(self._tls.start)
        await self._stream.send_all(self._tls.outgoing(), timeout)
        while not self._tls.is_open:
            await self._turn(timeout)

    async def _turn(self, timeout: float) -> None:
        """Take what comes, and send what answers it."""
        data = await self._stream.receive_some(timeout)
        try:
            _translate(lambda: self._tls.feed(data) if data else self._tls.end())
        finally:
            await self._answer(timeout)

    async def _answer(self, timeout: float) -> None:
        """Send what the protocol wants sent. Once it has ended, whether the last word arrives is no matter."""
        try:
            await self._stream.send_all(self._tls.outgoing(), timeout)
        except OSError:
            if not self._tls.is_closed:
                raise


async def connect(host: str, port: int, timeout: float = 30) -> Stream:
    """A TCP connection to a host of the manifest. Raises OSError (EACCES, EHOSTUNREACH, ETIMEDOUT)."""
    stream = Stream(ask(lambda kernel: kernel.net_connect(host, port)))
    event = await next_event([stream], timeout)
    if event.kind == TIMEOUT or event.kind == CLOSED:
        stream.close()
        code = ETIMEDOUT if event.kind == TIMEOUT else EHOSTUNREACH
        raise OSError(code, host + " does not answer")
    return stream


async def connect_tls(
    host: str, port: int = 443, device_auth: bool = False, timeout: float = 30, alpn: Sequence[str] = ()
) -> TlsStream:
    """A TLS connection, the server checked against the system's roots. With `device_auth` the device
    shows the app's certificate (DeviceAuth_SslCtxFunc). Raises OSError as `connect`, EPERM if the
    server is not who it should be."""
    from ...wire.tls import Client  # most of the libraries' code, for apps that ask for it

    roots = deviceauth.trusted_roots()
    chain = deviceauth.certificate_chain_der() if device_auth else []
    unix_ms = int(application.unix_time() * 1000)
    stream = await connect(host, port, timeout)
    secure = TlsStream(stream, Client(
        native, application.random, host, roots, unix_ms, chain, deviceauth.sign if device_auth else None, alpn
    ))  # fmt: skip
    try:
        await secure.handshake(timeout)
    except BaseException:
        stream.close()
        raise
    return secure


def _translate(step: Callable[[], None]) -> None:
    try:
        step()
    except Fault as fault:
        raise Refusal(fault)
