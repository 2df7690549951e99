"""Tasks in boxes: how the kernel's box starts the boxes of its apps.

The kernel hands over code it has verified; silicon makes the box and sends back, by the side band,
the kernel's end of the channel on which the app's system calls will come.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from ....wire.call import BULK, Port
from ....wire.fault import Fault
from ... import abi


class BoxedTask:
    """One app's box. `channel` is the kernel's end, -1 once closed."""

    def __init__(self, port: Port, machine: Any, number: int, name: str, channel: int):
        self.name = name
        self.number = number
        self.channel = channel
        self._port = port
        self._machine = machine

    def status(self) -> tuple[int, int, int]:
        """(state, exit code, signal): state 0 created, 1 running, 2 ended."""
        state, code, signal = self._port.call(abi.TASK_STATUS, self.number)
        return state, code, signal

    def end(self) -> None:
        """End it now and free what it held."""
        try:
            self._port.call(abi.TASK_END, self.number)
        except Fault:
            pass  # it was already forgotten
        if self.channel >= 0:
            self._machine.detach(self.channel)

    def closed(self) -> None:
        """The channel is closed; its number may be used again by another."""
        self.channel = -1


class BoxedTasks:
    """hal.interface.Tasks over the bus, for the kernel's box."""

    def __init__(self, port: Port, machine: Any):
        self._port = port
        self._machine = machine
        self._side_band = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, machine.channels["side_band"])

    def start(self, name: str, code: bytes, memory_kib: int, cpu_ms: int, gate: Any) -> BoxedTask:
        """Run the load `code` confined; its system calls go to `gate`."""
        number = self._port.call(abi.TASK_CREATE, name, memory_kib, cpu_ms)
        self._load(number, code)
        self._port.call(abi.TASK_START, number, len(code))
        _, descriptors, _, _ = socket.recv_fds(self._side_band, 2, 1)
        task = BoxedTask(self._port, self._machine, number, name, descriptors[0])
        self._machine.attach(task.channel, gate, task.closed)
        return task

    def _load(self, number: int, code: bytes) -> None:
        window = self._machine.window
        if len(code) <= len(window):
            window[: len(code)] = code
            self._port.call(abi.TASK_FETCH, number, 0, 0, len(code))
            return
        for offset in range(0, len(code), BULK):
            self._port.call(abi.TASK_LOAD, number, offset, code[offset : offset + BULK])

    def reply(self, task: BoxedTask, reply: bytes) -> None:
        """Send the reply that was put off; an app that has gone does not get it."""
        if task.channel >= 0:
            try:
                os.write(task.channel, reply)
            except OSError:
                pass  # its end will be noticed by status()
