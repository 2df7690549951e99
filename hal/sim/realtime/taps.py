"""What stands between the chip's engines and the world while a run is recorded or replayed.

Each question of the chip whose answer the world gives goes through `ask(question, real)`: a recorder calls `real` and
writes the answer down, a replay gives the answer that was written down. Answers are words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .i2c import Slave

if TYPE_CHECKING:
    from ..buses import AnalogInputs, I2cBus, SpiBus
    from .chip import Chip
    from .i2s import Sound

Ask = Callable[[str, Callable[[], str]], str]


class BadAnswer(ValueError):
    """A word that is no answer to its question."""


def tap(chip: Chip, ask: Ask) -> None:
    """From now on the chip's engines ask through `ask`. The chip's own slaves on its buses are no part of the world."""
    for number, isu in enumerate(chip.shared.isus):
        isu.i2c.bus = TappedI2c(isu.i2c_bus, number, ask)
        isu.spi.bus = TappedSpi(isu.spi_bus, number, ask)
    chip.shared.adc.inputs = TappedInputs(chip.shared.inputs, ask)
    for number, i2s in enumerate(chip.shared.i2s):
        i2s.sound = TappedSound(chip.shared.sounds[number], number, ask)


class TappedI2c:
    """An I2C bus as its master has it."""

    def __init__(self, bus: I2cBus, number: int, ask: Ask) -> None:
        self._bus, self._name, self._ask = bus, f"i2c isu{number} ", ask
        self.attach, self.detach, self.is_taken, self.stop = bus.attach, bus.detach, bus.is_taken, bus.stop
        self._is_own = False

    def start(self, address: int, is_read: bool) -> bool:
        """As the bus does."""
        self._is_own = isinstance(self._bus.part_at(address), Slave)
        if self._is_own:
            return self._bus.start(address, is_read)
        question = f"{self._name}start {address:#04x} {'read' if is_read else 'write'}"
        return _is_ack(self._ask(question, lambda: _ack(self._bus.start(address, is_read))))

    def write(self, byte: int) -> bool:
        """As the bus does."""
        if self._is_own:
            return self._bus.write(byte)
        return _is_ack(self._ask(f"{self._name}write {byte:02x}", lambda: _ack(self._bus.write(byte))))

    def read(self) -> int:
        """As the bus does."""
        return self._bus.read() if self._is_own else _number(self._ask(self._name + "read", lambda: f"{self._bus.read():02x}"), 16, 0xFF)


class TappedSpi:
    """An SPI bus as its master has it."""

    def __init__(self, bus: SpiBus, number: int, ask: Ask) -> None:
        self._bus, self._name, self._ask = bus, f"spi isu{number} ", ask
        self.select = bus.select

    def exchange(self, byte: int) -> int:
        """As the bus does."""
        return _number(self._ask(f"{self._name}exchange {byte & 0xFF:02x}", lambda: f"{self._bus.exchange(byte):02x}"), 16, 0xFF)

    def transfer(self, data: bytes) -> bytes:
        """As the bus does, a question for each byte."""
        return bytes([self.exchange(byte) for byte in data])


class TappedInputs:
    """The analog inputs as the converter has them."""

    def __init__(self, inputs: AnalogInputs, ask: Ask) -> None:
        self._inputs, self._ask = inputs, ask

    def microvolts(self, channel: int, time_us: int) -> int:
        """As the inputs have it."""
        return _number(self._ask(f"analog {channel}", lambda: str(self._inputs.microvolts(channel, time_us))), 10, 1 << 40)


class TappedSound:
    """The world's end of an I2S as its engine has it."""

    def __init__(self, sound: Sound, number: int, ask: Ask) -> None:
        self.heard = sound.heard
        self._sound, self._name, self._ask = sound, f"sound i2s{number}", ask

    def source(self) -> int:
        """The next frame."""
        return _number(self._ask(self._name, lambda: f"{self._sound.source() & 0xFFFFFFFF:08x}"), 16, 0xFFFFFFFF)


def _ack(is_acknowledged: bool) -> str:
    return "ack" if is_acknowledged else "nack"


def _is_ack(answer: str) -> bool:
    if answer not in ("ack", "nack"):
        raise BadAnswer(f"{answer!r} is neither ack nor nack")
    return answer == "ack"


def _number(answer: str, base: int, most: int) -> int:
    try:
        value = int(answer, base)
    except ValueError:
        raise BadAnswer(f"{answer!r} is no number") from None
    if abs(value) > most:
        raise BadAnswer(f"{answer} is too large")
    return value
