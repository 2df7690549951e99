"""Cores: memory of the stopped cores, and the moment one starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Full, Invalid, NoDevice, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = 8 * 1024 * 1024  # bytes a core can be loaded with


class Cores:
    """Satisfies `hosts.CoreHost` and `hal.interface.Cores`.

    `started(core, code)` is called once per start with the very bytes that were loaded: the board makes
    a ring of them. `numbers` are the cores that exist.
    """

    def __init__(
        self, started: Callable[[int, bytes], None], numbers: tuple[int, ...] = (1, 2), memory: int = MEMORY,
    ) -> None:  # fmt: skip
        self._started = started
        self._memory = memory
        self._loads: dict[int, bytes | bytearray] = dict.fromkeys(numbers, b"")  # bytes while it came in one piece
        self._running: set[int] = set()

    def core_load(self, core: int, offset: int, data: bytes) -> None:
        """Write `data` at `offset`, at most where the last load ended.

        Raises NoDevice, OutOfOrder if the core runs, Invalid if it would leave a hole, Full.
        """
        self._stopped(core)
        load = self._loads[core]
        if not 0 <= offset <= len(load):
            raise Invalid("a hole before " + str(offset))
        if offset + len(data) > self._memory:
            raise Full("the core has " + str(self._memory) + " bytes of memory")
        if not load:
            self._loads[core] = bytes(data)
            return
        grown = self._loads[core] = bytearray(load) if isinstance(load, bytes) else load
        grown[offset : offset + len(data)] = data

    def core_start(self, core: int, length: int) -> None:
        """Start on the first `length` bytes. Raises Invalid unless just so many were loaded."""
        self._stopped(core)
        if length != len(self._loads[core]) or not length:
            raise Invalid(str(len(self._loads[core])) + " bytes are loaded, not " + str(length))
        code = bytes(self._loads[core])
        self._loads[core] = b""
        self._running.add(core)
        self._started(core, code)

    def start(self, core: int, code: bytes) -> None:
        """Load and start at once."""
        self._stopped(core)
        self._loads[core] = b""
        self.core_load(core, 0, code)
        self.core_start(core, len(code))

    def is_running(self, core: int) -> bool:
        """Whether `core` was started since the last reset."""
        return core in self._running

    def stop(self, core: int) -> None:
        """Stop `core`: it may be loaded again. Raises NoDevice."""
        if core not in self._loads:
            raise NoDevice("no core " + str(core))
        self._running.discard(core)
        self._loads[core] = b""

    def reset(self) -> None:
        """What a reset does: every core is stopped and its memory is empty."""
        self._running = set()
        for core in list(self._loads):
            self._loads[core] = b""

    def _stopped(self, core: int) -> None:
        if core not in self._loads:
            raise NoDevice("no core " + str(core))
        if core in self._running:
            raise OutOfOrder("core " + str(core) + " runs", "hal", "core.stopped", "", "reset the chip")


def only_package(load: bytes) -> bytes:
    """The package that a load of one package holds. Raises Invalid."""
    if len(load) < 4 or int.from_bytes(load[:4], "little") != len(load) - 4:
        raise Invalid("not a load of one package: its length comes before it")
    return load[4:]
