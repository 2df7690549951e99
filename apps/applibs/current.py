"""Whose app is running: the port that the library functions use.

Several apps may share one interpreter (linked and portable mode), so the runtime sets `app.port` before
it resumes an app and takes it away afterwards. This is the one changeable thing in a module here; it
carries no authority of its own, since a port is only ever the running app's.
"""

from __future__ import annotations

from ...wire.fault import EPERM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...kernel.port import KernelPort


class Current:
    """`port` is the running app's, or None while none runs."""

    def __init__(self) -> None:
        self.port: KernelPort | None = None


app = Current()


def port() -> KernelPort:
    """The running app's port. Raises OSError (EPERM) outside of an app."""
    if app.port is None:
        raise OSError(EPERM, "no app is running")
    return app.port
