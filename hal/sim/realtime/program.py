"""A program on a core of the chip: loaded, watched, debugged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cortexm import elf
from ...cortexm.faults import FAULTS, PostMortem, is_dead
from ...cortexm.machine import BREAKPOINT, ERROR, LOCKUP, SLEEPING, TIME
from ...cortexm.target import Group, Target
from .package import FLASH, FLASH_SIZE
from .package import REGIONS as REGIONS
from .time import MILLISECOND, SECOND
from .wdt import ENABLE, INTERRUPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self.look(stop)
        return stop

    def look(self, stop: Stop | None) -> None:
        """The chip ran, and stopped for this: has the program died?"""
        if stop is not None and stop.reason in DEATHS and self.chip.failed in (self.core, None):
            self._die(DEATHS[stop.reason], stop.reason)
        elif stop is None and is_dead(self.core.machine) and not self._may_be_reset():
            self._die("stands still in a fault handler", None)

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
    """A core as a debugger sees it."""

    def __init__(self, watched: Watched) -> None:
        regions = [region for region in REGIONS if has_memory(watched.core, region.address)]
        super().__init__(watched.core.machine, regions, watched.program.entry, SLICE, f"IO{watched.core.number}")
        self.watched = watched

    def reset(self) -> None:
        """Load the program again and begin it."""
        self.watched.restart()

    def time(self) -> str:
        """Virtual time in words."""
        return f"{self.watched.seconds(self.machine.now)} s, {self.machine.cycles} cycles"


class ChipGroup(Group):
    """The cores that run programs, as threads; the chip around them runs and stops with them. `after` is called between times."""

    def __init__(self, chip: Chip, watched: Sequence[Watched], after: Callable[[], None]) -> None:
        super().__init__([ChipTarget(each) for each in watched])
        self._chip, self._after = chip, after
        self._numbers = {each.core.number: number for number, each in enumerate(watched, 1)}

    def resume(self) -> tuple[int, Stop] | None:
        """Run the chip for a while."""
        stop = self._chip.run(self._chip.scheduler.now + SLICE)
        self._after()
        return self._which(stop)

    def step(self, number: int, is_alone: bool = True) -> tuple[int, Stop]:
        """One instruction of a core. The other one comes as far, and may stop on its way, unless it is to stand still."""
        core = self._chip.cores[next(core for core, each in self._numbers.items() if each == number)]
        end = self._chip.scheduler.now + PATIENCE * SECOND
        while True:
            stop = self._chip.step(core, end, is_alone)
            self._after()
            if stop.reason not in (TIME, SLEEPING) or core.machine.now >= end:
                return self._which(stop) or (number, stop)

    def _which(self, stop: Stop | None) -> tuple[int, Stop] | None:
        if stop is None:
            return None
        failed = self._chip.failed
        return self._numbers.get(failed.number if failed is not None else -1, 1), stop
