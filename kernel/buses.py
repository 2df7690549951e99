"""Buses: I2C, SPI, UART, the converter and PWM, as apps have them. Each has one owner, who has every pin of it.

A transfer is begun, takes its time, and is then fetched: `event` tells when. The model of the wire is instant, so the
time is kept here, as the driver of a real engine waits for its interrupt: (bits on the wire) / (clock set).
"""

from __future__ import annotations

from ..wire import blocks
from ..wire.fault import Busy, Fault, Invalid, NoDevice, OutOfOrder
from . import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Buses as Hal
    from ..hal.interface import Clock, Uart
    from ..hal.interface import Pwm as PwmHal
    from .pins import Pins

I2C_SPEEDS = (100_000, 400_000, 1_000_000, 3_400_000)  # Hz, of I2CMaster_SetBusSpeed
I2C_TIMEOUT_MS, LONGEST_TIMEOUT_MS = 1000, 60_000  # where an app sets none; at most
SPI_LEAST, SPI_MOST = 20_000, 40_000_000  # Hz: the 80 MHz clock by 4096 and by 2
SPI_SPEED = 4_000_000  # until an app sets another
I2C_BITS = 9  # of a byte and its acknowledgement
NO_ADDRESS, DONE, NO_DATA, TIMED_OUT = 0, 1, 2, 3  # outcomes; the last is found here
ACTIVE_LOW = 1
UART_KEPT = 4096  # bytes that arrived and the app has not read
UART_STALE = 65_536  # bytes that may wait in a line's own buffer
RATES = (300, 3_000_000)  # baud, least and most
RTS_CTS = 1  # flow control
REFERENCE_MV = 2500  # of the converter, and the most an app may say
FULL_SCALE = 4095


class _Held:
    """Something that has the pins of a block, from open to close."""

    def __init__(self, buses: Buses, owner: bytes, block: int) -> None:
        self._buses = buses
        self._pins = tuple(blocks.pins(block))
        buses.pins.hold(owner, self._pins, blocks.name(block))

    def event(self) -> int:
        """Nothing ever happens to it by itself."""
        return 0

    def close(self) -> None:
        self._buses.pins.let_go(self._pins)


class _Master(_Held):
    """What I2C and SPI have in common: one transfer at a time, whose result is there at `due_us`."""

    def __init__(self, buses: Buses, owner: bytes, block: int, unit: int) -> None:
        self._hal = buses.hal
        _Held.__init__(self, buses, owner, block)
        self.unit = unit
        self.due_us: int | None = None  # of a transfer that was begun and not fetched
        self._result = (DONE, 0, b"")

    def event(self) -> int:
        """READABLE once the transfer that was begun is over."""
        return abi.READABLE if self.due_us is not None and self._buses.clock.uptime_us() >= self.due_us else 0

    def fetch(self) -> tuple[int, int, bytes]:
        """(outcome, bytes acknowledged, bytes read). Raises OutOfOrder if none was begun, Busy while it lasts."""
        if self.due_us is None:
            raise OutOfOrder("no transfer was begun", "kernel", "bus.begun", remedy="begin one")
        self._check_idle()
        self.due_us = None
        result, self._result = self._result, (DONE, 0, b"")
        return result

    def _check_idle(self) -> None:
        """Raise Busy while a transfer lasts. One that is over and was not fetched is forgotten by the next."""
        if self.due_us is not None and self._buses.clock.uptime_us() < self.due_us:
            raise Busy("a transfer is under way", "kernel", "bus.busy", remedy="wait for READABLE")

    def _began(self, bits: int, hz: int, result: tuple[int, int, bytes]) -> None:
        self.due_us = self._buses.clock.uptime_us() + -(-bits * 1_000_000 // hz)
        self._result = result


class I2c(_Master):
    """An I2C master (Applibs `i2c.h`)."""

    kind = "i2c"

    def __init__(self, buses: Buses, owner: bytes, unit: int) -> None:
        _Master.__init__(self, buses, owner, blocks.I2C + unit, unit)
        self._hz = I2C_SPEEDS[0]
        self._timeout_ms = I2C_TIMEOUT_MS

    def configure(self, hz: int, timeout_ms: int) -> None:
        """The clock and how long a transfer may take; 0 leaves one as it is. Raises Invalid."""
        if hz and hz not in I2C_SPEEDS:
            raise Invalid("an I2C bus of {} Hz: there are {}".format(hz, list(I2C_SPEEDS)), "kernel", "i2c.speed")
        if timeout_ms > LONGEST_TIMEOUT_MS:
            raise Invalid("a time-out of {} ms: at most {}".format(timeout_ms, LONGEST_TIMEOUT_MS), "kernel", "i2c.timeout")
        self._hz = hz or self._hz
        self._timeout_ms = timeout_ms or self._timeout_ms

    def begin(self, address: int, read_length: int, data: bytes) -> None:
        """Write `data`, then read (UM10204, 3.1). What does not fit into the time-out is not done. Raises Busy."""
        self._check_idle()
        most = self._timeout_ms * self._hz // 1000
        bits = i2c_bits(len(data), read_length)
        if bits > most:
            fitting = max(0, min(len(data), most // I2C_BITS - 2))
            _, count, _ = self._hal.i2c_transfer(self.unit, address, 0, bytes(data[:fitting]))
            self._began(most, self._hz, (TIMED_OUT, count, b""))
            return
        outcome, count, read = self._hal.i2c_transfer(self.unit, address, read_length, data)
        if outcome != DONE:
            bits = i2c_bits(count + (outcome == NO_DATA), 0)
        self._began(bits, self._hz, (outcome, count, read))


class Spi(_Master):
    """An SPI master with one select line (Applibs `spi.h`)."""

    kind = "spi"

    def __init__(self, buses: Buses, owner: bytes, unit: int, line: int, polarity: int) -> None:
        _Master.__init__(self, buses, owner, blocks.SPI + unit, unit)
        self._line, self._active = line, int(polarity != ACTIVE_LOW)
        self._hz, self._mode, self._is_lsb_first = SPI_SPEED, 1, 0
        self._is_selected = False
        try:
            self._hal.spi_select(unit, line, 1 - self._active)
        except Fault:
            _Held.close(self)
            raise

    def configure(self, hz: int, mode: int, order: int) -> None:
        """Clock, mode (1 to 4, of SPI_Mode) and bit order (1 least significant bit first, 2 most); 0 leaves one as it is.

        The mode is kept, and no part of the model looks at it: bytes have no clock edges there. Raises Invalid.
        """
        if hz and not SPI_LEAST <= hz <= SPI_MOST:
            raise Invalid("an SPI clock of {} Hz: {} to {}".format(hz, SPI_LEAST, SPI_MOST), "kernel", "spi.speed")
        self._hz = hz or self._hz
        self._mode = mode or self._mode
        self._is_lsb_first = int(order == 1) if order else self._is_lsb_first

    def begin(self, is_last: int, read_length: int, data: bytes) -> None:
        """Clock `data` out, then `read_length` bytes in. The part stays selected until a transfer that is the last."""
        self._check_idle()
        if not self._is_selected:
            self._select(True)
        read = self._hal.spi_transfer(self.unit, self._is_lsb_first, read_length, data)
        if is_last:
            self._select(False)
        self._began(8 * (len(data) + read_length), self._hz, (DONE, len(data), read))

    def close(self) -> None:
        """The line is let go of, whatever was under way."""
        try:
            self._hal.spi_select(self.unit, self._line, 1)
        finally:
            _Master.close(self)

    def _select(self, is_selected: bool) -> None:
        self._hal.spi_select(self.unit, self._line, self._active if is_selected else 1 - self._active)
        self._is_selected = is_selected


class Serial(_Held):
    """A UART (Applibs `uart.h`)."""

    kind = "uart"

    def __init__(self, buses: Buses, owner: bytes, unit: int, settings: tuple[int, int, int, int, int]) -> None:
        _Held.__init__(self, buses, owner, blocks.UART + unit)
        self._uart = buses.uarts[unit]
        self._arrived = bytearray()
        try:
            self._uart.configure(*settings)
            self._discard()
        except Fault:
            _Held.close(self)
            raise

    def write(self, data: bytes) -> int:
        """Send. How many bytes were taken: all of them."""
        self._uart.write(data)
        return len(data)

    def read(self, length: int) -> bytes:
        """What has arrived, at most `length` bytes."""
        self._look()
        data = bytes(self._arrived[:length])
        self._arrived = self._arrived[length:]
        return data

    def event(self) -> int:
        """READABLE while bytes wait."""
        self._look()
        return abi.READABLE if self._arrived else 0

    def _discard(self) -> None:
        """What came before the line was opened is nobody's: it was for whoever had it before."""
        for _ in range(UART_STALE // UART_KEPT):  # a line that never pauses must not keep us here
            if not self._uart.read(UART_KEPT):
                return

    def _look(self) -> None:
        if len(self._arrived) < UART_KEPT:
            self._arrived.extend(self._uart.read(UART_KEPT - len(self._arrived)))


class Adc(_Held):
    """The converter with all its channels (Applibs `adc.h`)."""

    kind = "adc"

    def __init__(self, buses: Buses, owner: bytes) -> None:
        self._hal = buses.hal
        _Held.__init__(self, buses, owner, blocks.ADC)
        self._references: dict[int, int] = {}  # channel: mV

    def refer(self, channel: int, millivolts: int) -> None:
        """Full scale of a channel is this voltage. Raises Invalid beyond 2.5 V."""
        if not 0 < millivolts <= REFERENCE_MV:
            raise Invalid("a reference of {} mV: 1 to {}".format(millivolts, REFERENCE_MV), "kernel", "adc.reference")
        self._references[channel] = millivolts

    def poll(self, channel: int) -> int:
        """The 12-bit value of a channel now."""
        value = self._hal.adc_read(channel) * REFERENCE_MV // self._references.get(channel, REFERENCE_MV)
        return min(FULL_SCALE, value)


class Pwm(_Held):
    """A PWM controller with its four channels (Applibs `pwm.h`)."""

    kind = "pwm"

    def __init__(self, buses: Buses, owner: bytes, controller: int) -> None:
        if buses.pwms is None:
            raise NoDevice("this board has no PWM", "kernel", "bus.board")
        self._hal = buses.pwms
        _Held.__init__(self, buses, owner, blocks.PWM + controller)
        self._controller = controller

    def apply(self, channel: int, period_ns: int, duty_ns: int, is_inverted: int, is_enabled: int) -> None:
        """Pulses from now on, or the level between them. Raises Invalid."""
        self._hal.apply(self._controller, channel, period_ns, duty_ns, is_inverted, is_enabled)


class Buses:
    """What there is. `uarts` are those of ISU0 on; `hal`, `pwms` are None on a board without."""

    def __init__(
        self, hal: Hal | None, uarts: tuple[Uart, ...], pwms: PwmHal | None, pins: Pins, clock: Clock
    ) -> None:  # fmt: skip
        self._hal = hal
        self.uarts = uarts
        self.pwms = pwms
        self.pins = pins
        self.clock = clock

    @property
    def hal(self) -> Hal:
        """The masters. Raises NoDevice where there are none."""
        if self._hal is None:
            raise NoDevice("this board has no buses", "kernel", "bus.board")
        return self._hal

    def i2c(self, owner: bytes, unit: int) -> I2c:
        """Take the I2C master of a unit. Raises Busy, NoDevice."""
        return I2c(self, owner, unit)

    def spi(self, owner: bytes, unit: int, line: int, polarity: int) -> Spi:
        """Take the SPI master of a unit with select `line` 0 or 1; polarity 1 active low, 2 active high. Raises Busy, NoDevice."""
        return Spi(self, owner, unit, line, polarity)

    def uart(self, owner: bytes, unit: int, baud: int, data_bits: int, parity: int, stop_bits: int, flow: int) -> Serial:
        """Take the UART of a unit. Parity 0 none, 1 even, 2 odd; flow control 0 none, 1 RTS/CTS. Raises Invalid, Busy, NoDevice."""
        if not RATES[0] <= baud <= RATES[1]:
            raise Invalid("{} baud: {} to {}".format(baud, RATES[0], RATES[1]), "kernel", "uart.baud")
        if flow > RTS_CTS:
            raise Invalid("XON/XOFF: no source says that this chip has it", "kernel", "uart.flow", remedy="RTS/CTS, or none")
        if unit >= len(self.uarts):
            raise NoDevice("the board has no UART on ISU" + str(unit), "kernel", "bus.board")
        return Serial(self, owner, unit, (baud, data_bits, parity, stop_bits, flow))

    def pwm(self, owner: bytes, controller: int) -> Pwm:
        """Take a PWM controller. Raises Busy, NoDevice."""
        return Pwm(self, owner, controller)

    def adc(self, owner: bytes) -> Adc:
        """Take the converter. Raises Busy, NoDevice."""
        return Adc(self, owner)


def i2c_bits(written: int, read: int) -> int:
    """Bits of a transfer on the wire: start, address and bytes, each acknowledged, for either way, and a stop."""
    ways = (1 if written or not read else 0) + (1 if read else 0)
    return ways * (1 + I2C_BITS) + I2C_BITS * (written + read) + 1
