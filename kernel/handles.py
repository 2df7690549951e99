"""Handles: the small numbers by which a process names what it has opened.

A number is generation << 5 | slot. A closed number is not given out again until its slot has been
through the 2046 other generations, and slots are taken in turn, so a stale number is refused
instead of reaching whatever was opened next.
"""

from __future__ import annotations

from collections import deque

from ..wire.fault import Closed, Fault, Full, Invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Opened(Protocol):
        """What a handle may name: a pin, a file, a stream or a connection to a real-time app."""

        kind: str

        def event(self) -> int:
            """The kind of event (`kernel.abi`) that is due, or 0."""

        def close(self) -> None:
            """Give back what it holds."""


MOST = 32
SLOT_BITS = 5
GENERATIONS = 1 << 11  # u16 less the slot; generation 0 is never used, so no handle is 0


class Handles:
    """The open handles of one process, at most MOST."""

    def __init__(self) -> None:
        self._open: dict[int, Opened] = {}
        self._generations = [0] * MOST
        self._free: deque[int] = deque(range(MOST), MOST)

    def add(self, thing: Opened) -> int:
        """The number of `thing`. Raises Full; check `require_room` before making `thing`."""
        self.require_room()
        slot = self._free.popleft()
        generation = self._generations[slot] % (GENERATIONS - 1) + 1
        self._generations[slot] = generation
        number = generation << SLOT_BITS | slot
        self._open[number] = thing
        return number

    def require_room(self) -> None:
        """Raise Full if no slot is free."""
        if not self._free:
            raise Full("all {} handles are open".format(MOST), "kernel", "handles.most", remedy="close one")

    def get(self, number: int, kind: str) -> Any:  # Any: `kind` says which class it is
        """What `number` names. Raises Closed if it is not open, Invalid if it is of another kind."""
        thing = self._open.get(number)
        if thing is None:
            raise Closed("handle {} is not open".format(number), "kernel", "handles.open")
        if thing.kind != kind:
            raise Invalid("handle {} is a {}, not a {}".format(number, thing.kind, kind), "kernel", "handles.kind")
        return thing

    def find(self, number: int) -> Opened:
        """What `number` names, of whatever kind. Raises Closed."""
        thing = self._open.get(number)
        if thing is None:
            raise Closed("handle {} is not open".format(number), "kernel", "handles.open")
        return thing

    def close(self, number: int) -> None:
        """Close it. The number is gone even if giving back what it held raises. Raises Closed."""
        thing = self.find(number)
        del self._open[number]
        self._free.append(number & (MOST - 1))
        thing.close()

    def numbers(self) -> list[int]:
        """Every open number, in order."""
        return sorted(self._open)

    def close_all(self) -> list[Fault]:
        """Close everything and open nothing more; what went wrong on the way."""
        faults = []
        for number in self.numbers():
            try:
                self.close(number)
            except Fault as fault:
                faults.append(fault)
        self._free = deque((), MOST)
        return faults
