"""Application: the app as a whole (Applibs `application.h`, `applications.h`)."""

from __future__ import annotations

from .errors import ask


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
