"""The supervisor: ring 0 of a boxed device, in one process with one loop.

It owns the device folder, runs the models, answers every ring on its bus channel, starts boxes, and
takes commands from a control socket (the outside world: power, pins, a look at flash). It trusts
none of the boxes: what reaches it is a request at a gate, decoded strictly, or nothing; and nothing
that a box does or leaves undone makes it wait.
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
from armillary.hal.sim.box.realtime_calls import SHARED
from armillary.hal.sim.box.zygote import Zygote
from armillary.hal.sim.chip import WATCHDOG
from armillary.hal.sim.cores import Cores
from armillary.hal.sim.gpio import INPUT
from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.places import Bench
from armillary.hal.sim.power import PowerLost
from armillary.hal.sim.silicon import Silicon
from armillary.wire.call import Gate
from armillary.wire.fault import Fault

from .asking import Answer
from .boxes import CORES, REAL_TIME, Boxes, channel_pair, sealed_memory
from .distant import Keeper, PatientMasters
from .fitting import Fittings
from .lines import Console, ConsoleFile, DebugUart, TraceLine
from .realtime import RealTimeBox

MESSAGE = 4096
TICK_S = 0.25  # how often the watchdog and failed cores are looked at when nothing happens
MOST_RESETS = 4  # resets in a row, without a quiet minute, before the device stays down
QUIET_S = 60.0
KEPT_LINES = 5000
LEAST_S = 0.001  # of a wait for an edge: those in between are not seen one by one
HEAR_OUT_MS = 20  # after one core was lost, for word of others
CORE_LOST = 0xFE  # reset reason
OFF, ON, HALTED = "off", "on", "halted"
NETWORK = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET


class Supervisor:
    """One boxed device. `make(cores, tasks, on_reset)` makes its chip on what the folder holds."""

    def __init__(self, zygote: Zygote, make: Callable[..., Silicon], network: HostNetwork, console: Path):
        self.state = OFF
        self.why = ""
        self.resets: deque[str] = deque((), 16)  # why, oldest first
        self.trace: deque[str] = deque((), KEPT_LINES)
        self.trace_listeners: list[Callable[[str], None]] = []
        self.uart = DebugUart()
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._console = ConsoleFile(console)
        self._lines: dict[int, Console | TraceLine] = {}
        self._gates: dict[int, Gate] = {}
        self._windows: list[mmap.mmap] = []
        self._recent: list[float] = []
        self._reset_reason: int | None = None
        self._how_bad = 0
        self._make_trace_flag()
        self.boxes = Boxes(zygote, self._lines_of, self._lost)
        self.keepers: list[Keeper] = []  # of parts that clients brought along
        self._asking = -1  # the channel whose request is being served
        self._real_time_ends: tuple[int, ...] = ()
        self.silicon = make(
            cores=Cores(self.boxes.core_started), tasks=self.boxes, on_reset=self._reset_wanted,
            realtime=lambda silicon: RealTimeBox(silicon, self),
            masters=lambda wires, clock: PatientMasters(wires, clock, self.put_off),
        )  # fmt: skip
        self.network = network
        wires = self.silicon.wires
        self.bench = Bench(wires.i2c, wires.spi, wires.analog, self.silicon.gpio)
        self.fittings = Fittings(self.bench, wires.serial)
        self.silicon.on_refused = lambda master, fault: self._observe(master, None, (), fault)
        self.silicon.uarts[0].witness = self.uart.said
        self.silicon.gpio.observe(self._pin_changed)
        for line in wires.serial:
            line.arrived = self.boxes.raise_interrupt
        self.watch(zygote.socket.fileno(), self.boxes.handle_event)

    def _pin_changed(self, pin: int, level: int, time_us: int) -> None:
        if self.silicon.gpio.mode(pin) == INPUT:  # of its outputs the kernel knows
            self.boxes.raise_interrupt()

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `descriptor` can be read."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, select.EPOLLIN)

    def watch_writable(self, descriptor: int, is_wanted: bool) -> None:
        """Call the handler of a watched descriptor also when it can be written, or no longer."""
        self._poll.modify(descriptor, select.EPOLLIN | (select.EPOLLOUT if is_wanted else 0))

    def forget(self, descriptor: int) -> None:
        """Stop watching it."""
        if self._handlers.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def set_tracing(self, is_on: bool) -> None:
        """Tell every ring whether anybody reads the trace."""
        os.pwrite(self._trace_flag, b"\1" if is_on else b"\0", 0)

    def power_on(self) -> None:
        """Apply power, as a person would: resets of before are forgotten. Nothing happens if it is on already."""
        if self.state != ON:
            self._recent.clear()
            self._apply_power()

    def power_off(self, why: str = "switched off") -> None:
        """Cut the power: every box ends where it stands."""
        for descriptor in list(self._lines):
            self._lines[descriptor].read()
            self._close_line(descriptor)
        self.silicon.realtime.reset()
        self.boxes.power_off()
        for channel in list(self._gates):
            self.forget(channel)
            os.close(channel)
        self._gates.clear()
        while self._windows:
            self._windows.pop().close()
        self.silicon.power_off()
        self.uart.power_off()
        self.state, self.why = OFF, why

    def step(self, timeout_s: float = TICK_S) -> None:
        """Handle what is ready, or wait for it at most `timeout_s`. Raises ZygoteGone."""
        try:
            for descriptor, _ in self._poll.poll(min(timeout_s, *self._dues_s())):
                handler = self._handlers.get(descriptor, self.boxes.raise_interrupt)  # else: the network's
                handler()
            self._watch_network()
            for keeper in list(self.keepers):
                keeper.look()
            if self.state == ON:
                self.silicon.watchdog.poll()
                self.silicon.waves.poll()
                self.silicon.realtime.watch()
        except PowerLost:
            self.power_failed()
        if self._reset_reason is not None:
            self._reset()

    def _dues_s(self) -> list[float]:
        """In how many seconds something is due: a part's answer, an edge of PWM as far as the loop's grain goes."""
        dues = [due for keeper in self.keepers if (due := keeper.due_s()) is not None]
        edge = self.silicon.waves.next_us() if self.state == ON else None
        if edge is not None:
            dues.append(max(LEAST_S, (edge - self.silicon.clock.uptime_us()) / 1_000_000))
        return [TICK_S, *dues]

    def power_failed(self) -> None:
        """The rail gave out in the middle of an operation."""
        self.power_off("the power failed")
        self._reset_reason = None

    def close(self) -> None:
        """Power off and let everything go."""
        self.power_off()
        os.close(self._trace_flag)
        os.close(self._trace_reader)
        self._poll.close()

    def _apply_power(self) -> None:
        self.silicon.power_on()
        self.silicon.gpio.history.clear()
        ends, windows = {}, {}
        for ring in CORES:
            ends[ring], windows[ring] = self._make_bus(ring)
        self.state, self.why = ON, ""
        self.boxes.power_on(ends, windows, time.monotonic_ns() - self.silicon.clock.uptime_us() * 1000)

    def put_off(self) -> Answer:
        """The reply to the bus call that is being served, to be given later."""
        channel = self._asking
        gate = self._gates[channel]

        def give(value: Any, fault: Fault | None) -> None:
            if self._gates.get(channel) is gate:
                try:
                    os.write(channel, gate.complete(value, fault))
                except OSError:
                    pass  # a ring that does not take its replies

        return give

    def spawn_realtime(self) -> tuple[int, int, int, int]:
        """Start the process of the real-time cores: our ends of its channels, and the memory shared with it."""
        requests, events, world = channel_pair(), channel_pair(), channel_pair()
        memory = sealed_memory("real-time", SHARED)
        self.boxes.start_real_time(
            {"requests": requests[1], "events": events[1], "world": world[1], "shared": os.dup(memory)}
        )
        self.watch_realtime(requests[0], events[0], world[0])
        return requests[0], events[0], world[0], memory

    def watch_realtime(self, requests: int, events: int, world: int) -> None:
        """Serve our ends of its channels."""
        self._real_time_ends = (requests, events, world)
        cores = self.silicon.realtime
        for end, handler in zip(self._real_time_ends, (cores.answered, cores.hear, cores.asked), strict=True):
            os.set_blocking(end, False)
            self.watch(end, handler)

    def end_realtime(self) -> None:
        """End it, if there is one."""
        for end in self._real_time_ends:
            self.forget(end)
            os.close(end)
        self._real_time_ends = ()
        self.boxes.end_real_time()

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self.boxes.raise_interrupt()

    def _make_bus(self, ring: str) -> tuple[int, int]:
        """A ring's end of the bus and its DMA window: memory that it shares with this process only."""
        inner, end = channel_pair()
        os.set_blocking(inner, False)
        window = sealed_memory("window", abi.WINDOW)
        self._windows.append(mmap.mmap(window, abi.WINDOW))
        self._gates[inner] = self.silicon.gate(ring, self._observe, self._windows[-1])
        self.watch(inner, lambda: self._serve(inner))
        return end, window

    def _make_trace_flag(self) -> None:
        """One byte that every ring sees and none can change: they get it for reading only."""
        self._trace_flag = os.memfd_create("trace")
        os.write(self._trace_flag, b"\0")
        self._trace_reader = os.open(f"/proc/self/fd/{self._trace_flag}", os.O_RDONLY | os.O_CLOEXEC)

    def _lines_of(self, box: str) -> dict[str, int]:
        """The lines of a new box, its own to close. An app has a console; the trace is for rings."""
        console = Console(box, self._console)
        self._add_line(console)
        if box not in CORES:
            return {"console": console.writer}
        trace = TraceLine(box, channel_pair(), self._tell)
        self._add_line(trace)
        return {"console": console.writer, "trace": trace.writer, "trace_flag": os.dup(self._trace_reader)}

    def _add_line(self, line: Console | TraceLine) -> None:
        self._lines[line.reader] = line
        self.watch(line.reader, lambda: self._read_line(line.reader))

    def _read_line(self, descriptor: int) -> None:
        line = self._lines.get(descriptor)
        if line is not None and not line.read():
            self._close_line(descriptor)

    def _close_line(self, descriptor: int) -> None:
        del self._lines[descriptor]
        self.forget(descriptor)
        os.close(descriptor)

    def _serve(self, channel: int) -> None:
        self._asking = channel
        try:
            request = os.read(channel, MESSAGE + 1)
            reply = answer(self._gates[channel], request) if request else None
            if reply is not None:
                os.write(channel, reply)
            if request:
                return  # a reply that was put off comes later
        except BlockingIOError:
            return  # nothing there after all, or a ring that does not take its replies: that one is lost
        except OSError:
            pass
        self.forget(channel)  # the ring is gone; the zygote tells how it ended

    def _observe(self, caller: str, call: Any, arguments: tuple[Any, ...], fault: Any) -> None:
        if self.trace_listeners:
            self._tell(trace_line(self.silicon.clock.uptime_us(), "hal", caller, call, arguments, fault))

    def _tell(self, line: str) -> None:
        self.trace.append(line)
        for listener in list(self.trace_listeners):
            listener(line)

    def _watch_network(self) -> None:
        """Have every stream's socket interrupt the kernel once for each thing that happens on it."""
        for descriptor in self.network.readers() + self.network.writers():
            try:
                self._poll.register(descriptor, NETWORK)
            except FileExistsError:
                pass  # it is the same socket still

    def _lost(self, ring: str, code: int, signal: int) -> None:
        """A core's box ended. A ring also stops because its neighbour did: what ended worst was the cause."""
        if ring == REAL_TIME:
            self.silicon.realtime.lost("the process of the real-time cores ended " + (f"by signal {signal}" if signal else f"with code {code}"))
            return
        how_bad = 2 if signal else 1 if code else 0
        if self._reset_reason is None or (self._reset_reason == CORE_LOST and how_bad > self._how_bad):
            self._reset_reason, self._how_bad = CORE_LOST, how_bad
            self.why = f"the {ring} core stopped " + (f"by signal {signal}" if signal else f"with code {code}")

    def _reset_wanted(self, reason: int) -> None:
        self._reset_reason = reason
        self.why = "the watchdog expired" if reason == WATCHDOG else f"reset with reason 0x{reason:02x}"

    def _reset(self) -> None:
        self.boxes.hear_out(HEAR_OUT_MS)
        why, self._reset_reason = self.why, None
        now = time.monotonic()
        self._recent = [when for when in self._recent if now - when < QUIET_S] + [now]
        self.resets.append(why)
        self.power_off(why)
        self.uart.said("board", f"[BOARD] {why}\n".encode())
        if len(self._recent) <= MOST_RESETS:
            self._apply_power()
            return
        self.state = HALTED
        self.why = f"{why}; halted after {MOST_RESETS} resets within {QUIET_S:.0f} s"


def pin_to_one_cpu(index: int) -> None:
    """Keep this process and its boxes on one CPU: waking another one costs twenty times a switch."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[index % len(allowed)]})


def bind_control(folder: Path) -> socket.socket:
    """The control socket in `folder`, for its owner only. Works however long the folder's path is."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.setblocking(False)
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
    server.listen(128)
    return server
