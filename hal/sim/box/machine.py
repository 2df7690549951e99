"""The machine a ring's program finds itself on: its channels, its load, its clock.

This is the part of silicon that lies inside a box. It outlives the programs that follow one another
in a process (ROM, first loader, runtime), so it holds plain values only: bytes, numbers, callables.
"""

from __future__ import annotations

import mmap
import os
import select
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

MESSAGE = 4096
Link = Callable[[bytes], bytes]
Step = Callable[[], "int | None"]


def link(channel: int) -> Link:
    """The link over socket `channel`: one packet out, one packet in; empty if the other side is gone."""

    def exchange(request: bytes, write: Any = os.write, read: Any = os.read) -> bytes:
        try:
            write(channel, request)
            return read(channel, MESSAGE)  # type: ignore[no-any-return]  # os.read, bound for speed
        except OSError:
            return b""

    return exchange


class Machine:
    """See `docs/architecture.md`. `channels` maps a channel's name to its descriptor."""

    def __init__(self, channels: dict[str, int], power_on_ns: int):
        self.channels = channels
        self.load: list[bytes] = []
        self.handoff = b""
        self.files: dict[str, bytes] = {}  # of the image that runs
        self.following: tuple[bytes, bytes] | None = None
        self.forgotten: list[Any] = []  # the modules of programs before: taking them apart costs a millisecond
        self._power_on_ns = power_on_ns
        self._gates: dict[int, Any] = {}
        self._gone: dict[int, Callable[[], None]] = {}
        self._poll = select.epoll()
        window = channels.get("window")
        self.window = mmap.mmap(window, os.fstat(window).st_size) if window is not None else None
        flag = channels.get("trace_flag")
        self._traced = mmap.mmap(flag, 1, mmap.MAP_SHARED, mmap.PROT_READ) if flag is not None else b"\0"

    def uptime_us(self) -> int:
        """Microseconds since power-on."""
        return (time.monotonic_ns() - self._power_on_ns) // 1000

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def link(self, name: str) -> Link:
        """The link to the ring inside, by its gate's name."""
        return link(self.channels[name])

    def next(self, load: bytes, handoff: bytes) -> None:
        """When `main` returns, replace this program by package `load`."""
        self.following = (load, handoff)

    def observe(self, ring: str) -> Callable[[str, Any, tuple[Any, ...], Any], None]:
        """An observer for the gates of `ring`: writes a trace line while somebody listens."""
        flag, channel = self._traced, self.channels.get("trace", -1)

        def observer(caller: str, call: Any, arguments: tuple[Any, ...], fault: Any) -> None:
            if flag[0]:
                line = trace_line(self.uptime_us(), ring, caller, call, arguments, fault)
                try:
                    os.write(channel, line.encode()[:1024])
                except OSError:
                    pass  # nobody reads fast enough: a trace never stops the device

        return observer

    def attach(self, channel: int, gate: Any, gone: Callable[[], None] | None = None) -> None:
        """Serve `gate` on the socket `channel` from now on; `gone` is told when its other end closed."""
        self._gates[channel] = gate
        if gone:
            self._gone[channel] = gone
        self._poll.register(channel, select.EPOLLIN)

    def detach(self, channel: int) -> None:
        """Serve it no more, and close it."""
        if self._gates.pop(channel, None) is not None:
            self._gone.pop(channel, lambda: None)()
            self._poll.unregister(channel)
            os.close(channel)

    def serve(self, gates: dict[str, Any], step: Step | None = None) -> None:
        """Serve for ever: until the channel of a gate in `gates` closes.

        `step` runs at the start, on an interrupt, when a reply was put off, and when the time it last
        returned (microseconds of uptime) has come.
        """
        for name, gate in gates.items():
            self.attach(self.channels[name], gate)
        interrupt = self.channels.get("interrupt", -1)
        if interrupt >= 0:
            self._poll.register(interrupt, select.EPOLLIN)
        own = {self.channels[name] for name in gates}
        due = step() if step else None
        while own <= self._gates.keys():
            wait = -1.0 if due is None else max(0.0, (due - self.uptime_us()) / 1e6)
            events = self._poll.poll(wait)
            # Callers that never pause must not keep what is due from its turn.
            is_due = not events or (due is not None and self.uptime_us() >= due)
            for channel, _ in events:
                if channel == interrupt:
                    os.read(interrupt, 8)
                    is_due = True
                elif self._handle(channel):
                    is_due = True
            if is_due and step:
                due = step()

    def _handle(self, channel: int) -> bool:
        """Answer one request; True if `step` should look at what came of it."""
        gate = self._gates.get(channel)
        if gate is None:
            return False  # it was closed a moment ago, on behalf of another caller
        if not self._answer(channel, gate):
            self.detach(channel)
            return True
        return bool(gate.is_waiting)

    def _answer(self, channel: int, gate: Any) -> bool:
        """Answer one request; False if the other side is gone, or takes no replies."""
        try:
            request = os.read(channel, MESSAGE + 1)
        except BlockingIOError:
            return True  # the number was another channel's a moment ago
        except OSError:
            return False
        if not request:
            return False
        reply = answer(gate, request)
        try:
            if reply is not None:
                os.write(channel, reply)
        except OSError:
            return False
        return True


def answer(gate: Any, request: bytes) -> bytes | None:
    """What `gate` replies; a defect of ours becomes an Internal refusal and a note on the console."""
    try:
        return gate(request)  # type: ignore[no-any-return]  # gates come from the image, untyped here
    except Exception:  # the boundary: whatever went wrong inside must not end the ring
        traceback.print_exc(file=sys.stderr)
        return bytes((13, request[1] if len(request) > 1 else 0)) + b"\x06\0defect" + bytes(8)


def trace_line(time_us: int, ring: str, caller: str, call: Any, arguments: tuple[Any, ...], fault: Any) -> str:
    """One crossing in one line: bytes are shown by their length only, so no secret gets out."""
    name = call.name if call is not None else "?"
    fields = call.arguments.fields if call is not None else ()
    shown = [
        "{}={}".format(field.name, "<%d bytes>" % len(value) if isinstance(value, (bytes, bytearray)) else value)
        for field, value in zip(fields, arguments)
    ]
    verdict = "ok" if fault is None else str(fault)
    return "{} {} {} {}({}) {}".format(time_us, ring, caller, name, ", ".join(shown), verdict).replace("\n", " ")
