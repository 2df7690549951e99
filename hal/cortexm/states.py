"""A machine's state in bytes: all of it, what a program could find out, and what it must be to be taken."""

from __future__ import annotations

from typing import Any

from ._machine import ffi, lib


class Savable:
    """The part of a `Machine` that saves it. It has the C machine, and (address, buffer) of its memories."""

    _machine: Any
    _memories: list[tuple[int, Any]]

    @property
    def memories(self) -> list[tuple[int, memoryview]]:
        """(address, contents) of all memory, in the order in which it was mapped."""
        return [(address, memoryview(ffi.buffer(place)).cast("B")) for address, place in self._memories]

    def save_state(self) -> tuple[bytes, bytes]:
        """Everything but devices and memory: processor, timers, interrupts; and what memory was when the round of a
        polling loop began that is to be compared (b"" if none is)."""
        state, size = ffi.new("uint8_t[]", lib.machine_state_size()), ffi.new("uint32_t *")
        lib.machine_save(self._machine, state)
        loop = lib.machine_loop(self._machine, size)
        return bytes(ffi.buffer(state)), b"" if loop == ffi.NULL else bytes(ffi.buffer(loop, size[0]))

    def visible_state(self) -> bytes:
        """Of the state what a program could find out: the same however a run was cut into runs."""
        return self.save_state()[0][: lib.machine_visible_size()]

    @staticmethod
    def check_state(state: bytes) -> tuple[str, int] | None:
        """(reason, offset) why `restore_state` would refuse `state`, or None."""
        if len(state) != lib.machine_state_size():
            return f"a state of {len(state)} bytes, not {lib.machine_state_size()}", 0
        at = int(lib.machine_check(state))
        return None if at < 0 else ("the state was saved by another version" if at == 0 else "a value that no processor has", at)

    def restore_state(self, state: bytes, loop: bytes) -> None:
        """Go on from what `save_state` gave, memory being as it was then. Raises ValueError with nothing changed."""
        problem = self.check_state(state)
        if problem is not None:
            raise ValueError(problem[0])
        if lib.machine_restore(self._machine, state, loop, len(loop)):
            raise ValueError("the state is of a machine with other memory")

    def save(self) -> bytes:
        """Everything but the devices: processor, timers, interrupts and memory."""
        state, loop = self.save_state()
        return b"".join([state, *(bytes(place) for _, place in self.memories), loop])

    def restore(self, saved: bytes) -> None:
        """Go on from `saved`, which a machine with the same memory gave. Raises ValueError for anything else."""
        at = int(lib.machine_state_size())
        end = at + sum(len(place) for _, place in self._memories)
        if len(saved) < end:
            raise ValueError("the state is of a machine with other memory")
        self.restore_state(saved[:at], saved[end:])
        for _, place in self.memories:
            place[:] = saved[at : at + len(place)]
            at += len(place)
