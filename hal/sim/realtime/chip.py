"""The real-time subsystem put together: cores with their memory and peripherals, on one clock.

Cores take turns in a fixed order, each up to the next thing arranged or the end of its turn, so a run of the
chip can be repeated exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cortexm.machine import BREAKPOINT, RESET, SLEEPING, TIME, Machine, Stop
from ..gpio import GpioBank
from . import snapshot, time
from .clock import Rgu
from .conflicts import DECISIONS
from .console import Console
from .dma import Dma
from .gpt import Gpt
from .irqconfig import FIRST_IRQ, IrqConfig
from .mailbox import Side
from .package import SYSRAM, SYSRAM_SIZE, TCM, TCM_SIZE
from .registers import Block, Log
from .shared import PINS, Lines, Shared
from .time import Scheduler
from .uart import Uart
from .untold import PRIVATE, LowMemory, Untold
from .wdt import Wdt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..wires import Wires
    from .guard import Guard

# The private blocks of a core: address; their interrupts.
IRQ_CONFIG, RGU, WDT, GPT, DEBUG_UART = 0x2100_0000, 0x2101_0000, 0x2102_0000, 0x2103_0000, 0x2104_0000
GPT01_IRQ, GPT3_IRQ, WDT_IRQ, DEBUG_UART_IRQ = 1, 2, 3, 4
A7_BOX, A7_BOX_IRQ, CORE_BOX, CORE_BOX_IRQ = 0x2105_0000, 6, 0x2106_0000, 12  # the first of six interrupts
DMA, DMA_SIZE, DMA_IRQ = 0x2108_0000, 0x5000, 77
assert DECISIONS["low-memory"]
BLOCK, EINTS = 0x1000, 24
SHARED_START, SHARED_SIZE = 0x8000_0000, 0x1_0000  # memory of the main core, as far as it shares it
FLOATS_ON = 0xF << 20  # CPACR as programs find it: they use floating point without asking
TURN, LONE_TURN = 50 * time.MICROSECOND, time.SECOND


class Core:
    """One Cortex-M4F with its private memory: `tcm` and `sysram` are views of it."""

    def __init__(self, number: int, scheduler: Scheduler, log: Log) -> None:
        self.number = number
        self.scheduler = scheduler
        self.machine = Machine(irqs=100, priority_bits=3, ticks_per_cycle=time.XTAL, cpacr=FLOATS_ON)
        self.tcm = self.machine.map_ram(TCM, TCM_SIZE)
        self.sysram = self.machine.map_ram(SYSRAM, SYSRAM_SIZE)
        self.machine.share(SYSRAM, SYSRAM_SIZE)
        self.console = Console()
        self.entry = 0
        self.is_started = self.is_reset_wanted = False
        self.resets = 0  # by its watchdog or by itself
        self.blocks: list[Block] = []
        self.shared_written: Callable[[int, bytes], None] | None = None  # is told of what the main core wrote for this one
        self._add_blocks(log)

    def _add_blocks(self, log: Log) -> None:
        name, machine, scheduler = f"IO{self.number} ", self.machine, self.scheduler
        self.irq_config = IrqConfig(scheduler, log, machine.pulse_irq, IRQ_CONFIG, name + "IRQCFG", machine.set_irq)
        self.rgu = Rgu(scheduler, log, machine.set_clock, RGU, name + "RGU")
        self.wdt = Wdt(scheduler, log, self.line(WDT_IRQ), self.want_reset, WDT, name + "WDT")
        self.gpt = Gpt(scheduler, log, self.line(GPT01_IRQ), lambda: machine.pulse_irq(GPT3_IRQ), lambda: machine.cycles, GPT, name + "GPT")
        self.uart = Uart(scheduler, log, self.line(DEBUG_UART_IRQ), DEBUG_UART, name + "UART", self.console)
        untold = [Untold(scheduler, log, base, name + short) for short, base in PRIVATE.items()]
        for block in (self.irq_config, self.rgu, self.wdt, self.gpt, self.uart, *untold):
            machine.map_device(block.base, BLOCK, block, block.name)
            self.blocks.append(block)
        self._add_boxes(log)
        self.dma = Dma(scheduler, log, self.line(DMA_IRQ), self.reachable, DMA, name + "DMA")
        self.dma.wrote = machine.written
        machine.map_device(DMA, DMA_SIZE, self.dma, self.dma.name)
        self.blocks.append(self.dma)
        gpt = self.gpt
        gpt.attach(lambda *how: machine.publish(gpt, *how), lambda offset: machine.withdraw(gpt, offset))

    def _add_boxes(self, log: Log) -> None:
        """Mailboxes: `a7_box` and its other side `a7`, which the main core has; `core_box` to the other core."""
        name, scheduler = f"IO{self.number} ", self.scheduler
        holder: list[Side | None] = [None]
        self.a7_box = Side(scheduler, log, self.lines(A7_BOX_IRQ), A7_BOX, name + "MBOX_A7", holder)
        self.a7 = Side(scheduler, log, lambda line, level: None, name=f"A7 MBOX{self.number}", semaphore=holder)
        self.a7_box.join(self.a7)
        self.core_box = Side(scheduler, log, self.lines(CORE_BOX_IRQ), CORE_BOX, name + "MBOX_M4")
        for box in (self.a7_box, self.core_box):
            self.machine.map_device(box.base, BLOCK, box, box.name)
            self.blocks.append(box)

    def tell_written(self, address: int, data: bytes) -> None:
        """The main core wrote `data` to memory that this core sees at `address`."""
        self.machine.written(address, len(data))
        if self.shared_written is not None:
            self.shared_written(address, data)

    def lines(self, first: int) -> Callable[[int, bool], None]:
        """The interrupt lines from `first` on of this core."""
        return lambda line, level: self.machine.set_irq(first + line, level)

    def reachable(self, address: int, size: int) -> memoryview | None:
        """The memory at `address` as DMA sees it: SYSRAM, and nothing else."""
        start = address - SYSRAM
        return self.sysram[start : start + size] if 0 <= start <= SYSRAM_SIZE - size else None

    def line(self, number: int) -> Callable[[bool], None]:
        """The interrupt line `number` of this core."""
        return lambda level: self.machine.set_irq(number, level)

    def start(self, entry: int) -> None:
        """Reset, and run from the vector table at `entry`."""
        self.entry = entry
        self.machine.advance(self.scheduler.now)
        for block in self.blocks:
            block.reset()
        self.machine.reset(entry)
        self.is_started = True

    def want_reset(self) -> None:
        """Reset as soon as the core can be stopped: a watchdog asks for it in the middle of things."""
        self.is_reset_wanted = True
        self.machine.stop()

    def run(self, until: int) -> Stop:
        """Run to `until` or to something that the core's own accesses arranged."""
        return self._lent(lambda: self.machine.run(until))

    def step(self, until: int) -> Stop:
        """As `run`, at most one instruction."""
        return self._lent(lambda: self.machine.step(until))

    def _lent(self, run: Callable[[], Stop]) -> Stop:
        self.scheduler.lend(lambda: self.machine.now, self.machine.limit)
        try:
            return run()
        finally:
            self.scheduler.take_back()


class ChipClock:
    """The chip's time as the board's parts know it. Satisfies `hal.interface.Clock`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def uptime_us(self) -> int:
        """Microseconds since the chip was made."""
        return self._scheduler.now * 1_000_000 // time.SECOND

    def unix_ms(self) -> int:
        """The chip does not know the date: it begins in 1970."""
        return self.uptime_us() // 1000


class Chip:
    """Cores and what they share. `log` is told once of each thing a person should know.

    `pins` are those of the board, if its main core has them too; they must hold every pin of `shared.PINS`; `wires` likewise. `guard` is
    the firewall before what is shared; without one a program reaches all of it, as one that is tried alone. Where `has_null` is false,
    nothing is at address 0: a null pointer is a BusFault.
    """

    def __init__(
        self, cores: int = 1, log: Log | None = None, pins: GpioBank | None = None, guard: Guard | None = None,
        wires: Wires | None = None, has_null: bool = True,
    ) -> None:  # fmt: skip
        self.log = log or Log()
        self.scheduler = Scheduler()
        self.cores = [Core(number, self.scheduler, self.log) for number in range(cores)]
        if cores == 2:
            self.cores[0].core_box.join(self.cores[1].core_box)
        self.pins = pins if pins is not None else GpioBank(PINS, ChipClock(self.scheduler))
        self.guard = guard
        lines = Lines([self._shared_irq(core) for core in self.cores], [core.dma for core in self.cores])
        self.shared = Shared(self.scheduler, self.log, self.pins, lines, wires)
        self.blocks: list[Block] = self.shared.blocks
        for core in self.cores:
            self._map_shared(core)
            if has_null:
                name = f"IO{core.number} low memory"
                core.machine.map_device(0, LowMemory.SIZE, LowMemory(self.log, name), name)
        self.pins.observe(self._changed)
        for pin in range(EINTS):
            self._changed(pin, self.pins.read(pin), 0)
        self.failed: Core | None = None  # the core that could not go on when `run` last told why
        self.cut: Callable[[], None] | None = None  # is told of a run that begins inside of a turn of two cores
        self._hits: list[tuple[Core, Stop]] = []  # breakpoints that are still to be told of
        self._is_paused = False

    def _map_shared(self, core: Core) -> None:
        for windows in self.shared.windows:
            if self.guard is None:
                core.machine.map_device(windows.base, windows.size, windows, windows.name)
            else:
                self.guard.before(core, windows)
        if self.guard is not None:
            self.guard.watch(core)

    def _shared_irq(self, core: Core) -> Callable[[int, bool], None]:
        """The interrupt lines of `core` for what is shared."""
        guard = self.guard
        if guard is None:
            return core.machine.set_irq
        return lambda number, level: core.machine.set_irq(number, level and guard.hears(core.number, number))

    def _changed(self, pin: int, level: int, _time: int) -> None:
        """Pins 0 to 23 are external interrupts."""
        if pin < EINTS:
            for core in self.cores:
                if self.guard is None or self.guard.hears(core.number, FIRST_IRQ + pin):
                    core.irq_config.change(pin, level)

    def run(self, until: int) -> Stop | None:
        """Run every started core to `until`, or to a `pause`. Returns why one of them (`failed`) cannot go on, or None."""
        self._is_paused = False
        for core in self.cores:
            core.machine.doubt()
        if self._hits:
            self.failed, hit = self._hits.pop(0)
            return hit
        if self.cut is not None and self._turn() == TURN and self.scheduler.now % TURN:
            self.cut()
        while self.scheduler.now < until and not self._is_paused:
            turn = self.scheduler.now + self._turn() - self.scheduler.now % self._turn()
            end = min(until, max(self.scheduler.next(), self.scheduler.now + 1), turn)
            for core in self.cores:
                if not core.is_started:
                    continue
                stop = self._settle(core, core.run(end))
                if stop is not None:
                    return self._follow(core, stop)
                end = min(end, max(self.scheduler.next(), self.scheduler.now + 1))
            self.scheduler.run(end)
        return None

    def _settle(self, core: Core, stop: Stop) -> Stop | None:
        """`core` stopped: begin it again if that is what it wants. Returns why it cannot go on, or None."""
        if core.is_reset_wanted or stop.reason == RESET:
            core.is_reset_wanted = False
            core.resets = core.resets + 1 & 0xFFFF_FFFF
            core.start(core.entry)
        elif stop.reason not in (TIME, SLEEPING):
            self.failed = core
            return stop
        return None

    def _follow(self, core: Core, stop: Stop) -> Stop:
        """`core` stopped: the others come as far. One that stops on its way is told of first."""
        for other in self.cores:
            found = self._settle(other, other.run(core.machine.now)) if other.is_started and other is not core else None
            if found is not None:
                if stop.reason == BREAKPOINT:
                    self._hits.append((core, stop))
                return found
        self.failed = core
        return stop

    def step(self, core: Core, until: int, is_alone: bool) -> Stop:
        """One instruction of `core`, or sleep to what is next, at most `until`. The others come as far, unless it is
        alone: then they will later. Returns what stopped whom (`failed`)."""
        stop = core.step(min(max(self.scheduler.next(), self.scheduler.now + 1), until))
        self._settle(core, stop)
        self.failed = core
        found = stop if is_alone else self._follow(core, stop)
        self.scheduler.run(core.machine.now)
        return found

    def _turn(self) -> int:
        """Ticks that a core may run before another's turn: many, if there is no other, so that a waiting loop is warped whole.

        Turns begin on a grid, so that it does not matter where a run is cut into runs.
        """
        return TURN if sum(core.is_started for core in self.cores) > 1 else LONE_TURN

    def save(self, note: bytes = b"") -> bytes:
        """The state of the whole chip, as a file. Raises ValueError: see `snapshot`."""
        return snapshot.save(self, note)

    def restore(self, data: bytes) -> None:
        """Go on from what `save` gave, with the same parts on the buses. Raises BadState; then throw this chip away."""
        snapshot.restore(self, data)

    def pause(self) -> None:
        """Let the present `run` end as soon as every core has come as far as the first: called by what is arranged."""
        self._is_paused = True
