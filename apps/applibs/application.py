"""Application: the app as a whole (Applibs `application.h`, `applications.h`), and real-time apps to talk to.

    connection = application.connect("005180bc-402f-4cb3-a662-72937dbcde47")
    connection.send(b"Read-ADC")
    reply = await connection.receive_some()
"""

from __future__ import annotations

from ...wire import guid
from ...wire.fault import Invalid
from .errors import EADDRINUSE, ECONNRESET, EINVAL, EMSGSIZE, ETIMEDOUT, ask
from .eventloop import TIMEOUT, next_event

MOST = 1024  # bytes of a message
ERRNOS = {"intercore.closed": ECONNRESET, "intercore.broken": ECONNRESET, "intercore.once": EADDRINUSE}


class Connection:
    """A connection to a real-time app; `handle` is for the event loop, which tells READABLE and CLOSED.

    What is sent and received are whole messages.
    """

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def send(self, data: bytes) -> None:
        """Send a message of 1 to 1024 bytes. Raises OSError: EMSGSIZE if it is longer, EINVAL if it is empty, EAGAIN
        while 16 KiB wait for the real-time app to read, ECONNRESET once that has ended, EBADF after `close`."""
        if not 0 < len(data) <= MOST:
            raise OSError(EMSGSIZE if data else EINVAL, "a message has 1 to {} bytes, not {}".format(MOST, len(data)))
        ask(lambda kernel: kernel.app_send(self.handle, bytes(data)), ERRNOS)

    def receive(self) -> bytes | None:
        """The next message; None if nothing has come. Raises OSError (ECONNRESET once the real-time app has ended and
        all was read, EBADF)."""
        state, data = ask(lambda kernel: kernel.app_receive(self.handle))
        if state == 2:
            raise OSError(ECONNRESET, "the real-time app has ended")
        return data if state else None

    async def receive_some(self, timeout: float = 30) -> bytes:
        """The next message. Raises OSError (ETIMEDOUT, ECONNRESET, EBADF)."""
        while True:
            data = self.receive()
            if data is not None:
                return data
            if (await next_event([self], timeout)).kind == TIMEOUT:
                raise OSError(ETIMEDOUT, "nothing came for {} s".format(timeout))

    def close(self) -> None:
        """Close. Closing twice does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            ask(lambda kernel: kernel.close(handle))

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def connect(component_id: str) -> Connection:
    """Connect to a real-time app by its component id (Application_Connect). One that does not run yet is waited for: what
    is sent meanwhile waits, too.

    Raises OSError: EINVAL if it is no id, EACCES unless AllowedApplicationConnections of both manifests name the other,
    ENOENT if it is not installed, EADDRINUSE if the two are connected, ENODEV on a board without real-time cores.
    """
    try:
        component = guid.to_bytes(component_id)
    except Invalid as fault:
        raise OSError(EINVAL, repr(component_id) + ": " + fault.reason)
    return Connection(ask(lambda kernel: kernel.app_connect(component), ERRNOS))


def is_device_auth_ready() -> bool:
    """Whether the app's certificate is there (Application_IsDeviceAuthReady).

    Raises OSError (EACCES) without Capabilities.DeviceAuthentication.
    """
    return ask(lambda kernel: kernel.is_device_auth_ready())


def random(length: int) -> bytes:
    """Random bytes from Pluton (getrandom)."""
    out = bytearray()
    while len(out) < length:
        out.extend(_random(min(1024, length - len(out))))
    return bytes(out)


def _random(length: int) -> bytes:
    return ask(lambda kernel: kernel.random(length))


def unix_time() -> float:
    """Seconds since 1970-01-01 UTC (clock_gettime, CLOCK_REALTIME)."""
    return ask(lambda kernel: kernel.clock())[1] / 1000
