"""The real-time cores in a process of their own, which translates and runs code that nobody here trusts.

All that needs a file or executable memory is had in `prepare`, before the process is confined: the processors' memory
for translated code is as large then as it ever will be. Time is the host's, in slices, so that no program keeps the
process from its channel; one that needs more than the host can give finds its own time slowed down.
"""

from __future__ import annotations

import mmap
import os
import select
import time
from typing import TYPE_CHECKING

from ....wire.call import Gate
from ....wire.fault import Fault, NoDevice
from ..firewall import REAL_TIME_CORES, Firewall
from ..gpio import FLOATING, GpioBank
from ..realtime.machinery import Machinery
from ..realtime.package import TCM
from ..realtime.shared import PINS
from ..realtime.subsystem import DEAD, FIRST, STOPPED, RealTime
from ..realtime.time import MILLISECOND
from ..wires import ISUS, Wires
from . import realtime_calls as calls
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ....wire.call import Call
    from .machine import Machine

MESSAGE = 4096
LEAST_US, MOST_US = 10, 500  # of the cores' time between two looks at the channel
SLICE_NS = 2_000_000  # of the host's time that this should take
REQUESTS_AT_ONCE = 16  # before the cores run on
TICK_MS = 1  # of the host, while a core runs
MOST_LAG_US = 20_000  # that the cores' time may be behind the host's and caught up with
MOST_EDGES = 64  # of pins in a slice; of more only the last state is told
RESETS_EVERY_US = 10_000  # how often the board is told that a core was reset: a program may do it without end
NICE = 5  # below the rings: they share a processor
WARM = bytes.fromhex("00001300 09001000 00bf 30bf fce7".replace(" ", ""))  # stack, reset handler: nop, wfi, again


class Clock:
    """The board's uptime, less what the cores could not keep up with. Satisfies `hal.interface.Clock`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.lost_us = 0

    def uptime_us(self) -> int:
        """Microseconds since power-on, as the cores have it."""
        return self._machine.uptime_us() - self.lost_us

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._machine.unix_ms()


class Cores:
    """Both cores, served on the channel "requests", telling on "events" and asking on "world"."""

    def __init__(self, machine: Machine) -> None:
        self._requests, self._events = machine.channels["requests"], machine.channels["events"]
        self._shared = mmap.mmap(machine.channels["shared"], calls.SHARED)
        self.clock = Clock(machine)
        self.firewall = Firewall({}, PINS)
        self.pins = GpioBank(PINS, self.clock)
        self._wires = Wires()
        self.realtime = RealTime(self.firewall, self.pins, self.clock, self._interrupted, said=self._heard, noted=_note, wires=self._wires)
        self.realtime.use_memory(memoryview(self._shared)[: calls.LOAD_AT])
        self.machinery: Machinery = self.realtime.made()
        World(machine.link("world"), self._tell_edges, self.machinery.chip).join()
        self._gate = Gate("hal", "board", self._table())
        self._poll = select.poll()
        self._poll.register(self._requests, select.POLLIN)
        self._is_interrupted = False
        self._slice_us = MOST_US
        self._said = {core: bytearray() for core in REAL_TIME_CORES}
        self._states = dict.fromkeys(REAL_TIME_CORES, STOPPED)
        self._resets = dict.fromkeys(REAL_TIME_CORES, 0)
        self._resets_due_us = 0
        self._counts: dict[int, list[int]] = {core: [] for core in REAL_TIME_CORES}
        self._edges: list[tuple[int, int, int, int]] = []
        self._told: dict[int, tuple[int, int, int]] = {}
        self._owned: set[int] = set()
        self.pins.observe(self._changed)

    def serve(self) -> None:
        """For ever: hear, run, tell."""
        self._send(calls.READY)
        while True:
            is_behind = self._advance()
            self._tell()
            timeout = 0 if is_behind else TICK_MS if self.realtime.is_running else None
            for _ in range(REQUESTS_AT_ONCE):
                if not self._poll.poll(timeout):
                    break
                timeout = 0
                self._hear()

    # --- requests ---

    def _table(self) -> dict[Call, Callable[..., Any]]:
        cores = self.realtime
        return {
            calls.START: self._start, calls.STOP: self._stop, calls.GRANT: cores.core_grant, calls.SHARE: cores.core_share,
            calls.OWNER: self._owner, calls.OUTSIDE: self._outside,
            calls.READ: cores.mailbox_read, calls.WRITE: cores.mailbox_write, calls.ARRIVED: self._arrived,
        }  # fmt: skip

    def _hear(self) -> None:
        request = os.read(self._requests, MESSAGE + 1)
        if not request:
            os._exit(0)  # the board is gone
        reply = self._gate(request)
        os.write(self._requests, reply or b"")

    def _start(self, core: int, length: int) -> None:
        load = self._shared[calls.LOAD_AT : calls.LOAD_AT + length]
        self._counts[core] = []
        self.realtime.core_load(core, 0, load)
        self.realtime.core_start(core, length)

    def _stop(self, core: int) -> None:
        self.realtime.core_stop(core)
        del self._said[core][:]

    def _owner(self, pin: int, master: int) -> None:
        self.firewall.assign(pin, master)
        (self._owned.add if any(self.firewall.owns(core, pin) for core in REAL_TIME_CORES) else self._owned.discard)(pin)
        self._told.pop(pin, None)
        self.pins.release(pin)
        self.realtime.pin_moved(pin)

    def _outside(self, pin: int, level: int, pull: int) -> None:
        self.pins.drive(pin, None if level == calls.NONE else level)
        if pull != calls.NONE:
            self.pins.pull(pin, pull)

    def _arrived(self, unit: int, data: bytes) -> None:
        self._wires.serial[unit].inject(data)

    # --- running ---

    def _advance(self) -> bool:
        """Run a slice. Whether the cores' time is still behind the host's."""
        if not self.realtime.is_running:
            return False
        now, reached = self.clock.uptime_us(), self.machinery.uptime_us()
        if now - reached > MOST_LAG_US:
            self.clock.lost_us += now - reached - MOST_LAG_US
            now = reached + MOST_LAG_US
        until = min(now, reached + self._slice_us)
        if until <= reached:
            return False
        begin = time.monotonic_ns()
        self.realtime.run(until)
        taken = max(1, time.monotonic_ns() - begin)  # a program that touches peripherals all the time is slow to run
        self._slice_us = max(LEAST_US, min(MOST_US, (until - reached) * SLICE_NS // taken))
        return self.machinery.uptime_us() < now

    def _interrupted(self) -> None:
        self._is_interrupted = True

    def _heard(self, core: int, byte: int) -> None:
        self._said[FIRST + core].append(byte)

    def _changed(self, pin: int, level: int, _time: int) -> None:
        """Of a core's own pins the board is told: it does not see into this process."""
        if pin in self._owned and len(self._edges) < MOST_EDGES:
            self._edges.append((pin, *self.pins.inside(pin)))

    # --- telling ---

    def _tell(self) -> None:
        self._tell_pins()
        for core in REAL_TIME_CORES:
            for at in range(0, len(self._said[core]), 4000):
                self._send(calls.SAID, core, bytes(self._said[core][at : at + 4000]))
            del self._said[core][:]
            self._tell_denials(core)
            self._tell_state(core)
        for unit in range(ISUS):
            data = self._wires.serial[unit].take()
            for at in range(0, len(data), 4000):
                self._send(calls.SENT, unit, data[at : at + 4000])
        if self._is_interrupted:
            self._is_interrupted = False
            self._send(calls.INTERRUPT)

    def _tell_edges(self) -> None:
        """Ahead of a question: parts see pins move before the bytes that follow."""
        if self._edges:
            self._tell_pins()

    def _tell_pins(self) -> None:
        states = [(pin, *self.pins.inside(pin)) for pin in sorted(self._owned)]
        for pin, mode, level, weak in (*self._edges, *states):
            if self._told.get(pin, (0, 0, FLOATING)) != (mode, level, weak):
                self._told[pin] = mode, level, weak
                self._send(calls.DRIVE, pin, mode, level, calls.NONE if weak == FLOATING else weak)
        self._edges = []

    def _tell_denials(self, core: int) -> None:
        counts = self._counts[core]
        for index, denial in enumerate(self.machinery.denials(core - FIRST)):
            if index == len(counts):
                counts.append(0)
            if denial[3] != counts[index]:
                counts[index] = denial[3]
                self._send(calls.DENIED, core, index, *denial)

    def _tell_state(self, core: int) -> None:
        state, reason, _, resets = self.realtime.core_status(core)
        if resets != self._resets[core] and self.clock.uptime_us() >= self._resets_due_us:
            self._resets[core], self._resets_due_us = resets, self.clock.uptime_us() + RESETS_EVERY_US
            self._send(calls.RESETS, core, resets)
        if state == self._states[core]:
            return
        self._states[core] = state
        if state == DEAD:
            report = self.machinery.report(core - FIRST)
            for at in range(0, len(report), 4000):
                self._send(calls.REPORT, core, at, report[at : at + 4000])
        self._send(calls.STATE, core, state, reason)

    def _send(self, call: Call, *arguments: Any) -> None:
        """Waits while the board does not read: it reads as fast as it can bear."""
        os.write(self._events, bytes((call.op, 0)) + call.arguments.pack(arguments))


def _note(line: str) -> None:
    """Of what is noted only the console knows."""
    os.write(2, line.encode("utf-8", "replace") + b"\n")


def warm_up(machinery: Machinery) -> None:
    """Run a few instructions on each processor, so that all memory it runs code from is there."""
    for core in machinery.chip.cores:
        core.machine.write_memory(TCM, WARM)
        core.start(TCM)
    machinery.chip.run(machinery.chip.scheduler.now + MILLISECOND)
    for life in machinery.lives:
        life.stop()


def prepare(machine: Machine) -> Callable[[], None]:
    """Make the cores; what is returned serves them for ever, confined. Raises NoDevice where they cannot run."""
    os.nice(NICE)
    try:
        cores = Cores(machine)
        warm_up(cores.machinery)
    except (Fault, OSError) as problem:
        raise NoDevice("the real-time cores cannot run: " + str(problem)) from None
    return cores.serve
