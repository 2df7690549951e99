"""I2C and SPI: the wires between a chip and the parts of a board, and what a part is.

A part is a small object that hears what a real one would: start, bytes, stop. The same part serves whoever
drives the bus: a real-time core's engine, another engine as its slave, or a script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ...wire.fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from .gpio import GpioBank

RELEASED = 0xFF  # what a master reads from a line that nobody drives


class I2cDevice(Protocol):
    """A part at an I2C address (UM10204, 3.1)."""

    def start(self, is_read: bool) -> bool:
        """Addressed, to be read or to be written. Returns whether it acknowledges."""

    def write(self, byte: int) -> bool:
        """Take a byte. Returns whether it acknowledges."""

    def read(self) -> int:
        """Give the next byte."""

    def stop(self) -> None:
        """The transfer is over."""


class I2cWires(Protocol):
    """An I2C bus as an engine has it: see `I2cBus`."""

    def start(self, address: int, is_read: bool) -> bool:
        """Whether a part acknowledged."""

    def write(self, byte: int) -> bool:
        """Whether it acknowledged."""

    def read(self) -> int:
        """A byte."""

    def stop(self) -> None:
        """The end."""

    def attach(self, address: int, device: I2cDevice) -> None:
        """A part comes."""

    def detach(self, device: I2cDevice) -> None:
        """A part goes."""

    def is_taken(self, address: int) -> bool:
        """Whether one is there."""


class I2cBus:
    """Two wires with parts at 7-bit addresses. `log` keeps the latest transfers as a person would write them."""

    MOST = 256

    def __init__(self) -> None:
        self._devices: dict[int, I2cDevice] = {}
        self._active: I2cDevice | None = None
        self.log: list[str] = []

    def attach(self, address: int, device: I2cDevice) -> None:
        """Put `device` at `address`. Raises Invalid if that is no address or is taken, or `device` is no part."""
        _check(device, "start")
        if not 0 <= address <= 0x7F:
            raise Invalid("no 7-bit I2C address " + hex(address))
        if self.is_taken(address) and self._devices[address] is not device:
            raise Invalid("I2C address " + hex(address) + " is taken")
        self._devices[address] = device

    def part_at(self, address: int) -> I2cDevice | None:
        """The part at `address`."""
        return self._devices.get(address)

    def addressed(self) -> I2cDevice | None:
        """The part that acknowledged the latest start."""
        return self._active

    def is_taken(self, address: int) -> bool:
        """Whether a part is at `address`."""
        return address in self._devices

    def detach(self, device: I2cDevice) -> None:
        """Take `device` off the bus, at whatever address it is."""
        self._devices = {address: other for address, other in self._devices.items() if other is not device}
        if self._active is device:
            self._active = None

    def start(self, address: int, is_read: bool) -> bool:
        """A start, or a repeated start, and an address. Returns whether a part acknowledged."""
        if len(self.log) >= self.MOST:
            del self.log[0]
        self.log.append(f"{address:#04x} {'R' if is_read else 'W'}")
        device = self._devices.get(address)
        self._active = device if device is not None and device.start(is_read) else None
        self.log[-1] += "" if self._active is not None else " NACK"
        return self._active is not None

    def write(self, byte: int) -> bool:
        """Send a byte to the part addressed. Returns whether it acknowledged."""
        self._note(byte)
        return self._active is not None and self._active.write(byte)

    def read(self) -> int:
        """Read a byte from the part addressed."""
        byte = RELEASED if self._active is None else self._active.read() & 0xFF
        self._note(byte)
        return byte

    def stop(self) -> None:
        """End of the transfer."""
        active, self._active = self._active, None
        if active is not None:
            active.stop()

    def parts(self) -> list[tuple[str, I2cDevice]]:
        """(place, part) of all."""
        return [(f"I2C {address:#04x}", device) for address, device in self.devices()]

    def devices(self) -> list[tuple[int, I2cDevice]]:
        """(address, part) of all."""
        return sorted(self._devices.items())

    def save(self) -> dict[str, object]:
        """What is under way, and what was; the parts keep their own state."""
        active = next((address for address, device in self._devices.items() if device is self._active), None)
        return {"log": list(self.log), "active": active}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave. Raises Invalid if a part is missing."""
        if state["active"] is not None and state["active"] not in self._devices:
            raise Invalid("a transfer with a part at " + hex(state["active"]) + " that is not there")
        self.log = list(state["log"])
        self._active = None if state["active"] is None else self._devices[state["active"]]

    def _note(self, byte: int) -> None:
        if self.log and len(self.log[-1]) < 3 * self.MOST:
            self.log[-1] += f" {byte:02x}"


class SpiDevice(Protocol):
    """A part with a select line."""

    def select(self) -> None:
        """Its line became active."""

    def exchange(self, byte: int) -> int:
        """A byte came in while another went out."""

    def deselect(self) -> None:
        """Its line became inactive."""


class SpiWires(Protocol):
    """An SPI bus as an engine has it: see `SpiBus`."""

    def select(self, line: int, is_active: bool) -> None:
        """A select line."""

    def exchange(self, byte: int) -> int:
        """A byte for a byte."""

    def transfer(self, data: bytes) -> bytes:
        """Bytes for bytes, one after the other."""


class SpiBus:
    """Three wires with parts behind select lines: lines of the engine (0, 1), or any pin of the board."""

    def __init__(self) -> None:
        self._lines: dict[int, SpiDevice] = {}
        self._by_pin: dict[int, tuple[SpiDevice, int]] = {}  # and the level that selects it
        self._banks: list[GpioBank] = []  # whose pins are watched
        self._selected: list[SpiDevice] = []

    def attach(self, line: int, device: SpiDevice) -> None:
        """Put `device` behind the engine's select `line`. Raises Invalid if there is no such line, another part, or it is none."""
        _check(device, "exchange")
        if line not in (0, 1):
            raise Invalid("no SPI select line " + str(line) + ": an engine has 0 and 1")
        if self._lines.get(line, device) is not device:
            raise Invalid("SPI select line " + str(line) + " is taken")
        self._lines[line] = device

    def attach_pin(self, bank: GpioBank, pin: int, device: SpiDevice, active: int = 0) -> None:
        """Put `device` behind pin `pin` of `bank`, selected while the level is `active`. Raises Invalid if another is there."""
        _check(device, "exchange")
        if pin in self._by_pin and self._by_pin[pin][0] is not device:
            raise Invalid("the part behind pin " + str(pin) + " is there already")
        self._by_pin[pin] = device, active
        if bank not in self._banks:
            self._banks.append(bank)
            bank.observe(self._changed)
        self._set(device, bank.read(pin) == active)

    def detach(self, device: SpiDevice) -> None:
        """Take `device` off the bus, whatever selects it."""
        self._lines = {line: other for line, other in self._lines.items() if other is not device}
        self._by_pin = {pin: entry for pin, entry in self._by_pin.items() if entry[0] is not device}
        self._selected = [other for other in self._selected if other is not device]

    def _changed(self, pin: int, level: int, _time: int) -> None:
        if pin in self._by_pin:
            device, active = self._by_pin[pin]
            self._set(device, level == active)

    def selected(self) -> list[SpiDevice]:
        """The parts that are selected now."""
        return list(self._selected)

    def select(self, line: int, is_active: bool) -> None:
        """The engine's select line changes."""
        device = self._lines.get(line)
        if device is not None:
            self._set(device, is_active)

    def exchange(self, byte: int) -> int:
        """Send a byte. Returns what the selected part sent; released lines read as ones."""
        answers = [device.exchange(byte & 0xFF) & 0xFF for device in self._selected]
        value = RELEASED
        for answer in answers:  # two at once pull against each other, and low wins
            value &= answer
        return value

    def transfer(self, data: bytes) -> bytes:
        """Send `data` byte for byte. Returns what came meanwhile."""
        return bytes([self.exchange(byte) for byte in data])

    def parts(self) -> list[tuple[str, SpiDevice]]:
        """(place, part) of all."""
        lines = [(f"SPI line {line}", device) for line, device in sorted(self._lines.items())]
        return lines + [(f"SPI pin {pin}", self._by_pin[pin][0]) for pin in sorted(self._by_pin)]

    def save(self) -> dict[str, object]:
        """Which parts are selected, in order: (is it by a pin, line or pin); the parts keep their own state."""
        places = [(False, line, device) for line, device in self._lines.items()]
        places += [(True, pin, device) for pin, (device, _) in self._by_pin.items()]
        selected = [next((by_pin, place) for by_pin, place, device in places if device is one) for one in self._selected]
        return {"selected": selected}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave. Raises Invalid if a part is missing."""
        selected = []
        for by_pin, place in state["selected"]:
            device = self._by_pin.get(place, (None, 0))[0] if by_pin else self._lines.get(place)
            if device is None or device in selected:
                raise Invalid(f"a transfer with a part behind {'pin' if by_pin else 'line'} {place} that is not there")
            selected.append(device)
        self._selected = selected

    def _set(self, device: SpiDevice, is_active: bool) -> None:
        if is_active and device not in self._selected:
            self._selected.append(device)
            device.select()
        elif not is_active and device in self._selected:
            self._selected.remove(device)
            device.deselect()


class SpiLoop:
    """MOSI wired to MISO."""

    def save(self) -> None:
        """A wire has no state."""

    def check(self, state: object) -> None:
        """Nor has what it gave."""

    def restore(self, state: object) -> None:
        """Nothing to go on from."""

    def select(self) -> None:
        """A wire does not care."""

    def exchange(self, byte: int) -> int:
        """What goes out comes in."""
        return byte

    def deselect(self) -> None:
        """A wire does not care."""


class Voltages(Protocol):
    """Analog inputs as a converter has them."""

    def microvolts(self, channel: int, time_us: int) -> int:
        """The voltage."""


class AnalogInputs:
    """The voltages at the analog pins, in microvolts: constants, or functions of time (microseconds)."""

    def __init__(self, channels: int = 8) -> None:
        self._sources: list[Callable[[int], int]] = [_grounded] * channels
        self._constants: list[int | None] = [0] * channels  # None: a function of time

    def set(self, channel: int, source: int | Callable[[int], int]) -> None:
        """Apply a voltage. Raises Invalid for a channel that does not exist."""
        if not 0 <= channel < len(self._sources):
            raise Invalid("no analog input " + str(channel))
        self._sources[channel] = source if callable(source) else lambda _time: source
        self._constants[channel] = None if callable(source) else source

    def microvolts(self, channel: int, time_us: int) -> int:
        """The voltage at `channel` at `time_us`; a channel that is not there is grounded."""
        return self._sources[channel](time_us) if channel < len(self._sources) else 0


    def save(self) -> list[int | None]:
        """The voltages that are constant; None for those that are not."""
        return list(self._constants)

    def restore(self, state: list[int | None]) -> None:
        """Go on from what `save` gave; functions of time stay as they are. Raises Invalid."""
        if len(state) != len(self._sources):
            raise Invalid("the state is of " + str(len(state)) + " analog inputs")
        for channel, source in enumerate(state):
            if source is not None:
                self.set(channel, source)


def _grounded(_time: int) -> int:
    return 0


def _check(device: object, method: str) -> None:
    """Raise Invalid unless `device` has the `method` by which parts of a bus are known; what else it lacks is its own matter."""
    if not callable(getattr(device, method, None)):
        raise Invalid(type(device).__name__ + " is no part of this bus: it has no " + method + "()")
