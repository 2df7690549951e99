"""Pins: every GPIO has one owner among the apps, from open to close.

The kernel itself gets a pin from the monitor when an app opens it and gives it back when the app
closes it, after making it an input again: nothing of the former owner stays on the wire.
"""

from __future__ import annotations

from ..wire.fault import Busy, Fault, Invalid, NoDevice
from . import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Gpio
    from ..monitor.port import MonitorPort

KIND_GPIO = 1  # of `monitor.abi.PERIPHERAL_ACQUIRE`
INPUT = 0
MODES = (1, 2, 3)  # of `hal.interface.Gpio`, by the mode an app names


class Pin:
    """An open pin. `write` is the way to the wire: bound once, so that setting a level looks nothing up."""

    kind = "pin"

    def __init__(self, pins: Pins, number: int, is_output: bool) -> None:
        self.number = number
        self.is_output = is_output
        self._pins = pins
        self._gpio = pins.gpio
        self.last = 0

    def read(self) -> int:
        """The level at the pin; changes up to now have been seen."""
        self.last = self._gpio.read(self.number)
        return self.last

    def write(self, level: int) -> None:
        """Drive the pin. Raises Invalid on an input."""
        if not self.is_output:
            raise Invalid("pin {} was opened as an input".format(self.number), "kernel", "gpio.direction")
        self._gpio.write(self.number, level)

    def event(self) -> int:
        """INPUT if the level is another than when last looked at."""
        if self.is_output:
            return 0
        before = self.last
        return abi.INPUT if self.read() != before else 0

    def close(self) -> None:
        self._pins.release(self.number)


class Pins:
    """Who holds which pin."""

    def __init__(self, gpio: Gpio, monitor: MonitorPort) -> None:
        self.gpio = gpio
        self._monitor = monitor
        self._owners: dict[int, bytes] = {}  # pin: component

    def open(self, owner: bytes, number: int, mode: int | None, level: int = 0) -> Pin:
        """Take pin `number` for component `owner`: an output in `mode` (0 push-pull, 1 open drain, 2 open
        source) at `level`, or an input (None). Raises Busy, NoDevice, and what the monitor refuses with."""
        self._take(owner, number)
        try:
            return self._configure(number, mode, level)
        except Fault:
            self._give_back(number)
            raise

    def hold(self, owner: bytes, numbers: tuple[int, ...], what: str) -> None:
        """Take all of `numbers` for a peripheral `what` of component `owner`, or none. Raises as `open` does."""
        if not numbers:
            raise NoDevice(what + " leads to no pin", "kernel", "gpio.none")
        for at, number in enumerate(numbers):
            try:
                self._take(owner, number)
            except Fault:
                _each(self._give_back, numbers[:at])
                raise

    def let_go(self, numbers: tuple[int, ...]) -> None:
        """Give back what `hold` took, every pin of it. Raises what went wrong with the first that did."""
        faults = _each(self.release, numbers)
        if faults:
            raise faults[0]

    def owner(self, number: int) -> bytes | None:
        """The component that holds a pin."""
        return self._owners.get(number)

    def release(self, number: int) -> None:
        """Make it an input and give it back."""
        try:
            self.gpio.configure(number, INPUT)
        finally:
            self._give_back(number)

    def _take(self, owner: bytes, number: int) -> None:
        if number in self._owners:
            whose = "this app" if self._owners[number] == owner else "another app"
            raise Busy(
                "pin {} is open".format(number), "kernel", "gpio.owner",
                "pin {} is held by {}".format(number, whose), "close it there first",
            )  # fmt: skip
        self._monitor.peripheral_acquire(KIND_GPIO, number)
        self._owners[number] = owner

    def _give_back(self, number: int) -> None:
        del self._owners[number]
        self._monitor.peripheral_release(KIND_GPIO, number)

    def _configure(self, number: int, mode: int | None, level: int) -> Pin:
        pin = Pin(self, number, mode is not None)
        self.gpio.configure(number, INPUT if mode is None else MODES[mode])
        if mode is not None:
            self.gpio.write(number, level)
        pin.read()
        return pin


def _each(action: Callable[[int], None], numbers: tuple[int, ...]) -> list[Fault]:
    """Do `action` to every pin, whatever happens to one; what went wrong."""
    faults = []
    for number in numbers:
        try:
            action(number)
        except Fault as fault:
            faults.append(fault)
    return faults
