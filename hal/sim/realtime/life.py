"""The life of a program on a real-time core: taken out of its package, started, watched, stopped.

It dies when the processor locks up or cannot go on, or when it stands still in the handler of a fault and no watchdog
will end that; then there is a report. A watchdog's reset is no death: the program begins again, as on the chip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cortexm import elf
from ...cortexm.faults import PostMortem, is_dead
from ...cortexm.symbols import Symbols
from .package import REGIONS, TCM, read
from .program import DEATHS, has_memory, load, register_name
from .time import SECOND
from .wdt import ENABLE, INTERRUPT

if TYPE_CHECKING:
    from .chip import Core

STOPPED, RUNNING, DEAD = 0, 1, 2
MOST_REPORT = 64 * 1024  # bytes
MOST_REASON = 256


class Life:
    """What runs on `core`, from start to stop. The report on a death stays until the next start."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.state = STOPPED
        self.reason = ""
        self.report = b""
        self._mortem: PostMortem | None = None

    def start(self, package: bytes) -> None:
        """Begin the program in an image package. Raises Invalid, and nothing is loaded, if there is none for this chip."""
        data, program = read(package)
        load(self.core, program)
        self._mortem = PostMortem(self.core.machine, _symbols(data), self._name, SECOND)
        self.state, self.reason, self.report = RUNNING, "", b""
        self.core.resets = 0
        self.core.start(program.entry)

    def stop(self) -> None:
        """End it where it stands; nothing of it stays in the core."""
        core, machine = self.core, self.core.machine
        core.is_started = core.is_reset_wanted = False
        core.resets = 0
        self.state, self.reason, self._mortem = STOPPED, "", None
        for region in REGIONS:
            if has_memory(core, region.address):
                machine.write_memory(region.address, bytes(region.size))
        for block in core.blocks:
            block.reset()
        machine.reset(TCM)

    def look(self) -> None:
        """Has it died quietly, standing still after a fault?"""
        if self.state == RUNNING and is_dead(self.core.machine) and not self._will_be_reset():
            self.die("stands still in a fault handler", None)

    def stopped(self, reason: int) -> None:
        """The processor cannot go on, for `reason` (of `machine.REASONS`)."""
        self.die(DEATHS.get(reason, "cannot go on"), reason)

    def die(self, how: str, reason: int | None) -> None:
        """Write the report: what runs from now on is nothing."""
        self.core.is_started = False
        self.state = DEAD
        report = self._mortem.report(reason) if self._mortem is not None else ""
        self.report = report.encode("utf-8", "replace")[:MOST_REPORT]
        self.reason = _cut(how + "; " + report.split("\n", 1)[0] if report else how)

    def _will_be_reset(self) -> bool:
        mode = self.core.wdt.words[0x30]
        return bool(mode & ENABLE and not mode & INTERRUPT)

    def _name(self, address: int) -> str:
        return register_name(self.core, address)


def _symbols(data: bytes) -> Symbols:
    """Names for the report; a file that has none, or broken ones, runs all the same."""
    try:
        return Symbols(data)
    except elf.BadElf:
        return Symbols(b"")


def _cut(text: str) -> str:
    return text.encode()[:MOST_REASON].decode("utf-8", "ignore")
