"""Hosts: what the bus asks of whoever runs cores and tasks, in the small steps the gate has.

A program is longer than a message, so it comes in pieces and is then started. Hosts keep what they
were given, and nobody can read it back.
"""

from __future__ import annotations

from typing import Protocol


class CoreHost(Protocol):
    """Runs rings. `hal.sim.cores.Cores` is one; one that makes processes lies in `hal.sim.box`."""

    def core_load(self, core: int, offset: int, data: bytes) -> None:
        """Write into the memory of a stopped core. Raises NoDevice, OutOfOrder, Invalid, Full."""

    def core_start(self, core: int, length: int) -> None:
        """Start on the `length` bytes loaded. Raises NoDevice, OutOfOrder, Invalid."""


class RealTimeHost(CoreHost, Protocol):
    """Runs the real-time cores, 3 and 4. `hal.sim.realtime.subsystem.RealTime` is one."""

    def core_stop(self, core: int) -> None:
        """Stop it and undo all it did. Never raises Locked."""

    def core_grant(self, core: int, blocks: bytes) -> None:
        """What `Firewall.grant` says; a block that it did not have begins anew."""

    def core_share(self, core: int, address: int, length: int) -> None:
        """What `Firewall.share` says."""

    def core_status(self, core: int) -> tuple[int, str, int, int]:
        """(state, why, refused accesses, resets since its start): state 0 stopped, 1 running, 2 dead."""

    def core_report(self, core: int, offset: int) -> tuple[int, bytes]:
        """(size, bytes from `offset` on) of the report on its death. Raises Invalid beyond its end."""

    def core_denial(self, core: int, index: int) -> tuple[int, int, int, int, str, str]:
        """(address, is it a write, pc, count, register, policy). Raises Invalid."""

    def mailbox_read(self, core: int, offset: int) -> int:
        """A register of the main core's side."""

    def mailbox_write(self, core: int, offset: int, value: int) -> None:
        """Write one."""

    def sysram_read(self, offset: int, length: int) -> bytes:
        """The main core's SYSRAM. Raises Invalid."""

    def sysram_write(self, offset: int, data: bytes) -> None:
        """Write it. Raises Invalid."""

    def pin_moved(self, pin: int) -> None:
        """Another master owns `pin` now: what a real-time core had set up for it is undone."""

    def reset(self) -> None:
        """What a reset does: both cores are stopped, everything is as new."""


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
