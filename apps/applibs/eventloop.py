"""Event loop: the one place where an app waits (Applibs `eventloop.h`).

    await sleep(0.5)                       # EventLoop_Run with only a timer
    event = await next_event([stream], 5)  # one event of some handles, or TIMEOUT
    loop = EventLoop(); loop.add_timer(1, blink); loop.register_io(stream, on_data); await loop.run()

When the system wants the app to end, whatever it awaits raises `Stopped` once (Azure Sphere sends
SIGTERM); an app that needs to tidy up catches it, and then returns.
"""

from __future__ import annotations

from ...kernel import abi
from ...wire.fault import Fault
from .current import port
from .errors import EBUSY, EEXIST, Refusal, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any, Protocol

    class Waitable(Protocol):
        """Anything with a handle: a pin, a stream, a connection."""

        handle: int


TIMEOUT, INPUT, READABLE, CONNECTED, CLOSED = abi.TIMEOUT, abi.INPUT, abi.READABLE, abi.CONNECTED, abi.CLOSED
FOREVER = None
LONGEST_MS = 0x7FFF_FFFF  # of one wait; a longer one is made of several


class Stopped(BaseException):
    """The system asks the app to end. Not an Exception, so that a handler for errors lets it pass."""


class Event:
    """What happened: `kind`, and the object it happened to (None for TIMEOUT)."""

    def __init__(self, kind: int, source: Any) -> None:  # Any: whatever the app waited for
        self.kind = kind
        self.source = source


class _Wait:
    """Awaitable: the request goes to whoever drives the app, the reply comes back."""

    def __init__(self, timeout_ms: int, handles: list[int]) -> None:
        self._timeout_ms = timeout_ms
        self._handles = handles

    def __await__(self) -> Generator[bytes, bytes, tuple[int, int]]:
        reply = yield port().wait_request(self._timeout_ms, self._handles)
        return port().wait_result(reply)

    __iter__ = __await__  # MicroPython awaits by iterating


def now() -> float:
    """Seconds since power-on (clock_gettime, CLOCK_BOOTTIME)."""
    return ask(lambda kernel: kernel.clock())[0] / 1_000_000


async def sleep(seconds: float) -> None:
    """Do nothing for so long. Raises Stopped."""
    await _wait_until(_ms_now() + int(seconds * 1000), [])


async def next_event(sources: Sequence[Waitable], timeout: float | None = FOREVER) -> Event:
    """The next event of one of `sources` (at most 32), or of kind TIMEOUT after `timeout` seconds.

    If several are due the one named first comes first. Raises Stopped, OSError (EBADF).
    """
    due_ms = None if timeout is None else _ms_now() + int(timeout * 1000)
    kind, handle = await _wait_until(due_ms, [source.handle for source in sources])
    for source in sources:
        if kind != TIMEOUT and source.handle == handle:
            return Event(kind, source)
    return Event(TIMEOUT, None)


async def _wait_until(due_ms: int | None, handles: list[int]) -> tuple[int, int]:
    """(kind, handle), or (TIMEOUT, 0) not before `due_ms`."""
    while True:
        left = LONGEST_MS if due_ms is None else max(0, due_ms - _ms_now())
        try:
            kind, handle = await _Wait(min(left, LONGEST_MS), handles)
        except Fault as fault:
            raise Refusal(fault)
        if kind == abi.STOP:
            raise Stopped
        if kind != TIMEOUT or (due_ms is not None and _ms_now() >= due_ms):
            return kind, handle


def _ms_now() -> int:
    return ask(lambda kernel: kernel.clock())[0] // 1000


class Timer:
    """A timer of a loop: `callback()` every `period` seconds, or once (EventLoopTimer of the samples)."""

    def __init__(self, period: float, callback: Callable[[], Any], is_periodic: bool) -> None:
        self.period_ms = max(1, int(period * 1000))
        self.callback = callback
        self.is_periodic = is_periodic
        self.due_ms = _ms_now() + self.period_ms


class EventLoop:
    """Timers and handles with callbacks (EventLoop_Create). A callback may be `async`: it is awaited."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []
        self._io: list[tuple[Any, Callable[[Event], Any]]] = []
        self._is_stopped = False
        self._is_running = False

    def add_timer(self, period: float, callback: Callable[[], Any], is_periodic: bool = True) -> Timer:
        """Call `callback()` after `period` seconds, and again if periodic."""
        timer = Timer(period, callback, is_periodic)
        self._timers.append(timer)
        return timer

    def remove_timer(self, timer: Timer) -> None:
        """Forget a timer."""
        self._timers = [one for one in self._timers if one is not timer]

    def register_io(self, source: Waitable, callback: Callable[[Event], Any]) -> None:
        """Call `callback(event)` on each event of `source` (EventLoop_RegisterIo). Raises OSError (EEXIST)."""
        if [1 for known, _ in self._io if known is source]:
            raise OSError(EEXIST, "already registered")
        self._io.append((source, callback))

    def unregister_io(self, source: Waitable) -> None:
        """No more events of `source` (EventLoop_UnregisterIo)."""
        self._io = [one for one in self._io if one[0] is not source]

    def stop(self) -> None:
        """Have `run` return after the present callback (EventLoop_Stop)."""
        self._is_stopped = True

    async def run(self, seconds: float | None = FOREVER) -> bool:
        """Serve timers and events until stopped (True), or for `seconds` (False).

        Raises OSError (EBUSY) if it runs already, Stopped, and whatever a callback raises.
        """
        if self._is_running:
            raise OSError(EBUSY, "the loop runs already")
        end_ms = None if seconds is None else _ms_now() + int(seconds * 1000)
        self._is_running, self._is_stopped = True, False
        try:
            while not self._is_stopped:
                await self._turn(end_ms)
                if end_ms is not None and _ms_now() >= end_ms:
                    break
        finally:
            self._is_running = False
        return self._is_stopped

    async def _turn(self, end_ms: int | None) -> None:
        """Wait for one thing, then do it. Handles take turns, so that a busy one does not hide the others."""
        dues = [timer.due_ms for timer in self._timers] + ([] if end_ms is None else [end_ms])
        due_ms = min(dues) if dues else None
        kind, handle = await _wait_until(due_ms, [source.handle for source, _ in self._io])
        for at, (source, callback) in enumerate(self._io):
            if kind != TIMEOUT and source.handle == handle:
                self._io = self._io[:at] + self._io[at + 1 :] + [(source, callback)]
                await _call(callback, Event(kind, source))
                break
        await self._fire()

    async def _fire(self) -> None:
        now_ms = _ms_now()
        for timer in [one for one in self._timers if one.due_ms <= now_ms]:
            if self._is_stopped:
                return
            if timer.is_periodic:
                late = (now_ms - timer.due_ms) // timer.period_ms
                timer.due_ms += (late + 1) * timer.period_ms  # missed turns are not made up for
            else:
                self.remove_timer(timer)
            await _call(timer.callback)


async def _call(callback: Callable[..., Any], *arguments: Any) -> None:
    result = callback(*arguments)
    if hasattr(result, "send"):  # a coroutine, in both interpreters
        await result
