"""Cores and tasks as boxes: what the bus needs to start a ring or an app in a process of its own.

The wiring between the rings (mailbox, secure monitor call, side band, interrupt) exists from
power-on, as on a chip; starting a core hands it its ends. An app's channel is made when the app is
started, and the kernel's end of it travels over the side band.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from armillary.hal.sim.box.zygote import Zygote
from armillary.wire.fault import Closed, Invalid, OutOfOrder

CORES = ("pluton", "monitor", "kernel")  # core number: ring
RING_MEMORY_KIB = 96 * 1024
APP_INTERPRETER_KIB = 24 * 1024  # what the interpreter itself takes, beside what the app may use
MOST_LOAD = 4 * 1024 * 1024
CREATED, RUNNING, ENDED = 0, 1, 2
MOST_TASKS = 32


def channel_pair() -> tuple[int, int]:
    """The two ends of a channel that keeps messages apart."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return left.detach(), right.detach()


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

    `bus_ends` maps a ring to the descriptor of its end of the bus. `lost(ring, how)` is called when a
    core's box ends. Every descriptor given in is owned from then on.
    """

    def __init__(self, zygote: Zygote, trace: tuple[int, int], console: int, lost: Callable[[str, str], None]):
        self.zygote = zygote
        self._trace, self._trace_flag = trace
        self._console = console
        self._lost = lost
        self._number = 0
        self._names: dict[int, str] = {}  # box number: ring, or task number as text
        self.pids: dict[str, int] = {}
        self.is_powered = False

    def power_on(self, bus_ends: dict[str, int], windows: dict[str, int], power_on_ns: int) -> None:
        """Wire the rings up and let Pluton's core run its mask ROM.

        `windows` are the memory files of the rings' DMA windows; `power_on_ns` is monotonic time.
        """
        self.power_on_ns = power_on_ns
        mailbox, smc = channel_pair(), channel_pair()
        side_band, self._side_band_kernel = channel_pair()
        self._side_band = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, side_band)
        self.interrupt = os.eventfd(0, os.EFD_NONBLOCK)
        self._ends = {
            "pluton": {"bus": bus_ends["pluton"], "mailbox": mailbox[0]},
            "monitor": {"bus": bus_ends["monitor"], "mailbox": mailbox[1], "smc": smc[0]},
            "kernel": {"bus": bus_ends["kernel"], "smc": smc[1], "side_band": self._side_band_kernel,
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
            os.eventfd_write(self.interrupt, 1)

    def core_started(self, core: int, load: bytes) -> None:
        """Run the ring of `core` (1 monitor, 2 kernel) on `load`, in a box of its own."""
        ring = CORES[core]
        self._start(ring, "load", load, self._ends.pop(ring), RING_MEMORY_KIB, 0)

    def task_create(self, name: str, memory_kib: int, cpu_ms: int) -> int:
        """A new address space. Raises OutOfOrder if there are too many."""
        if len(self._tasks) >= MOST_TASKS:
            raise OutOfOrder(f"there are {MOST_TASKS} tasks already")
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
        kernel_end, app_end = channel_pair()
        found.state = RUNNING
        cpu_s = -(-found.cpu_ms // 1000)
        memory = found.memory_kib + APP_INTERPRETER_KIB
        found.box = self._start(f"task {task}", "load", bytes(found.code), {"syscall": app_end}, memory, cpu_s)
        found.code = bytearray()
        socket.send_fds(self._side_band, [task.to_bytes(2, "little")], [kernel_end])
        os.close(kernel_end)

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
            how = f"by signal {event['signal']}" if event["signal"] else f"with code {event['code']}"
            self._lost(name, how)

    def _task_ended(self, number: int, event: dict[str, Any]) -> None:
        task = self._tasks.get(number)
        if task:
            task.state, task.exit_code, task.signal = ENDED, event["code"], event["signal"]
        self.raise_interrupt()

    def _task(self, task: int) -> Task:
        if task not in self._tasks:
            raise Closed(f"no task {task}")
        return self._tasks[task]

    def _start(self, name: str, kind: str, load: bytes, ends: dict[str, int], memory_kib: int, cpu_s: int) -> int:
        self._number += 1
        self._names[self._number] = name
        memory = os.memfd_create(name.replace(" ", "-"))
        os.write(memory, load)
        channels = {**ends, "console": self._console, "trace": self._trace, "trace_flag": self._trace_flag}
        order = {
            "kind": kind, "names": list(channels), "memory_kib": memory_kib, "cpu_s": cpu_s,
            "power_on_ns": self.power_on_ns, "name": name,
        }  # fmt: skip
        self.zygote.spawn(self._number, order, [memory, *channels.values()])
        for descriptor in (memory, *ends.values()):
            os.close(descriptor)
        return self._number


def _put(memory: bytearray, offset: int, data: bytes) -> None:
    if offset != len(memory) or offset + len(data) > MOST_LOAD:
        raise Invalid(f"load at {offset}: bytes come in order, {MOST_LOAD} at most")
    memory.extend(data)
