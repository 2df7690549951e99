"""The world as the engines of the real-time cores have it, in a process that sees nothing of it: ring 0 is asked.

What hangs on the board's wires is known here by its answers only. An engine that is a slave is a part of this process:
its own bus asks it, and no other master is on these wires.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ....wire.call import Port
from ....wire.fault import Fault
from . import realtime_calls as calls

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ....wire.call import Call
    from ..buses import I2cBus
    from ..realtime.chip import Chip
    from .machine import Link


LONG_NS = 2_000_000  # for an answer: a part in another process thinks


class World:
    """Asks on `link`, one question at a time; `before` is called ahead of each: what happened so far is told first."""

    def __init__(self, link: Link, before: Callable[[], None], chip: Chip) -> None:
        self._port = Port(link)
        self._before = before
        self._chip = chip

    def ask(self, call: Call, *arguments: Any) -> Any:
        """The answer. A board that does not give one is gone, or has ended us already. After a long one others get their turn."""
        self._before()
        begin = time.monotonic_ns()
        try:
            found = self._port.call(call, *arguments)
        except Fault as fault:
            os.write(2, f"the world's answer to {call.name}: {fault}\n".encode())
            os._exit(0)
        if time.monotonic_ns() - begin > LONG_NS:
            self._chip.pause()
        return found

    def join(self) -> None:
        """From now on the engines of the chip ask here."""
        chip = self._chip
        for number, isu in enumerate(chip.shared.isus):
            isu.i2c.bus = FarI2c(isu.i2c_bus, number, self.ask)
            isu.spi.bus = FarSpi(number, self.ask)
        chip.shared.adc.inputs = FarInputs(self.ask)


class FarI2c:
    """An I2C bus as its master has it. `own` has the engines of this process that are slaves."""

    def __init__(self, own: I2cBus, unit: int, ask: Callable[..., Any]) -> None:
        self._own, self._unit, self._ask = own, unit, ask
        self.attach, self.detach, self.is_taken = own.attach, own.detach, own.is_taken
        self._is_own = self._is_begun = False

    def start(self, address: int, is_read: bool) -> bool:
        """As the bus does."""
        self._is_own = self._own.is_taken(address)
        if self._is_own:
            return self._own.start(address, is_read)
        self._is_begun = True
        return bool(self._ask(calls.I2C_START, self._unit, address, int(is_read)))

    def write(self, byte: int) -> bool:
        """As the bus does."""
        return self._own.write(byte) if self._is_own else bool(self._ask(calls.I2C_WRITE, self._unit, byte & 0xFF))

    def read(self) -> int:
        """As the bus does."""
        return self._own.read() if self._is_own else int(self._ask(calls.I2C_READ, self._unit))

    def stop(self) -> None:
        """As the bus does; where nothing was begun nothing ends."""
        self._own.stop()
        self._is_own = False
        if self._is_begun:
            self._is_begun = False
            self._ask(calls.I2C_STOP, self._unit)


class FarSpi:
    """An SPI bus as its master has it."""

    def __init__(self, unit: int, ask: Callable[..., Any]) -> None:
        self._unit, self._ask = unit, ask
        self._active: set[int] = set()

    def select(self, line: int, is_active: bool) -> None:
        """As the bus does; of a line that is so already nobody hears."""
        if is_active != (line in self._active):
            (self._active.add if is_active else self._active.discard)(line)
            self._ask(calls.SPI_SELECT, self._unit, line, int(is_active))

    def exchange(self, byte: int) -> int:
        """As the bus does."""
        return self.transfer(bytes((byte & 0xFF,)))[0]

    def transfer(self, data: bytes) -> bytes:
        """As the bus does."""
        parts = [data[at : at + calls.MOST_SPI] for at in range(0, len(data), calls.MOST_SPI)]
        return b"".join([self._ask(calls.SPI_TRANSFER, self._unit, part) for part in parts])


class FarInputs:
    """The analog inputs as the converter has them."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def microvolts(self, channel: int, _time_us: int) -> int:
        """The voltage now: the board's clock is the world's."""
        return int(self._ask(calls.ANALOG, channel))
