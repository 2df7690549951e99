"""Overreach: asks for what its manifest does not grant, and logs why it was refused."""

from __future__ import annotations

from applibs import application, deviceauth, eventloop, gpio, log, networking, storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = (
    ("drive GPIO 9", lambda: gpio.open_as_output(9)),
    ("read a file outside of the package", lambda: storage.open_file_in_image_package("../../etc/passwd")),
    ("open a mutable file", lambda: storage.open_mutable_file()),
    ("ask for a certificate", lambda: application.is_device_auth_ready()),
    ("sign as a tenant", lambda: deviceauth.sign(bytes(32))),
)


def attempt(what: str, action: Callable[[], object]) -> None:
    """Try it, and log the refusal. An attempt that succeeds is a hole in the device: crash."""
    try:
        action()
    except OSError as error:
        log.debug("refused to %s: %s", what, error)
        return
    raise RuntimeError("was allowed to " + what)


async def main() -> None:
    for what, action in ATTEMPTS:
        attempt(what, action)
    try:
        await networking.connect("evil.example", 443)
    except OSError as error:
        log.debug("refused to connect to evil.example: %s", error)
    else:
        raise RuntimeError("was allowed to connect to evil.example")
    log.debug("overreach: every attempt was refused")
    while True:
        await eventloop.sleep(3600)
