"""Behind the real-time cores' calls: the chip, what runs on it, and the board's time told to both.

A tick of the chip is 1/3952 of a microsecond of the board's uptime, so what a real-time core does and what the main
core does have one order, and a run can be repeated exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....wire import blocks as kinds
from ..firewall import REAL_TIME_CORES
from ..wires import ISUS
from .chip import EINTS, Chip
from .gpio import Gpio
from .guard import Forbidden, Guard, SharedRam
from .life import STOPPED, Life
from .registers import Log
from .shared import PINS
from .time import MICROSECOND
from .walls import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .guard import Page
    from .registers import Block
    from .subsystem import RealTime

FIRST = REAL_TIME_CORES[0]
LATENCY = 100 * MICROSECOND  # between two interrupts of the main core: a flood of them must not stop time


class ChipTime:
    """The uptime while the cores run: the board's own stands still then. Satisfies `hal.interface.Clock`."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery

    def uptime_us(self) -> int:
        """Microseconds since power-on."""
        return self._machinery.uptime_us()

    def unix_ms(self) -> int:
        """Time of day, as it was when the cores began to run."""
        return self._machinery.owner.clock.unix_ms()


class Machinery:
    """Made by `RealTime` when it is needed. Cores are 0 and 1 here."""

    def __init__(self, owner: RealTime, sysram: bytearray | memoryview) -> None:
        self.owner = owner
        owner.pins.add(PINS)
        self.guard = Guard(owner.firewall, owner.denied)
        self.chip = Chip(cores=2, log=Log(owner.noted), pins=owner.pins, guard=self.guard, wires=owner.wires)
        pages: list[Page] = [Forbidden(name, *place) for name, place in FORBIDDEN.items()]
        for page in (*pages, SharedRam(sysram, self.chip.scheduler.next)):
            for core in self.chip.cores:
                self.guard.before(core, page)
        self.lives = [Life(core) for core in self.chip.cores]
        self._time = ChipTime(self)
        self._is_due = False
        self._not_before = self._base = 0
        for core in self.chip.cores:
            core.a7.hear(self._heard)
            core.uart.sent = lambda byte, number=core.number: owner.said(number, byte)
        for number in range(ISUS):
            self._lead_out(number)
        self._set_base()

    def _lead_out(self, number: int) -> None:
        """Join the UART of an ISU to the board's line, which is the main core's while no core was granted it."""
        line, uart = self.owner.wires.serial[number], self.chip.shared.isus[number].uart
        heard, block = self.chip.shared.isus[number].console, kinds.UART + number

        def sent(byte: int) -> None:
            heard(byte)
            core = next((core for core in REAL_TIME_CORES if self.owner.firewall.has_block(core, block)), FIRST)
            line.write(bytes((byte,)), "io" + str(core - FIRST))

        def take(data: bytes) -> int | None:
            if not any(self.owner.firewall.has_block(core, block) for core in REAL_TIME_CORES):
                return None
            try:
                uart.receive(data)
            except ValueError:
                return 0
            return len(data)

        uart.sent, line.taker = sent, take

    # --- time ---

    def uptime_us(self) -> int:
        """Of the chip, rounded up: the main core never acts on what is still to come."""
        return -(-(self.chip.scheduler.now - self._base) // MICROSECOND)

    def _ticks(self, uptime_us: int) -> int:
        return self._base + uptime_us * MICROSECOND

    def _set_base(self) -> None:
        """The chip's present tick is the board's present microsecond."""
        self._base = self.chip.scheduler.now - self.owner.clock.uptime_us() * MICROSECOND

    @property
    def is_running(self) -> bool:
        """Whether any core was started and not stopped: a dead one's peripherals go on."""
        return any(life.state != STOPPED for life in self.lives)

    def run(self, until_us: int) -> int:
        """Run to `until_us` of uptime, or less if the main core is interrupted. Returns the uptime reached."""
        if not self.is_running:
            return until_us
        pins = self.owner.pins
        board, pins.clock = pins.clock, self._time
        try:
            self._run(self._ticks(until_us))
        finally:
            pins.clock = board
        return min(until_us, self.uptime_us())

    def _run(self, until: int) -> None:
        if not any(core.is_started for core in self.chip.cores):
            self.chip.scheduler.run(until)
            return
        while (stop := self.chip.run(until)) is not None:
            if self.chip.failed is not None:
                self.lives[self.chip.failed.number].stopped(stop.reason)
        for life in self.lives:
            life.look()

    # --- the life of a core ---

    def start(self, number: int, package: bytes) -> None:
        """Start core `number` on an image package. Raises Invalid."""
        if not self.is_running:
            self.chip.scheduler.run(self._ticks(self.owner.clock.uptime_us()))
        self._flush(number)
        self.guard.forget(number)
        self._sense(range(EINTS))
        self.lives[number].start(package)

    def stop(self, number: int) -> None:
        """Stop it and undo all it did."""
        core, wall = FIRST + number, self.owner.firewall
        self.lives[number].stop()
        self._flush(number)
        self.release([pin for pin in PINS if wall.owns(core, pin)])
        self.granted(wall.granted(core))

    def granted(self, blocks: Iterable[int]) -> None:
        """These blocks change hands: they begin anew."""
        for number in blocks:
            for block in self._behind(number):
                block.reset()

    def _behind(self, number: int) -> list[Block]:
        """The blocks of registers that belong to block `number` of `wire.blocks`."""
        shared, kind = self.chip.shared, kinds.kind(number)
        at = number - kinds.FIRST.get(kind, 0)
        found: dict[str, list[Block]] = {"PWM": [*shared.pwm[at : at + 1]], "ADC": [shared.adc], "I2S": [*shared.i2s[at : at + 1]]}
        if kind in ("UART", "I2C", "SPI"):
            isu = shared.isus[at]
            found.update({"UART": [isu.uart], "I2C": [isu.i2c], "SPI": [isu.spi, isu.spi_slave]})
        return found.get(kind, [])

    def release(self, pins: Iterable[int]) -> None:
        """These pins change hands: inputs without pulls, whatever a register said of them."""
        wanted = set(pins)
        for block in self.chip.blocks:
            if isinstance(block, Gpio):
                mask = sum(1 << bit for bit, pin in enumerate(block.pins) if pin in wanted)
                for offset in block.SETTINGS if mask else ():
                    block.write(offset + 8, 4, mask)
        for number, counter in enumerate(self.chip.shared.counters):
            if wanted & set(range(4 * number, 4 * number + 3)):
                counter.reset()

        self._sense([pin for pin in wanted if pin < EINTS])

    def _sense(self, pins: Iterable[int]) -> None:
        """External interrupts as their pins are now; those that a core does not own are low to it. None is raised by this."""
        for core in self.chip.cores:
            config = core.irq_config
            for pin in pins:
                owned = self.owner.firewall.owns(FIRST + core.number, pin)
                config.levels[pin] = config.settled[pin] = self.owner.pins.read(pin) if owned else 0

    def _flush(self, number: int) -> None:
        """Nothing waits in the mailboxes of a core for the program to come."""
        core = self.chip.cores[number]
        for side in (core.a7, core.core_box.peer):
            if side is not None:
                side.flush()

    def status(self, number: int) -> tuple[int, str, int, int]:
        """(state, why, refused accesses, resets since its start)."""
        life = self.lives[number]
        return life.state, life.reason, len(self.denials(number)), life.core.resets

    def report(self, number: int) -> bytes:
        """The report on its death."""
        return self.lives[number].report

    def denials(self, number: int) -> list[tuple[int, int, int, int, str, str]]:
        """The refused accesses."""
        return [denial.values() for denial in self.guard.denials(number)]

    def reset(self) -> None:
        """A reset, or power that came back."""
        for number, life in enumerate(self.lives):
            if life.state != STOPPED:
                self.stop(number)
            life.report = b""
            self.guard.forget(number)
            self.chip.cores[number].a7.reset()
        for block in self.chip.blocks:
            block.reset()
        self._set_base()

    # --- the main core's side ---

    def mailbox_read(self, number: int, offset: int) -> int:
        """A register of its side."""
        return self.chip.cores[number].a7.read(offset, 4)

    def mailbox_write(self, number: int, offset: int, value: int) -> None:
        """Write one."""
        self.chip.cores[number].a7.write(offset, 4, value)

    def _heard(self, line: int, level: bool) -> None:
        """An interrupt line of the main core: as long as one is high, what happens at the mailbox interrupts."""
        if level and not self._is_due:
            self._is_due = True
            scheduler = self.chip.scheduler
            scheduler.at(max(scheduler.now, self._not_before), self._interrupt, "interrupt of the main core")

    def _interrupt(self) -> None:
        self._is_due = False
        self._not_before = self.chip.scheduler.now + LATENCY
        self.chip.pause()
        self.owner.interrupt()
