"""Masters: the main core's I2C and SPI masters and its converter, on the wires that the real-time cores' use.

A transfer happens at one moment of the board's time. How long it would have taken on the wire is a matter of the
driver, which knows the clock it set: it waits that long before it gives the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import NoDevice
from .wires import ISUS

if TYPE_CHECKING:
    from ..interface import Clock
    from .buses import I2cBus, SpiBus
    from .wires import Wires

NO_ADDRESS, DONE, NO_DATA = 0, 1, 2  # outcomes of an I2C transfer
FULL_SCALE, REFERENCE = 4095, 2_500_000  # of the converter: 12 bits; microvolts
LINES = (0, 1)  # select lines of an SPI master


class Masters:
    """Satisfies `hal.interface.Buses`, but for who may use which: that is the firewall's matter."""

    def __init__(self, wires: Wires, clock: Clock) -> None:
        self._wires = wires
        self._clock = clock

    def i2c_transfer(self, unit: int, address: int, read_length: int, data: bytes) -> tuple[int, int, bytes]:
        """Write `data`, then read `read_length` bytes after a repeated start (UM10204, 3.1.10).

        Returns (outcome, bytes that were acknowledged, bytes read). With neither it only asks who is there.
        """
        bus = self._i2c(unit)
        try:
            return _transfer(bus, address, read_length, data)
        finally:
            bus.stop()

    def spi_select(self, unit: int, line: int, level: int) -> None:
        """Drive a select line. Parts are selected by a low level."""
        self._spi(unit).select(line, not level)

    def spi_transfer(self, unit: int, is_lsb_first: int, read_length: int, data: bytes) -> bytes:
        """Clock `data` out, whatever comes in meanwhile; then `read_length` bytes in, while ones go out."""
        bus, turn = self._spi(unit), mirror if is_lsb_first else _as_it_is
        for byte in data:
            bus.exchange(turn(byte))
        return bytes([turn(bus.exchange(0xFF)) for _ in range(read_length)])

    def adc_read(self, channel: int) -> int:
        """The 12-bit value of an analog input now; at or above 2.5 V it is 4095."""
        microvolts = self._wires.analog.microvolts(channel, self._clock.uptime_us())
        return max(0, min(FULL_SCALE, microvolts * FULL_SCALE // REFERENCE))

    def reset(self) -> None:
        """What a reset does: transfers end, select lines are let go of."""
        for unit in range(ISUS):
            self._wires.i2c[unit].stop()
            for line in LINES:
                self._wires.spi[unit].select(line, False)

    def _i2c(self, unit: int) -> I2cBus:
        return self._wires.i2c[_checked(unit)]

    def _spi(self, unit: int) -> SpiBus:
        return self._wires.spi[_checked(unit)]


def _transfer(bus: I2cBus, address: int, read_length: int, data: bytes) -> tuple[int, int, bytes]:
    if (data or not read_length) and not bus.start(address, False):
        return NO_ADDRESS, 0, b""
    for count, byte in enumerate(data):
        if not bus.write(byte):
            return NO_DATA, count, b""
    if read_length and not bus.start(address, True):
        return NO_ADDRESS, len(data), b""
    return DONE, len(data), bytes([bus.read() for _ in range(read_length)])


def mirror(byte: int) -> int:
    """The byte with its bits in the other order."""
    return int(f"{byte & 0xFF:08b}"[::-1], 2)


def _as_it_is(byte: int) -> int:
    return byte


def _checked(unit: int) -> int:
    if not 0 <= unit < ISUS:
        raise NoDevice("no ISU " + str(unit))
    return unit
