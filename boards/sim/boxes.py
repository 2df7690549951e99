"""Cores and tasks as boxes: what the bus needs to start a ring or an app in a process of its own.

The wiring between the rings (mailbox, secure monitor call, side band, interrupt) exists from
power-on, as on a chip; starting a core hands it its ends. An app's channel is made when the app is
started, and the kernel's end of it travels over the side band.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
from collections.abc import Callable
from typing import Any

from armillary.hal.sim.box.zygote import Zygote
from armillary.wire.fault import Closed, Full, Invalid, OutOfOrder

CORES = ("pluton", "monitor", "kernel")  # core number: ring
RING_MEMORY_KIB = 96 * 1024
REAL_TIME = "real-time"  # the box of both real-time cores
REAL_TIME_MEMORY_KIB = 128 * 1024  # beside what the processors have reserved when it is confined
APP_INTERPRETER_KIB = 24 * 1024  # what the interpreter itself takes, beside what the app may use
MOST_LOAD = 4 * 1024 * 1024
MOST_TASK_MEMORY_KIB = 256 * 1024  # of the board; a hostile kernel could ask for the host's
CREATED, RUNNING, ENDED = 0, 1, 2
MOST_TASKS = 32


def channel_pair() -> tuple[int, int]:
    """The two ends of a channel that keeps messages apart."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return left.detach(), right.detach()


def sealed_memory(name: str, size: int) -> int:
    """A memory file of `size` bytes whose size nobody can change: one that shrinks would end who maps it."""
    descriptor = os.memfd_create(name, os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return descriptor


def served_pair() -> tuple[int, int]:
    """A channel whose first end never waits: a ring must not stop for a caller that takes no replies."""
    serving, calling = channel_pair()
    os.set_blocking(serving, False)
    return serving, calling


class Task:
    """One app's box as the bus sees it."""

    def __init__(self, name: str, memory_kib: int, cpu_ms: int):
        self.name = name
        self.memory_kib = memory_kib
        self.cpu_ms = cpu_ms
        self.code = bytearray()
        self.state = CREATED
        self.box = 0
        self.exit_code = 0
        self.signal = 0


class Boxes:
    """All boxes of one powered device.

    `lines_of(box)` makes the lines a box writes on: channel name to descriptor. `lost(ring, code, signal)` is
    called when a core's box ends, the one of the real-time cores too. Every descriptor given in is owned from then on.
    """

    def __init__(
        self, zygote: Zygote, lines_of: Callable[[str], dict[str, int]], lost: Callable[[str, int, int], None]
    ) -> None:
        self.zygote = zygote
        self._lines_of = lines_of
        self._lost = lost
        self._real_time = 0
        self._number = 0
        self._names: dict[int, str] = {}  # box number: ring, or task number as text
        self.pids: dict[str, int] = {}
        self.is_powered = False

    def power_on(self, bus_ends: dict[str, int], windows: dict[str, int], power_on_ns: int) -> None:
        """Wire the rings up and let Pluton's core run its mask ROM.

        `bus_ends` and `windows` map a ring to the descriptors of its end of the bus and of its DMA
        window; `power_on_ns` is monotonic time.
        """
        self.power_on_ns = power_on_ns
        mailbox, smc = served_pair(), served_pair()
        side_band, kernel_side_band = channel_pair()
        self._side_band = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, side_band)
        self._side_band.setblocking(False)
        self.interrupt = os.eventfd(0, os.EFD_NONBLOCK)
        self._ends = {
            "pluton": {"bus": bus_ends["pluton"], "mailbox": mailbox[0]},  # [0] serves
            "monitor": {"bus": bus_ends["monitor"], "mailbox": mailbox[1], "smc": smc[0]},
            "kernel": {"bus": bus_ends["kernel"], "smc": smc[1], "side_band": kernel_side_band,
                       "interrupt": os.dup(self.interrupt)},
        }  # fmt: skip
        for ring, window in windows.items():
            self._ends[ring]["window"] = window
        self._tasks: dict[int, Task] = {}
        self._next_task = 1
        self.is_powered = True
        self._start("pluton", "rom", b"", self._ends.pop("pluton"), RING_MEMORY_KIB, 0)

    def power_off(self) -> None:
        """End every box at once, as a cut of the power would."""
        if not self.is_powered:
            return
        self.is_powered = False
        for box in list(self._names):
            self.zygote.kill(box)
        self._names.clear()
        self.pids.clear()
        for ends in self._ends.values():
            for descriptor in ends.values():
                os.close(descriptor)
        self._side_band.close()
        os.close(self.interrupt)

    def raise_interrupt(self) -> None:
        """Tell the kernel that something happened."""
        if self.is_powered:
            try:
                os.eventfd_write(self.interrupt, 1)
            except BlockingIOError:
                pass  # a kernel that wrote its own counter full is interrupted as it is

    def core_started(self, core: int, load: bytes) -> None:
        """Run the ring of `core` (1 monitor, 2 kernel) on `load`, in a box of its own."""
        ring = CORES[core]
        self._start(ring, "load", load, self._ends.pop(ring), RING_MEMORY_KIB, 0)

    def start_real_time(self, ends: dict[str, int]) -> None:
        """A box for the real-time cores; `ends` are its channels."""
        self._real_time = self._start(REAL_TIME, REAL_TIME, b"", ends, REAL_TIME_MEMORY_KIB, 0)

    def end_real_time(self) -> None:
        """End it; nobody is told."""
        if self._names.pop(self._real_time, None) is not None:
            self.zygote.kill(self._real_time)
            self.pids.pop(REAL_TIME, None)

    def task_create(self, name: str, memory_kib: int, cpu_ms: int) -> int:
        """A new address space. Raises Full if there are too many, Invalid if it wants more than there is."""
        if len(self._tasks) >= MOST_TASKS:
            raise Full(f"there are {MOST_TASKS} tasks already")
        if memory_kib > MOST_TASK_MEMORY_KIB:
            raise Invalid(f"{memory_kib} KiB for one task: the board gives {MOST_TASK_MEMORY_KIB}")
        while self._next_task in self._tasks:
            self._next_task = self._next_task % 0xFFFF + 1
        number, self._next_task = self._next_task, self._next_task % 0xFFFF + 1
        self._tasks[number] = Task(name, memory_kib, cpu_ms)
        return number

    def task_load(self, task: int, offset: int, data: bytes) -> None:
        """Write into an address space that has not started."""
        found = self._task(task)
        if found.state != CREATED:
            raise OutOfOrder("the task has started")
        _put(found.code, offset, data)

    def task_start(self, task: int, length: int) -> None:
        """Start it; the kernel's end of its channel goes over the side band."""
        found = self._task(task)
        if found.state != CREATED or len(found.code) != length:
            raise OutOfOrder(f"task {task}: {len(found.code)} bytes loaded, {length} to start on")
        kernel_end, app_end = served_pair()
        self._hand_over(task, kernel_end, app_end)
        found.state = RUNNING
        cpu_s = -(-found.cpu_ms // 1000)
        memory = found.memory_kib + APP_INTERPRETER_KIB
        found.box = self._start(f"task {task}", "load", bytes(found.code), {"syscall": app_end}, memory, cpu_s)
        found.code = bytearray()

    def task_status(self, task: int) -> tuple[int, int, int]:
        """(state, exit code, signal)."""
        found = self._task(task)
        return found.state, found.exit_code, found.signal

    def task_end(self, task: int) -> None:
        """End it and forget it."""
        found = self._task(task)
        if found.state == RUNNING:
            self.zygote.kill(found.box)
            self._names.pop(found.box, None)
            self.pids.pop(f"task {task}", None)
        del self._tasks[task]

    def handle_event(self) -> None:
        """Take one event from the zygote."""
        event = self.zygote.event()
        name = self._names.get(event["box"])
        if name is None:
            return  # a box of before the last power-off
        if "pid" in event:
            self.pids[name] = event["pid"]
            return
        del self._names[event["box"]]
        self.pids.pop(name, None)
        if name.startswith("task "):
            self._task_ended(int(name[5:]), event)
        else:
            self._lost(name, event["code"], event["signal"])

    def hear_out(self, milliseconds: int) -> None:
        """Take what the zygote tells until it was silent for so long."""
        poll = select.poll()
        poll.register(self.zygote.socket, select.POLLIN)
        while self._names and poll.poll(milliseconds):
            self.handle_event()

    def _task_ended(self, number: int, event: dict[str, Any]) -> None:
        task = self._tasks.get(number)
        if task:
            task.state, task.exit_code, task.signal = ENDED, event["code"], event["signal"]
        self.raise_interrupt()

    def _hand_over(self, task: int, kernel_end: int, app_end: int) -> None:
        """Send the kernel its end of an app's channel. Raises Full if it does not take them."""
        try:
            socket.send_fds(self._side_band, [task.to_bytes(2, "little")], [kernel_end])
        except OSError:
            os.close(app_end)
            raise Full("the side band: take the channels that were sent")
        finally:
            os.close(kernel_end)

    def _task(self, task: int) -> Task:
        if task not in self._tasks:
            raise Closed(f"no task {task}")
        return self._tasks[task]

    def _start(self, name: str, kind: str, load: bytes, ends: dict[str, int], memory_kib: int, cpu_s: int) -> int:
        self._number += 1
        self._names[self._number] = name
        memory = os.memfd_create(name.replace(" ", "-"))
        os.write(memory, load)
        channels = {**ends, **self._lines_of(name)}
        order = {
            "kind": kind, "names": list(channels), "memory_kib": memory_kib, "cpu_s": cpu_s,
            "power_on_ns": self.power_on_ns, "name": name,
        }  # fmt: skip
        self.zygote.spawn(self._number, order, [memory, *channels.values()])
        for descriptor in (memory, *channels.values()):
            os.close(descriptor)
        return self._number


def _put(memory: bytearray, offset: int, data: bytes) -> None:
    if offset != len(memory) or offset + len(data) > MOST_LOAD:
        raise Invalid(f"load at {offset}: bytes come in order, {MOST_LOAD} at most")
    memory.extend(data)
