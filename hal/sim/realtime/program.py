"""A program on a core of the chip: loaded, watched, debugged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cortexm import elf
from ...cortexm.faults import FAULTS, PostMortem, is_dead
from ...cortexm.machine import BREAKPOINT, ERROR, LOCKUP, SLEEPING, TIME
from ...cortexm.target import Target
from .package import FLASH, FLASH_SIZE
from .package import REGIONS as REGIONS
from .time import MILLISECOND, SECOND
from .wdt import ENABLE, INTERRUPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...cortexm.machine import Stop
    from ...cortexm.symbols import Symbols
    from .chip import Chip, Core

CODE = [(region.address, region.size) for region in REGIONS]
DEATHS = {LOCKUP: "locked up", ERROR: "could not be run on", BREAKPOINT: "met a breakpoint instruction (BKPT)"}
SLICE = 10 * MILLISECOND
PATIENCE = 10  # seconds that a step waits for something to wake the core


def load(core: Core, program: elf.Program) -> None:
    """Put a program into the memory of a core, which may have run another before."""
    places = {place for segment in program.segments for place in (segment.address, segment.stored)}
    if any(FLASH <= place < FLASH + FLASH_SIZE for place in places) and not has_memory(core, FLASH):
        core.machine.map_rom(FLASH, bytes(FLASH_SIZE))
    elf.load(program, core.machine)


def has_memory(core: Core, address: int) -> bool:
    """Whether there is memory at `address`."""
    try:
        core.machine.read_memory(address, 1)
    except ValueError:
        return False
    return True


def register_name(core: Core, address: int) -> str:
    """The name of the register at `address`, without the core's own: `UART.LSR`."""
    found = core.machine.device_at(address)
    if found is None:
        return f"{address:#010x}"
    name, device, offset = found
    name_of = getattr(device, "name_of", None)
    text: str = f"{name}+{offset:#x}" if name_of is None else name_of(offset)
    return text.removeprefix(f"IO{core.number} ")


class Watched:
    """A core that runs `program`, and why it can no longer: `death` in words, "" while it lives."""

    def __init__(self, chip: Chip, core: Core, program: elf.Program, symbols: Symbols) -> None:
        self.chip = chip
        self.core = core
        self.program = program
        self.symbols = symbols
        self.death = ""
        self.report = ""
        self._mortem = PostMortem(core.machine, symbols, self.name, SECOND)
        self.restart()

    def restart(self) -> None:
        """Load the program again and begin it."""
        load(self.core, self.program)
        self.core.start(self.program.entry)

    def name(self, address: int) -> str:
        """The name of the register at an address."""
        return register_name(self.core, address)

    def seconds(self, time: int) -> str:
        """A time in ticks as seconds."""
        return self._mortem.seconds(time)

    def run(self, until: int) -> Stop | None:
        """Run to `until` (ticks) or to the program's end. Returns what stopped it before, or None."""
        stop = self.chip.run(until)
        if stop is not None and stop.reason in DEATHS:
            self._die(DEATHS[stop.reason], stop.reason)
        elif stop is None and is_dead(self.core.machine) and not self._may_be_reset():
            self._die("stands still in a fault handler", None)
        return stop

    def finish(self) -> None:
        """The run is over: a program that is in a fault handler then has died, whatever it does there."""
        if not self.death and self.core.machine.get("xpsr") & 0x1FF in FAULTS:
            self._die("was in a fault handler when its time was over", None)

    def _may_be_reset(self) -> bool:
        """A watchdog that counts ends the standstill."""
        mode = self.core.wdt.words[0x30]
        return bool(mode & ENABLE and not mode & INTERRUPT)

    def _die(self, how: str, reason: int | None) -> None:
        self.death = how
        self.report = self._mortem.report(reason)


class ChipTarget(Target):
    """A core as a debugger sees it; the chip around it runs and stops with it. `after` is called between times."""

    def __init__(self, watched: Watched, after: Callable[[], None]) -> None:
        regions = [region for region in REGIONS if has_memory(watched.core, region.address)]
        super().__init__(watched.core.machine, regions, watched.program.entry, SLICE)
        self.watched = watched
        self.after = after

    def resume(self) -> Stop | None:
        """Run the chip for a while."""
        stop = self.watched.chip.run(self.watched.chip.scheduler.now + self.slice_ticks)
        self.after()
        return stop

    def step(self) -> Stop:
        """One instruction of the core; the others stand still."""
        scheduler, machine = self.watched.chip.scheduler, self.watched.core.machine
        end = scheduler.now + PATIENCE * SECOND
        while True:
            scheduler.lend(lambda: machine.now, machine.limit)
            try:
                stop = machine.step(min(max(scheduler.next(), scheduler.now + 1), end))
            finally:
                scheduler.take_back()
            scheduler.run(machine.now)
            self.after()
            if stop.reason not in (TIME, SLEEPING) or machine.now >= end:
                return stop

    def reset(self) -> None:
        """Load the program again and begin it."""
        self.watched.restart()

    def time(self) -> str:
        """Virtual time in words."""
        return f"{self.watched.seconds(self.machine.now)} s, {self.machine.cycles} cycles"
