"""I2C: parts on the two wires of a serial unit (Applibs `i2c.h`). Needs the unit in Capabilities.I2cMaster.

    with i2c.open(i2c.ISU2) as bus:
        bus.set_bus_speed(i2c.FAST)
        (who,) = await bus.write_then_read(0x6A, b"\\x0f", 1)

A transfer takes the time it takes on the wires, and other apps run meanwhile: that is why it is awaited.
"""

from __future__ import annotations

from .bus import ISU0, ISU1, ISU2, ISU3, ISU4, MOST, Opened, check
from .errors import EMSGSIZE, ENXIO, ETIMEDOUT, ask
from .eventloop import next_event

STANDARD, FAST, FAST_PLUS, HIGH = 100_000, 400_000, 1_000_000, 3_400_000  # Hz, I2C_BUS_SPEED_...
DONE, NO_DATA, TIMED_OUT = 1, 2, 3  # outcomes
LAST_ADDRESS = 0x7F


class I2cMaster(Opened):
    """An open master. Its clock is 100 kHz, and a transfer times out after a second, until the app sets others."""

    def __init__(self, unit: int) -> None:
        Opened.__init__(self, ask(lambda kernel: kernel.i2c_open(unit)))
        self._target: int | None = None

    def set_bus_speed(self, hz: int) -> None:
        """STANDARD, FAST, FAST_PLUS or HIGH (I2CMaster_SetBusSpeed). Raises OSError (EINVAL, EBADF)."""
        check(hz > 0, "a bus speed of {} Hz", hz)
        ask(lambda kernel: kernel.i2c_configure(self.handle, hz, 0))

    def set_timeout(self, milliseconds: int) -> None:
        """How long a transfer may take, 1 to 60,000 ms (I2CMaster_SetTimeout). Raises OSError (EINVAL, EBADF)."""
        check(milliseconds > 0, "a time-out of {} ms", milliseconds)
        ask(lambda kernel: kernel.i2c_configure(self.handle, 0, milliseconds))

    def set_default_target_address(self, address: int) -> None:
        """The part that is meant where `address` is None (I2CMaster_SetDefaultTargetAddress). Raises OSError (EINVAL)."""
        self._target = _address(address)

    async def write(self, address: int | None, data: bytes) -> int:
        """Write 1 to 4000 bytes; how many were acknowledged: all (I2CMaster_Write).

        Raises OSError: ENXIO if the part does not acknowledge, ETIMEDOUT, EBUSY while a transfer is under way, EINVAL.
        """
        return (await self._transfer(address, data, 0))[0]

    async def read(self, address: int | None, length: int) -> bytes:
        """Read 1 to 4000 bytes (I2CMaster_Read). Raises OSError as `write` does."""
        check(length > 0, "{} bytes to read", length)
        return (await self._transfer(address, b"", length))[1]

    async def write_then_read(self, address: int | None, data: bytes, length: int) -> bytes:
        """Write, then read after a repeated start (I2CMaster_WriteThenRead). Raises OSError as `write` does."""
        check(length > 0, "{} bytes to read", length)
        return (await self._transfer(address, data, length))[1]

    async def _transfer(self, address: int | None, data: bytes, length: int) -> tuple[int, bytes]:
        target = _address(-1 if self._target is None else self._target) if address is None else _address(address)
        if len(data) > MOST or length > MOST:
            raise OSError(EMSGSIZE, "a transfer has at most {} bytes each way".format(MOST))
        ask(lambda kernel: kernel.i2c_begin(self.handle, target, length, bytes(data)))
        await next_event([self])
        outcome, count, read = ask(lambda kernel: kernel.i2c_result(self.handle))
        if outcome == TIMED_OUT:
            raise OSError(ETIMEDOUT, "the transfer with {} took too long: {} bytes were written".format(hex(target), count))
        if outcome != DONE:
            what = "byte {}".format(count) if outcome == NO_DATA else "its address"
            raise OSError(ENXIO, "the part at {} did not acknowledge {}".format(hex(target), what))
        return count, read


def open(unit: int) -> I2cMaster:
    """Take the master of a serial unit, ISU0 to ISU4 (I2CMaster_Open). Raises OSError (EACCES, EBUSY, ENODEV)."""
    check(ISU0 <= unit <= ISU4, "no serial unit {}", unit)
    return I2cMaster(unit)


def _address(address: int) -> int:
    check(0 <= address <= LAST_ADDRESS, "no 7-bit address: {} (-1: none was given, and there is no default target)", address)
    return address


__all__ = ["FAST", "FAST_PLUS", "HIGH", "ISU0", "ISU1", "ISU2", "ISU3", "ISU4", "STANDARD", "I2cMaster", "open"]
