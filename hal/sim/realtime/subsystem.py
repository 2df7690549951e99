"""The real-time cores as the bus has them: loaded and started, stopped, asked, and kept on the board's clock.

The chip with its processors is made when the first core is started, so a device without real-time apps pays
nothing. It stays for the life of the board, because the world hangs on its buses; a reset makes all else new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....wire.fault import Fault, Invalid, NoDevice
from ..cores import Cores, only_package
from ..firewall import REAL_TIME_CORES, SHARED_RAM_SIZE
from ..wires import Wires

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...interface import Clock
    from ..firewall import Firewall
    from ..gpio import GpioBank
    from .chip import Chip
    from .machinery import Machinery

MOST_LOAD = 2 * 1024 * 1024  # bytes: the app's partition of flash holds no larger package
FIRST = REAL_TIME_CORES[0]
STOPPED, RUNNING, DEAD = 0, 1, 2


class RealTime:
    """Satisfies `hosts.RealTimeHost`. `run` moves it on; nothing happens here otherwise.

    `interrupt()` is called when a real-time core interrupts the main core, `denied(core, fault)` when the firewall
    refuses an access for the first time, `said(core, byte)` for what a core sends on its debug UART, `noted(line)` for what
    deserves a person's attention, such as a register that is not known.
    """

    def __init__(
        self, firewall: Firewall, pins: GpioBank, clock: Clock, interrupt: Callable[[], None] | None = None,
        denied: Callable[[int, Any], None] | None = None, said: Callable[[int, int], None] | None = None,
        noted: Callable[[str], None] | None = None, wires: Wires | None = None,
    ) -> None:  # fmt: skip
        self.firewall = firewall
        self.pins = pins
        self.clock = clock
        self.wires = wires or Wires()
        self.interrupt = interrupt or _nothing
        self.denied = denied or _nothing
        self.said = said or _nothing
        self.noted = noted or _nothing
        self._loads = Cores(self._start, REAL_TIME_CORES, MOST_LOAD)
        self._machinery: Machinery | None = None
        self._sysram: bytes | bytearray | memoryview = b""  # until somebody writes

    @property
    def chip(self) -> Chip:
        """The chip, made now if it was not: for whoever hangs parts on its buses. Raises NoDevice."""
        return self.made().chip

    @property
    def is_running(self) -> bool:
        """Whether a core runs: then `run` is to be called."""
        return self._machinery is not None and self._machinery.is_running

    def run(self, until_us: int) -> int:
        """Run to `until_us` of uptime, or less if the main core is interrupted. Returns the uptime reached."""
        return until_us if self._machinery is None else self._machinery.run(until_us)

    # --- loading and starting ---

    def core_load(self, core: int, offset: int, data: bytes) -> None:
        """Write `data` at `offset` of what `core` will be started on. Raises as `Cores.core_load`."""
        self._loads.core_load(core, offset, data)

    def core_start(self, core: int, length: int) -> None:
        """Start on a load of one image package. Raises Invalid, with the offset, if it holds no program for this chip."""
        self._loads.core_start(core, length)

    def _start(self, core: int, load: bytes) -> None:
        try:
            self.made().start(core - FIRST, only_package(load))
        except Fault:
            self._loads.stop(core)  # it may be loaded with something better
            raise

    def made(self) -> Machinery:
        """The machinery, made now if it was not. Raises NoDevice where there can be none."""
        if self._machinery is None:
            try:
                from .machinery import Machinery
            except (ImportError, OSError) as problem:
                raise NoDevice("real-time cores cannot run here: " + str(problem))
            self._machinery = Machinery(self, self._memory())
        return self._machinery

    # --- the monitor's calls ---

    def core_stop(self, core: int) -> None:
        """Stop it: memories zeroed, its blocks reset, its pins inputs, its grants and shares gone."""
        self._number(core)
        self._loads.stop(core)
        if self._machinery is not None:
            self._machinery.stop(core - FIRST)
        self.firewall.withdraw(core)

    def core_grant(self, core: int, blocks: bytes) -> None:
        """What `Firewall.grant` says."""
        self._number(core)
        before = self.firewall.granted(core)
        self.firewall.grant(core, blocks)
        if self._machinery is not None:
            self._machinery.granted([block for block in set(before + blocks) if (block in before) != (block in blocks)])

    def core_share(self, core: int, address: int, length: int) -> None:
        """What `Firewall.share` says."""
        self._number(core)
        self.firewall.share(core, address, length)

    def core_status(self, core: int) -> tuple[int, str, int, int]:
        """(state, why, refused accesses, resets since its start)."""
        number = self._number(core)
        return (STOPPED, "", 0, 0) if self._machinery is None else self._machinery.status(number)

    def core_report(self, core: int, offset: int) -> tuple[int, bytes]:
        """(size, bytes from `offset` on) of the report on its death. Raises Invalid beyond its end."""
        number = self._number(core)
        text = b"" if self._machinery is None else self._machinery.report(number)
        if offset > len(text):
            raise Invalid("the report has " + str(len(text)) + " bytes")
        return len(text), text[offset : offset + 4000]

    def core_denial(self, core: int, index: int) -> tuple[int, int, int, int, str, str]:
        """(address, is it a write, pc, count, register, policy). Raises Invalid."""
        number = self._number(core)
        denials = [] if self._machinery is None else self._machinery.denials(number)
        if index >= len(denials):
            raise Invalid("there are " + str(len(denials)) + " refused accesses")
        found: tuple[int, int, int, int, str, str] = denials[index]
        return found

    # --- the kernel's calls ---

    def mailbox_read(self, core: int, offset: int) -> int:
        """A register of the main core's side. While no core was ever started all read 0."""
        number, at = self._number(core), _aligned(offset)
        return 0 if self._machinery is None else self._machinery.mailbox_read(number, at)

    def mailbox_write(self, core: int, offset: int, value: int) -> None:
        """Write one."""
        number, at = self._number(core), _aligned(offset)
        self.made().mailbox_write(number, at, value)

    def sysram_read(self, offset: int, length: int) -> bytes:
        """The main core's SYSRAM. Raises Invalid."""
        _check(offset, length)
        return bytes(self._sysram[offset : offset + length]) if self._sysram else bytes(length)

    def sysram_write(self, offset: int, data: bytes) -> None:
        """Write it. Raises Invalid."""
        _check(offset, len(data))
        self._memory()[offset : offset + len(data)] = data

    def use_memory(self, memory: memoryview) -> None:
        """Take `memory` (64 KiB) for the main core's SYSRAM, before anything else is done."""
        self._sysram = memory

    def _memory(self) -> bytearray | memoryview:
        """The main core's SYSRAM, made when it is needed: a chip that is not used is small."""
        if isinstance(self._sysram, bytes):
            self._sysram = bytearray(SHARED_RAM_SIZE)
        return self._sysram

    # --- the board ---

    def pin_moved(self, pin: int) -> None:
        """Another master owns `pin` now: what a real-time core had set up for it is undone."""
        if self._machinery is not None:
            self._machinery.release([pin])

    def reset(self) -> None:
        """What a reset does: both cores stopped, everything as new. What hangs on the buses stays."""
        self._loads.reset()
        if self._sysram:
            self._memory()[:] = bytes(SHARED_RAM_SIZE)
        if self._machinery is not None:
            self._machinery.reset()

    def _number(self, core: int) -> int:
        if core not in REAL_TIME_CORES:
            raise NoDevice("core " + str(core) + " is no real-time core")
        return core - FIRST


def _nothing(*arguments: Any) -> None:
    """Nobody wants to know."""


def _aligned(offset: int) -> int:
    if offset % 4:
        raise Invalid("no register at " + hex(offset) + ": they are four bytes apart")
    return offset


def _check(offset: int, length: int) -> None:
    if offset + length > SHARED_RAM_SIZE:
        raise Invalid("SYSRAM has " + str(SHARED_RAM_SIZE) + " bytes")
