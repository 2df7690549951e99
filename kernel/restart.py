"""Restarts of the device that the kernel asks for: into an update, and when the cores must be divided anew.

A restart that nobody ordered from outside waits until this set of OS images has been confirmed: a set on
trial has two boots, and an app that fails must not use them up. If it is not confirmed, nothing restarts.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..monitor.port import MonitorPort
    from .daemon import Signal, Steps
    from .journal import Journal

RESET_UPDATE, RESET_DIVIDE = 1, 2  # reasons of a reset


class Restart:
    """The daemon. `due` is its signal; `keep()` puts on flash what is to outlive the restart."""

    def __init__(self, monitor: MonitorPort, keep: Callable[[], None], journal: Journal, due: Signal) -> None:
        self._monitor = monitor
        self._keep = keep
        self._journal = journal
        self._due = due
        self._why = ""
        self._is_confirmed = False

    def want(self, why: str) -> None:
        """Restart as soon as may be; `why` in words."""
        self._why = self._why or why
        self._due.set()

    def confirmed(self) -> None:
        """The monitor has been told that this set of OS images works."""
        self._is_confirmed = True
        self._due.set()

    def run(self) -> Steps[None]:
        """Wait for both, then restart."""
        while not (self._why and self._is_confirmed):
            yield self._due.until(None)
            self._due.take()
        self.now(RESET_DIVIDE, "restarting: " + self._why)

    def now(self, reason: int, words: str) -> None:
        """Restart at once; what apps have written to their files goes to flash before, and what is to be reported."""
        self._journal.say(words)
        self._keep()
        self._monitor.reset(reason)
