"""The real-time subsystem put together: cores with their memory and peripherals, on one clock.

Cores take turns in a fixed order, each up to the next thing arranged or the end of its turn, so a run of the
chip can be repeated exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cortexm.machine import SLEEPING, TIME, Machine, Stop
from . import time
from .registers import Log
from .time import Scheduler
from .uart import Console, Uart

if TYPE_CHECKING:
    from collections.abc import Callable

TCM, TCM_SIZE = 0x0010_0000, 0x3_0000
SYSRAM, SYSRAM_SIZE = 0x2200_0000, 0x1_0000
FLASH, FLASH_SIZE = 0x1000_0000, 0x10_0000
DEBUG_UART, DEBUG_UART_IRQ = 0x2104_0000, 4
TURN = 50 * time.MICROSECOND


class Core:
    """One Cortex-M4F with its private memory: `tcm` and `sysram` are views of it."""

    def __init__(self, number: int, scheduler: Scheduler, log: Log) -> None:
        self.number = number
        self.scheduler = scheduler
        self.machine = Machine(irqs=100, priority_bits=3, ticks_per_cycle=time.XTAL)
        self.tcm = self.machine.map_ram(TCM, TCM_SIZE)
        self.sysram = self.machine.map_ram(SYSRAM, SYSRAM_SIZE)
        self.console = Console()
        name = f"IO{number} UART"
        self.uart = Uart(scheduler, log, self.line(DEBUG_UART_IRQ), DEBUG_UART, name, self.console)
        self.machine.map_device(DEBUG_UART, 0x1000, self.uart, name)
        self.is_started = False

    def line(self, number: int) -> Callable[[bool], None]:
        """The interrupt line `number` of this core."""
        return lambda level: self.machine.set_irq(number, level)

    def start(self, entry: int) -> None:
        """Reset, and run from the vector table at `entry`."""
        self.machine.advance(self.scheduler.now)
        self.machine.reset(entry)
        self.is_started = True

    def run(self, until: int) -> Stop:
        """Run to `until` or to something that the core's own accesses arranged."""
        self.scheduler.lend(lambda: self.machine.now, self.machine.limit)
        try:
            return self.machine.run(until)
        finally:
            self.scheduler.take_back()


class Chip:
    """Cores and what they share. `log` is told once of each thing a person should know."""

    def __init__(self, cores: int = 1, log: Log | None = None) -> None:
        self.log = log or Log()
        self.scheduler = Scheduler()
        self.cores = [Core(number, self.scheduler, self.log) for number in range(cores)]

    def run(self, until: int) -> Stop | None:
        """Run every started core to `until`. Returns why one of them cannot go on, or None."""
        while self.scheduler.now < until:
            end = min(until, max(self.scheduler.next(), self.scheduler.now + 1), self.scheduler.now + TURN)
            for core in self.cores:
                if not core.is_started:
                    continue
                stop = core.run(end)
                if stop.reason not in (TIME, SLEEPING):
                    return stop
                end = min(end, max(self.scheduler.next(), self.scheduler.now + 1))
            self.scheduler.run(end)
        return None
