"""Asking a process that is not trusted: one request at a time, each with its reply, and nobody waits for it.

But for a ring that asked through us: it stands still until the reply comes. So slowness adds up: a process that
answers each request just in time has used its patience up after some, and is overdue as one is that never answers.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from armillary.wire.call import LATER, Call, Port
from armillary.wire.fault import Fault

MESSAGE = 4096
QUICK_S = 0.25  # an answer within that costs no patience
REGAINED = 0.1  # of the time that passes
FOR_OTHERS_S = 2.0  # more, for a process that waits for others itself
MOST_WAITING = 1024  # requests: whoever asks faster than the process answers loses it

Answer = Callable[[Any, Fault | None], None]


class Request:
    """Something to be asked. `prepare` is called when its turn has come, `answer` with the result or the refusal."""

    def __init__(self, call: Call, arguments: tuple[Any, ...], answer: Answer | None, prepare: Callable[[], None] | None) -> None:
        self.call = call
        self.arguments = arguments
        self.answer = answer
        self.prepare = prepare


class Later:
    """The answer to a call of a gate, which may come at once or later; `give` completes the call if it is later."""

    def __init__(self, give: Answer) -> None:
        self._give = give
        self._is_late = False
        self._known: list[tuple[Any, Fault | None]] = []

    def __call__(self, value: Any, fault: Fault | None) -> None:
        """Here it is."""
        if self._is_late:
            self._give(value, fault)
        else:
            self._known.append((value, fault))

    def result(self) -> Any:
        """What the call's method returns: the value, or LATER. Raises the refusal."""
        for value, fault in self._known:
            if fault is not None:
                raise fault
            return value
        self._is_late = True
        return LATER


class Asker:
    """A queue of requests on `channel`, a socket that does not block.

    `failed(why)` is called when the process is gone or has to go; `refused(request, fault)` when it refuses what
    nobody waits for. `is_excused`: what is asked cannot be answered now, for the process itself waits for others; that may
    take a while longer, and not more.
    """

    def __init__(self, channel: int, failed: Callable[[str], None], refused: Callable[[Request, Fault], None]) -> None:
        self._channel = channel
        self._failed = failed
        self._refused = refused
        self._waiting: deque[Request] = deque()
        self._asked: Request | None = None
        self._asked_at = 0.0
        self.is_excused = False
        self._spent_s, self._spent_at = 0.0, 0.0  # on slow answers, and when that was counted
        self._port = Port(lambda request: None)  # it lays requests out, and we send them

    def ask(self, call: Call, *arguments: Any, answer: Answer | None = None, prepare: Callable[[], None] | None = None) -> None:
        """Queue a request."""
        if len(self._waiting) >= MOST_WAITING:
            self._failed("does not keep up with what it is asked")
            if answer is not None:
                answer(0, None)
            return
        self._waiting.append(Request(call, arguments, answer, prepare))
        self._next()

    def close(self, value: Any) -> None:
        """No more: who still waits for an answer gets `value`."""
        left = [self._asked, *self._waiting] if self._asked else list(self._waiting)
        self._asked, self._waiting = None, deque()
        for request in left:
            if request.answer is not None:
                request.answer(value, None)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked was answered."""
        return self._asked is None and not self._waiting

    def is_overdue(self, patience_s: float) -> bool:
        """Whether an answer has not come for so long, less what those before it took too long."""
        most = patience_s + FOR_OTHERS_S * self.is_excused
        return self._asked is not None and self._spent(time.monotonic()) + time.monotonic() - self._asked_at > most

    def begin(self) -> None:
        """The process is there only now: its time to answer begins."""
        self._asked_at, self._spent_s = time.monotonic(), 0.0

    def _spent(self, now: float) -> float:
        return max(0.0, self._spent_s - REGAINED * (now - self._spent_at))

    def _note_pace(self) -> None:
        now = time.monotonic()
        took = now - self._asked_at
        self._spent_s, self._spent_at = self._spent(now) + (took if took > QUICK_S else 0.0), now

    def answered(self) -> None:
        """Take an answer: to be called when the channel can be read."""
        reply, request = receive(self._channel), self._asked
        if reply is None:
            return
        if not reply or request is None:
            self._failed("answered what nobody asked" if reply else "ended")
            return
        self._asked = None
        self._note_pace()
        try:
            value, fault = self._port.result(request.call, reply), None
        except Fault as refusal:
            value, fault = 0, refusal
        if request.answer is not None:
            request.answer(value, fault)
        elif fault is not None:
            self._refused(request, fault)
        self._next()

    def _next(self) -> None:
        if self._asked is not None or not self._waiting:
            return
        self._asked, self._asked_at, self.is_excused = self._waiting.popleft(), time.monotonic(), False
        if self._asked.prepare is not None:
            self._asked.prepare()
        try:
            os.write(self._channel, self._port.request(self._asked.call, self._asked.arguments))
        except OSError:
            self._failed("is gone")


def receive(channel: int) -> bytes | None:
    """A message; b"" if the other end is gone, None if there is none yet."""
    try:
        return os.read(channel, MESSAGE + 1)
    except BlockingIOError:
        return None
    except OSError:
        return b""
