"""The supervisor: ring 0 of a boxed device, in one process with one loop.

It owns the device folder, runs the models, answers every ring on its bus channel, starts boxes, and
takes commands from a control socket (the outside world: power, pins, a look at flash). It trusts
none of the boxes; what reaches it is a request at a gate, decoded strictly, or nothing.
"""

from __future__ import annotations

import mmap
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from armillary.hal import abi
from armillary.hal.sim.box.machine import answer, trace_line
from armillary.hal.sim.box.zygote import Zygote
from armillary.hal.sim.cores import Cores
from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.power import PowerLost
from armillary.hal.sim.silicon import Silicon
from armillary.wire.call import Gate

from .boxes import CORES, Boxes, channel_pair

MESSAGE = 4096
TICK_S = 0.25  # how often the watchdog and failed cores are looked at when nothing happens
MOST_RESETS = 4  # resets in a row, without a quiet minute, before the device stays down
QUIET_S = 60.0
KEPT_LINES = 5000
CORE_LOST = 0xFE  # reset reason
OFF, ON, HALTED = "off", "on", "halted"


class Supervisor:
    """One boxed device. `make(cores, tasks, on_reset)` makes its chip on what the folder holds."""

    def __init__(self, zygote: Zygote, make: Callable[..., Silicon], network: HostNetwork, console: Path):
        self.state = OFF
        self.why = ""
        self.trace: deque[str] = deque(maxlen=KEPT_LINES)
        self.trace_listeners: list[Callable[[str], None]] = []
        self.uart = bytearray()
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._console_file = console
        self._gates: dict[int, Gate] = {}
        self._resets: list[float] = []
        self._reset_reason: int | None = None
        self._make_lines()
        self.boxes = Boxes(zygote, (self._trace_in, self._trace_flag), self._console_in, self._lost)
        self.silicon = make(cores=Cores(self.boxes.core_started), tasks=self.boxes, on_reset=self._reset_wanted)
        self.network = network
        self.silicon.uarts[0].sink = self._uart
        self.silicon.gpio.observe(lambda pin, level, time_us: self._pin_changed())
        self.watch(zygote.socket.fileno(), self.boxes.handle_event)

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `descriptor` can be read."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, select.EPOLLIN)

    def forget(self, descriptor: int) -> None:
        """Stop watching it."""
        if self._handlers.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def set_tracing(self, is_on: bool) -> None:
        """Tell every box whether anybody reads the trace."""
        os.pwrite(self._trace_flag, b"\1" if is_on else b"\0", 0)

    def power_on(self) -> None:
        """Apply power. Nothing happens if it is on already."""
        if self.state == ON:
            return
        self.silicon.power_on()
        self.silicon.gpio.history.clear()
        ends, windows = {}, {}
        for ring in CORES:
            inner, ends[ring] = channel_pair()
            windows[ring] = os.memfd_create("window")
            os.ftruncate(windows[ring], abi.WINDOW)
            window = mmap.mmap(windows[ring], abi.WINDOW)
            self._gates[inner] = self.silicon.gate(ring, self._observer(), window)
            self.watch(inner, lambda channel=inner: self._serve(channel))  # type: ignore[misc]
        self.state, self.why = ON, ""
        self.boxes.power_on(ends, windows, time.monotonic_ns() - self.silicon.clock.uptime_us() * 1000)

    def power_off(self, why: str = "switched off") -> None:
        """Cut the power: every box ends where it stands."""
        self.boxes.power_off()
        for channel in list(self._gates):
            self.forget(channel)
            os.close(channel)
        self._gates.clear()
        self.silicon.power_off()
        self.state, self.why = OFF, why

    def step(self, timeout_s: float = TICK_S) -> None:
        """Handle what is ready, or wait for it at most `timeout_s`."""
        try:
            for descriptor, _ in self._poll.poll(timeout_s):
                handler = self._handlers.get(descriptor, self.boxes.raise_interrupt)  # else: the network's
                handler()
            self._watch_network()
            if self.state == ON:
                self.silicon.watchdog.poll()
        except PowerLost:
            self.power_off("the power failed")
        if self._reset_reason is not None:
            self._reset()

    def close(self) -> None:
        """Power off and let everything go."""
        self.power_off()
        for descriptor in (self._trace_in, self._trace_out, self._trace_flag, self._console_in, self._console_out):
            os.close(descriptor)
        self._poll.close()

    def _make_lines(self) -> None:
        self._trace_out, self._trace_in = channel_pair()
        self._console_out, self._console_in = os.pipe2(os.O_NONBLOCK)
        os.set_blocking(self._trace_in, False)
        os.set_blocking(self._trace_out, False)
        self._trace_flag = os.memfd_create("trace")
        os.write(self._trace_flag, b"\0")
        self.watch(self._trace_out, self._read_trace)
        self.watch(self._console_out, self._read_console)

    def _serve(self, channel: int) -> None:
        request = os.read(channel, MESSAGE + 1)
        reply = answer(self._gates[channel], request) if request else None
        if reply is None:
            self.forget(channel)  # the ring is gone; the zygote tells how it ended
            return
        try:
            os.write(channel, reply)
        except OSError:
            self.forget(channel)

    def _observer(self) -> Callable[..., None]:
        def observe(caller: str, call: Any, arguments: tuple[Any, ...], fault: Any) -> None:
            if self.trace_listeners:
                self._tell(trace_line(self.silicon.clock.uptime_us(), "hal", caller, call, arguments, fault))

        return observe

    def _tell(self, line: str) -> None:
        self.trace.append(line)
        for listener in list(self.trace_listeners):
            listener(line)

    def _read_trace(self) -> None:
        while True:
            try:
                self._tell(os.read(self._trace_out, MESSAGE).decode(errors="replace"))
            except BlockingIOError:
                return

    def _read_console(self) -> None:
        try:
            data = os.read(self._console_out, 65536)
        except BlockingIOError:
            return
        if self.state != ON:
            return  # a box that notices its power is gone a moment before it ends
        with self._console_file.open("ab") as file:
            if file.tell() < 1 << 20:
                file.write(data)

    def _uart(self, data: bytes) -> None:
        self.uart += data

    def _pin_changed(self) -> None:
        self.boxes.raise_interrupt()

    def _watch_network(self) -> None:
        """Have every stream's socket interrupt the kernel once for each thing that happens on it."""
        for descriptor in self.network.readers() + self.network.writers():
            try:
                self._poll.register(descriptor, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
            except FileExistsError:
                pass  # it is the same socket still

    def _lost(self, ring: str, how: str) -> None:
        if self._reset_reason is None:  # what follows from the first loss is not news
            self._reset_reason = CORE_LOST
            self.why = f"the {ring} core stopped {how}"

    def _reset_wanted(self, reason: int) -> None:
        self._reset_reason = reason

    def _reset(self) -> None:
        why, self._reset_reason = self.why, None
        now = time.monotonic()
        self._resets = [when for when in self._resets if now - when < QUIET_S] + [now]
        self.power_off(why or "reset")
        if len(self._resets) > MOST_RESETS:
            self.state = HALTED
            self.why = (why or "reset") + f"; halted after {MOST_RESETS} resets within {QUIET_S:.0f} s"
            return
        self.power_on()


def pin_to_one_cpu(index: int) -> None:
    """Keep this process and its boxes on one CPU: waking another one costs twenty times a switch."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[index % len(allowed)]})


def bind_control(folder: Path) -> socket.socket:
    """The control socket in `folder`, for its owner only. Works however long the folder's path is."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        (folder / "control.sock").unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            server.bind(f"/proc/self/fd/{directory}/control.sock")
        finally:
            os.umask(before)
    finally:
        os.close(directory)
    server.listen(8)
    return server
