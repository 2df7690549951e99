"""Daemons: the kernel's own work, as generators run by a small scheduler that never blocks.

A daemon yields an `Until`: wake me at this time, or earlier when this is true. What the `yield`
gives back is whether it became true (False: time is up). A daemon that raises is told of and begun
anew after a pause; one that returns is done.
"""

from __future__ import annotations

from ..wire.fault import Fault, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeVar

    T = TypeVar("T")
    Steps = Generator["Until", bool, T]
    Clock = Callable[[], int]

RESTART_US = 5_000_000  # after a daemon fell over


class Until:
    """A wish to be woken at `due_us` (None: never), or when `is_ready()` if that is given.

    `poll_us` above zero asks to be looked at that often; 0 means that whoever makes it ready also
    wakes the kernel (`Signal`).
    """

    def __init__(self, due_us: int | None, is_ready: Callable[[], bool] | None = None, poll_us: int = 0) -> None:
        self.due_us = due_us
        self.is_ready = is_ready
        self.poll_us = poll_us


class Signal:
    """A flag that one daemon waits for and anybody sets; `wake` is called when it is set."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.is_set = False

    def set(self) -> None:
        self.is_set = True
        self._wake()

    def until(self, due_us: int | None) -> Until:
        """To be yielded; clear the flag afterwards with `take`."""
        return Until(due_us, lambda: self.is_set)

    def take(self) -> bool:
        """Whether it was set; it no longer is."""
        was, self.is_set = self.is_set, False
        return was


class _Daemon:
    def __init__(self, name: str, begin: Callable[[], Steps[None]]) -> None:
        self.name = name
        self.begin = begin
        self.steps: Steps[None] | None = None
        self.until = Until(0)
        self.is_done = False
        self.failures = 0


class Scheduler:
    """Runs daemons. `uptime_us` is the clock; `tell(name, words)` hears of a daemon that fell over."""

    def __init__(self, uptime_us: Clock, tell: Callable[[str, str], None]) -> None:
        self._uptime_us = uptime_us
        self._tell = tell
        self._daemons: list[_Daemon] = []

    def spawn(self, name: str, begin: Callable[[], Steps[None]]) -> None:
        """Add a daemon; `begin()` makes its generator, now and after each fall."""
        self._daemons.append(_Daemon(name, begin))

    def run(self) -> bool:
        """Let every daemon that is due take one step. Whether any did."""
        now, has_run = self._uptime_us(), False
        for daemon in list(self._daemons):
            if daemon.is_done:
                continue
            ready = is_ready(daemon.until)
            if ready or (daemon.until.due_us is not None and now >= daemon.until.due_us):
                has_run = True
                self._step(daemon, ready)
        return has_run

    def next_us(self) -> int | None:
        """When to run again, or None if nothing is due by time."""
        now, best = self._uptime_us(), None
        for daemon in self._daemons:
            if daemon.is_done:
                continue
            due = daemon.until.due_us
            if daemon.until.poll_us:
                due = now + daemon.until.poll_us if due is None else min(due, now + daemon.until.poll_us)
            if due is not None and (best is None or due < best):
                best = due
        return best

    def failures(self) -> int:
        """How often daemons fell over, all together."""
        return sum([daemon.failures for daemon in self._daemons])

    def _step(self, daemon: _Daemon, ready: bool) -> None:
        try:
            if daemon.steps is None:
                daemon.steps = daemon.begin()
                daemon.until = next(daemon.steps)
            else:
                daemon.until = daemon.steps.send(ready)
        except StopIteration:
            daemon.is_done = True
        except Exception as error:  # the boundary of a daemon: one that falls must not take the kernel along
            daemon.steps = None
            daemon.failures += 1
            daemon.until = Until(self._uptime_us() + RESTART_US)
            self._tell(daemon.name, describe(error))


def is_ready(until: Until) -> bool:
    """Whether what `until` waits for is there. A device that faults when asked counts: whoever waits for it
    is woken, and meets the fault where it can be handled."""
    try:
        return until.is_ready is not None and until.is_ready()
    except Fault:
        return True


def describe(error: Exception) -> str:
    """One line for a person."""
    return explain(error) if isinstance(error, Fault) else type(error).__name__ + ": " + str(error)
