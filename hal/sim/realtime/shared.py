"""What the real-time cores share: pins and the blocks behind them, on buses that the board's parts hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..gpio import OPEN_DRAIN, PUSH_PULL
from ..wires import ISUS, Wires
from . import pwm
from .adc import Adc
from .channel import FIXADDR, Port
from .conflicts import DECISIONS
from .console import Console
from .counter import Counter
from .gpio import A7Gpio, AdcGpio, GroupGpio, IsuGpio, PlainGpio
from .i2c import I2c, Slave
from .i2s import I2s, I2sPort, Sound
from .pinmux import PinMux, TopConfig
from .pwm import Pwm
from .spi import SpiMaster, SpiSlave
from .uart import Uart
from .untold import A7_IRQ_CONFIG, STRAPS, A7IrqConfig, Straps
from .windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..gpio import GpioBank
    from .dma import Dma
    from .registers import Block, Log
    from .time import Scheduler

PINS = range(94)
PINMUX, A7_GPIO, TOPCFG = 0x3001_0000, 0x3002_0000, 0x3003_0000
ADC, GROUP, ISU, I2S, I2S_FIFO, STRIDE = 0x3800_0000, 0x3801_0000, 0x3807_0000, 0x380D_0000, 0x380F_0000, 0x1_0000
A7_PINS = (24, 25, *range(49, 56), *range(81, 94))
ADC_PINS, I2S_PINS = range(41, 49), (range(56, 61), range(61, 66))
ISU_PINS = (range(26, 31), range(31, 36), range(36, 41), range(66, 71), range(71, 76), range(76, 81))
GROUPS, PWM_GROUPS = 6, 3
ISU_IRQ, I2S_IRQ, ADC_IRQ, COUNTER_IRQ = 44, 68, 70, 71
SPI_PART, UART_PART = 0x300, 0x500  # offsets in an ISU, by which a half-size channel knows its engine
UART_CHANNEL, I2S_CHANNEL, ADC_CHANNEL = 13, 25, 29
assert DECISIONS["dma-instances"] and DECISIONS["isu-mode"]


class Lines:
    """The interrupt lines and the DMA engines of all cores, as a shared block sees them."""

    def __init__(self, lines: Sequence[Callable[[int, bool], None]], engines: Sequence[Dma]) -> None:
        self._lines, self.engines = lines, engines

    def irq(self, number: int) -> Callable[[bool], None]:
        """Interrupt `number` of every core: which of them listens is the matter of its NVIC."""

        def tell(level: bool) -> None:
            for line in self._lines:
                line(number, level)

        return tell

    def request(self, *channels: int) -> Callable[[], None]:
        """Tell these channels of every core to go on."""

        def tell() -> None:
            for engine in self.engines:
                for channel in channels:
                    engine.request(channel)

        return tell

    def pair(self, transmit: int) -> Callable[[bool], None]:
        """As `request`, for a transmitting channel and the receiving one after it."""
        return lambda is_receive: self.request(transmit + int(is_receive))()


class Isu:
    """A serial unit: pins, and the engines that may use them. `i2c_bus` and `spi_bus` are what leads out of it."""

    def __init__(self, number: int, scheduler: Scheduler, log: Log, bank: GpioBank, lines: Lines, wires: Wires) -> None:
        base, name = ISU + STRIDE * number, f"ISU{number} "
        self._wires, self._number = wires, number
        self.i2c_bus, self.spi_bus, self.console = wires.i2c[number], wires.spi[number], Console()
        irq = ISU_IRQ + 4 * number
        self.gpio = IsuGpio(scheduler, log, bank, ISU_PINS[number], base, name + "GPIO")
        self.i2c = I2c(scheduler, log, lines.irq(irq), self.i2c_bus, lines.pair(2 * number), base + 0x200, name + "I2C")
        self.spi = SpiMaster(scheduler, log, lines.irq(irq + 1), self.spi_bus, lines.pair(2 * number),
                             base + 0x300, name + "SPIM")  # fmt: skip
        self.spi_slave = SpiSlave(scheduler, log, base + 0x400, name + "SPIS")
        self.uart = Uart(scheduler, log, lines.irq(irq + 3), base + 0x500, name + "UART", self.console)
        self.gpio.resets[1] = self._reset_engines
        parts: list[tuple[int, Block]] = [
            (0, self.gpio), (0x200, self.i2c), (0x300, self.spi), (0x400, self.spi_slave), (0x500, self.uart),
        ]  # fmt: skip
        self.windows = Windows(f"ISU{number}", base, 0x1000, parts, log)
        for engine in lines.engines:
            self._attach(engine, number)
        send, receive = (2 * number, UART_CHANNEL + 2 * number), (2 * number + 1, UART_CHANNEL + 2 * number + 1)
        self.uart.attach_dma(lines.request(*send), lines.request(*receive))

    def join_i2c(self, other: Isu) -> None:
        """Lead its I2C lines to those of `other`: the parts of both are on one bus, and each engine may be the other's slave. Raises Invalid."""
        own = self.i2c_bus
        if own is other.i2c_bus:
            return
        for address, part in own.devices():
            if not isinstance(part, Slave):
                other.i2c_bus.attach(address, part)
        self.i2c_bus = self._wires.i2c[self._number] = other.i2c_bus
        self.i2c.lead_to(self.i2c_bus)

    def _reset_engines(self) -> None:
        for engine in (self.i2c, self.spi, self.spi_slave, self.uart):
            engine.reset()

    def _attach(self, engine: Dma, number: int) -> None:
        send, receive, uart = 2 * number, 2 * number + 1, UART_CHANNEL + 2 * number
        engine.attach(send, Port(
            lambda: self._ready(engine, send, False), lambda item: self._give(engine, send, item), None))  # fmt: skip
        engine.attach(receive, Port(
            lambda: self._ready(engine, receive, True), None, lambda: self._fetch(engine, receive)))  # fmt: skip
        engine.attach(uart, Port(self.uart.room, self.uart.send, None))
        engine.attach(uart + 1, Port(self.uart.held, None, self.uart.take))

    @staticmethod
    def _part(engine: Dma, channel: int) -> int:
        """Among whose registers does the channel's stand?"""
        return engine.channels[channel].get(FIXADDR) & 0xF00

    def _ready(self, engine: Dma, channel: int, is_receive: bool) -> int:
        part = self._part(engine, channel)
        if part == UART_PART:
            return self.uart.held() if is_receive else self.uart.room()
        return (self.spi if part == SPI_PART else self.i2c).ready(is_receive)

    def _give(self, engine: Dma, channel: int, item: int) -> None:
        part = self._part(engine, channel)
        give = self.uart.send if part == UART_PART else self.spi.write_dataport if part == SPI_PART else self.i2c.give
        give(item)

    def _fetch(self, engine: Dma, channel: int) -> int:
        part = self._part(engine, channel)
        fetch = self.uart.take if part == UART_PART else self.spi.read_dataport if part == SPI_PART else self.i2c.fetch
        return fetch()


class PwmPins:
    """Puts a group's channels on its pins."""

    def __init__(self, bank: GpioBank, first: int) -> None:
        self._bank, self._first = bank, first
        self._block: Pwm | None = None
        self._held: set[int] = set()

    def of(self, block: Pwm) -> None:
        """The block whose channels these are: its registers say whether a pin is open drain."""
        self._block = block

    def __call__(self, channel: int, level: int | None) -> None:
        pin = self._first + channel
        if level is not None:
            self._held.add(channel)
            self._bank.output(pin, self._mode(channel), level)
        elif channel in self._held:
            self._held.discard(channel)
            self._bank.release(pin)

    def _mode(self, channel: int) -> int:
        is_open = self._block is not None and self._block.words[0x100 + 0x10 * channel] & pwm.OPEN_DRAIN
        return OPEN_DRAIN if is_open else PUSH_PULL


class Shared:
    """All of it. `blocks` are the blocks, `windows` what is mapped at which page, `parts` what the world hangs on."""

    def __init__(self, scheduler: Scheduler, log: Log, bank: GpioBank, lines: Lines, wires: Wires | None = None) -> None:
        wires = wires or Wires()
        self._scheduler, self._log, self._bank, self._lines = scheduler, log, bank, lines
        self.inputs = wires.analog
        self.sounds = [Sound(), Sound()]
        self.windows: list[Windows] = []
        self.gpio: list[GroupGpio] = []
        self.counters: list[Counter] = []
        self.pwm: list[Pwm] = []
        self.i2s: list[I2s] = []
        self._add_single()
        for number in range(GROUPS):
            self._add_group(number)
        self.isus = [Isu(number, scheduler, log, bank, lines, wires) for number in range(ISUS)]
        self.windows += [isu.windows for isu in self.isus]
        for number in range(2):
            self._add_i2s(number)
        bank.observe(self._changed)

    def _changed(self, pin: int, level: int, _time: int) -> None:
        """The first three pins of a group reach its counters."""
        if pin < 4 * GROUPS and pin % 4 < 3:
            self.counters[pin // 4].change(pin % 4, level)

    @property
    def blocks(self) -> list[Block]:
        """Every block."""
        return [block for windows in self.windows for _, block in windows.windows]

    def save(self) -> dict[str, Any]:
        """The state of every block, by page and by name. Parts on the buses keep their own."""
        return {windows.name: windows.save() for windows in self.windows}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave, at the same time of the scheduler."""
        for windows in self.windows:
            windows.restore(state[windows.name])

    def _map(self, name: str, base: int, parts: list[tuple[int, Block]], size: int = 0x1000) -> None:
        self.windows.append(Windows(name, base, size, parts, self._log))

    def _add_single(self) -> None:
        scheduler, log, bank = self._scheduler, self._log, self._bank
        self.pinmux, self.topcfg = PinMux(scheduler, log, PINMUX), TopConfig(scheduler, log, TOPCFG)
        self.a7_gpio = A7Gpio(scheduler, log, bank, A7_PINS, A7_GPIO)
        self.adc = Adc(scheduler, log, self._lines.irq(ADC_IRQ), self.inputs, self._lines.request(ADC_CHANNEL), ADC + 0x100)
        pins = AdcGpio(scheduler, log, bank, ADC_PINS, ADC)
        pins.resets[1] = self.adc.reset
        for engine in self._lines.engines:
            engine.attach(ADC_CHANNEL, Port(self.adc.ready, None, self.adc.take))
        straps, a7_irq = Straps(scheduler, log, STRAPS), A7IrqConfig(scheduler, log, A7_IRQ_CONFIG)
        for block in (self.pinmux, self.topcfg, self.a7_gpio, straps, a7_irq):
            self._map(block.name, block.base, [(0, block)])
        self._map("ADC", ADC, [(0, pins), (0x100, self.adc)])

    def _add_group(self, number: int) -> None:
        base, first = GROUP + STRIDE * number, 4 * number
        gpio = GroupGpio(self._scheduler, self._log, self._bank, range(first, first + 4), base, f"GPIO{number}")
        counter = Counter(
            self._scheduler, self._log, self._lines.irq(COUNTER_IRQ + number), lambda: gpio.counts, self.topcfg.counter_clock,
            base + 0x100, f"COUNTER{number}")  # fmt: skip
        gpio.resets[2] = counter.reset
        parts: list[tuple[int, Block]] = [(0, gpio), (0x100, counter)]
        self.gpio.append(gpio)
        self.counters.append(counter)
        if number < PWM_GROUPS:
            pins = PwmPins(self._bank, first)
            block = Pwm(self._scheduler, self._log, pins, base + 0x1000, f"PWM{number}")
            pins.of(block)
            gpio.resets[4] = block.reset
            self.pwm.append(block)
            parts.append((0x1000, block))
        self._map(gpio.name, base, parts, 0x2000)

    def _add_i2s(self, number: int) -> None:
        base, first = I2S + STRIDE * number, I2S_CHANNEL + 2 * number
        i2s = I2s(self._scheduler, self._log, self._lines.irq(I2S_IRQ + number), self.sounds[number], self._lines.pair(first),
                  base, f"I2S{number}")  # fmt: skip
        pins = PlainGpio(self._scheduler, self._log, self._bank, I2S_PINS[number], base + 0x100, f"I2S{number} GPIO")
        for engine in self._lines.engines:
            engine.attach(first, Port(lambda: i2s.ready(False), i2s.give, None))
            engine.attach(first + 1, Port(lambda: i2s.ready(True), None, i2s.fetch))
        self.i2s.append(i2s)
        self._map(i2s.name, base, [(0, i2s), (0x100, pins)])
        port = I2sPort(i2s, I2S_FIFO + STRIDE * number, f"I2S{number} FIFO")
        self._map(port.name, port.base, [(0, port)])
