"""Hosts: what the bus asks of whoever runs cores and tasks, in the small steps the gate has.

A program is longer than a message, so it comes in pieces and is then started. Both hosts keep what
they were given, and nobody can read it back.
"""

from __future__ import annotations

from typing import Protocol


class CoreHost(Protocol):
    """Runs rings. `hal.sim.cores.Cores` is one; one that makes processes lies in `hal.sim.box`."""

    def core_load(self, core: int, offset: int, data: bytes) -> None:
        """Write into the memory of a stopped core. Raises NoDevice, OutOfOrder, Invalid, Full."""

    def core_start(self, core: int, length: int) -> None:
        """Start on the `length` bytes loaded. Raises NoDevice, OutOfOrder, Invalid."""


class TaskHost(Protocol):
    """Runs apps, each in an address space of its own: the part of `hal.interface.Tasks` on the bus."""

    def task_create(self, name: str, memory_kib: int, cpu_ms: int) -> int:
        """A new address space's number (u16). Raises Full."""

    def task_load(self, task: int, offset: int, data: bytes) -> None:
        """Write into one that has not started. Raises NotFound, OutOfOrder, Invalid, Full."""

    def task_start(self, task: int, length: int) -> None:
        """Start on the `length` bytes loaded. Raises NotFound, OutOfOrder, Invalid."""

    def task_status(self, task: int) -> tuple[int, int, int]:
        """(state, exit code, signal): state 0 created, 1 running, 2 ended. Raises NotFound."""

    def task_end(self, task: int) -> None:
        """End it now and free what it held. Raises NotFound."""
