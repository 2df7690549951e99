"""The board of a device under test: everything of the world that touches the chip's pins.

What is here acts from outside, as a person at the bench with a probe would; no ring is asked. The two
modes have the same methods, so that a test does not know which one it runs in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.boards.sim import facts
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.hal.sim.wires import ISUS
from armillary.wire import image, partition
from armillary.wire.partition import Entry

if TYPE_CHECKING:
    from armillary.hal.sim.buses import I2cBus, SpiBus
    from armillary.hal.sim.gpio import GpioBank
    from armillary.hal.sim.network import Peer
    from armillary.hal.sim.uart import Uart

    from . import parts

Answer = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Pin:
    """A pin as an oscilloscope saw it since power-on: its level now, and (uptime in µs, level) of each change."""

    number: int
    level: int
    history: tuple[tuple[int, int], ...]

    @property
    def toggles(self) -> int:
        """How often the level changed."""
        return len(self.history)

    @property
    def half_period_ms(self) -> float:
        """How long the level last stayed as it was; 0 before there were two changes."""
        return (self.history[-1][0] - self.history[-2][0]) / 1000 if len(self.history) > 1 else 0.0


def unit(isu: int) -> int:
    """`isu`, if the chip has one of that number. Raises ValueError."""
    if isu not in range(ISUS):
        raise ValueError(f"the chip has no ISU {isu}: 0 to {ISUS - 1}")
    return isu


class NotPossible(RuntimeError):
    """The test asks for something that cannot be done now; the text says what to do."""



class Board(ABC):
    """The outside world of one device."""

    def pin(self, number: int) -> Pin:
        """Pin `number` as it is now. Raises ValueError if the board has none."""
        if number not in facts.PINS:
            raise ValueError(f"the board has no pin {number}")
        return Pin(number, self._level(number), tuple(self._changes(number)))

    def images(self, image_type: int = image.APPLICATIONS, state: int = partition.INSTALLED) -> list[Entry]:
        """The images of one type that the flash's table names, read with a probe; none if there is no table."""
        tables = partition.read_tables(self, facts.FLASH_LAYOUT)
        entries = tables[0][1] if tables else []
        return [entry for entry in entries if entry.image_type == image_type and entry.state == state]

    @abstractmethod
    def drive(self, pin: int, level: int | None) -> None:
        """Drive a pin from outside, or let go of it with None."""

    @property
    @abstractmethod
    def uart(self) -> str:
        """All that the debug UART said."""

    @abstractmethod
    def host(self, name: str, port: int, answer: Answer) -> None:
        """Put a host on the network: `answer` gets the bytes that came and returns those to send back."""

    def connect(self, name: str, port: int, make_peer: Callable[[], Peer | None]) -> None:
        """Put a host on the network that makes a `hal.sim.network.Peer` for each connection, or None: it does not
        answer. Linked boards only."""
        raise NotPossible("a boxed board has a real network: use `address`")

    def address(self, name: str, port: int, ip: str, real_port: int) -> None:
        """Name an address of the host's loopback network. Boxed boards only."""
        raise NotPossible("a linked board has no network but its own: use `host` or `connect`")

    @abstractmethod
    def i2c(self, isu: int) -> I2cBus | parts.I2c:
        """The I2C bus of an ISU (0 to 5), to attach parts to."""

    @abstractmethod
    def spi(self, isu: int) -> SpiBus | parts.Spi:
        """The SPI bus of an ISU, to attach parts to."""

    @property
    @abstractmethod
    def bank(self) -> GpioBank | None:
        """The board's pins as `attach_pin` of an SPI bus takes them; a boxed board has its own."""

    @abstractmethod
    def serial(self, isu: int) -> Uart | parts.Line:
        """The line of an ISU's UART: `inject` sends to the device, `take` or a `sink` hears it."""

    @abstractmethod
    def analog(self, channel: int, volts: float) -> None:
        """Apply a voltage to an analog input."""

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Bytes of flash, read with a probe."""

    @abstractmethod
    def flip(self, offset: int, bit: int) -> None:
        """Flip one bit of flash."""

    @property
    @abstractmethod
    def operations(self) -> int:
        """How many flash and fuse operations there were."""

    @abstractmethod
    def cut_power(self, after: int) -> None:
        """Cut the power in the `after`-th flash or fuse operation from now, which is left half done."""

    @abstractmethod
    def _level(self, number: int) -> int: ...

    @abstractmethod
    def _changes(self, number: int) -> list[tuple[int, int]]: ...


class Answering:
    """A host of this process: a peer of `hal.sim.network` that answers whatever it is sent."""

    def __init__(self, answer: Answer) -> None:
        self.is_closed = False
        self._answer = answer
        self._waiting = bytearray()

    def feed(self, data: bytes) -> None:
        """Bytes from the device; none: it has closed."""
        if data:
            self._waiting += self._answer(data)
        else:
            self.is_closed = True

    def take(self) -> bytes:
        """Bytes for the device."""
        data = bytes(self._waiting)
        self._waiting.clear()
        return data


class LinkedBoard(Board):
    """The board of a chip in this process."""

    def __init__(self, silicon: Silicon, network: LinkedNetwork) -> None:
        self.silicon = silicon
        self.network = network
        self._said = bytearray()
        self._history: dict[int, list[tuple[int, int]]] = {}
        silicon.uarts[0].sink = self._said.extend
        silicon.gpio.observe(self._pin_changed)

    def begin(self) -> None:
        """The power comes: what was seen of the pins before is forgotten."""
        self._history.clear()

    def drive(self, pin: int, level: int | None) -> None:
        self.silicon.gpio.drive(pin, level)

    @property
    def uart(self) -> str:
        return self._said.decode(errors="replace")

    def host(self, name: str, port: int, answer: Answer) -> None:
        self.connect(name, port, lambda: Answering(answer))

    def connect(self, name: str, port: int, make_peer: Callable[[], Peer | None]) -> None:
        self.network.name(name, port, make_peer)

    def i2c(self, isu: int) -> I2cBus:
        return self.silicon.wires.i2c[unit(isu)]

    def spi(self, isu: int) -> SpiBus:
        return self.silicon.wires.spi[unit(isu)]

    @property
    def bank(self) -> GpioBank:
        return self.silicon.gpio

    def serial(self, isu: int) -> Uart:
        return self.silicon.wires.serial[unit(isu)]

    def analog(self, channel: int, volts: float) -> None:
        self.silicon.wires.analog.set(channel, round(volts * 1_000_000))

    def read(self, offset: int, length: int) -> bytes:
        rail = self.silicon.rail
        was_on, rail.is_on = rail.is_on, True  # a probe brings its own supply
        try:
            return self.silicon.flash.read(offset, length)
        finally:
            rail.is_on = was_on

    def flip(self, offset: int, bit: int) -> None:
        self.silicon.flash.flip_bit(offset, bit)

    @property
    def operations(self) -> int:
        return self.silicon.rail.count

    def cut_power(self, after: int) -> None:
        self.silicon.rail.fail_after(after)

    def _level(self, number: int) -> int:
        return self.silicon.gpio.read(number)

    def _changes(self, number: int) -> list[tuple[int, int]]:
        return self._history.get(number, [])

    def _pin_changed(self, pin: int, level: int, time_us: int) -> None:
        self._history.setdefault(pin, []).append((time_us, level))
