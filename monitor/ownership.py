"""Who owns a peripheral: the kernel, or nobody; and from when on that cannot change.

While the table is open, acquiring assigns a pin to the kernel in the bus firewall and releasing
takes it away. Once it is frozen no pin changes hands: the kernel then uses the pins it had. A device
that has left manufacture (DEVICE_COMPLETE, and no appDevelopment capability) is frozen at boot with
every pin of the board the kernel's, so nothing can later be moved to a real-time core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..pluton.abi import BLANK, CAPABILITY_APP_DEVELOPMENT, MODULE_COMPLETE
from ..wire.fault import Busy, Locked, NoDevice, NotFound

if TYPE_CHECKING:
    from ..hal.interface import PinOwnership
    from ..pluton.port import PlutonPort

GPIO = 1
NOBODY, KERNEL = 0, 1  # bus masters, as `hal.interface.PinOwnership.assign` counts them


class Ownership:
    """The peripherals of one board; `numbers` are its GPIO pins."""

    def __init__(self, pins: PinOwnership, numbers: tuple[int, ...]) -> None:
        self._pins = pins
        self._numbers = numbers
        self._assigned: set[int] = set()  # the firewall says kernel
        self._in_use: set[int] = set()  # acquired and not released
        self._is_locked = False

    def begin(self, pluton: PlutonPort) -> None:
        """Freeze at once unless the device is in manufacture or open for development."""
        if pluton.get_manufacturing_state() in (BLANK, MODULE_COMPLETE):
            return
        if pluton.is_capability_enabled(CAPABILITY_APP_DEVELOPMENT):
            return
        for pin in self._numbers:
            self._assign(pin, KERNEL)
        self.lock()

    def acquire(self, kind: int, index: int) -> None:
        """Give a peripheral to the kernel. Raises NoDevice, Busy, Locked."""
        self._check(kind, index)
        if index in self._in_use:
            raise Busy("pin " + str(index) + " is already acquired", "monitor", "peripheral.once")
        if index not in self._assigned:
            if self._is_locked:
                raise Locked("pin " + str(index) + " is not the kernel's", "monitor", "peripheral.lock",
                             "ownership frozen", "reset the device")  # fmt: skip
            self._assign(index, KERNEL)
        self._in_use.add(index)

    def release(self, kind: int, index: int) -> None:
        """Give it back. Raises NoDevice, NotFound if it was not acquired."""
        self._check(kind, index)
        if index not in self._in_use:
            raise NotFound("pin " + str(index) + " is not acquired")
        if not self._is_locked:
            self._assign(index, NOBODY)
        self._in_use.remove(index)

    def lock(self) -> None:
        """Freeze ownership until the next reset, here and in the firewall."""
        self._is_locked = True
        self._pins.lock()

    def _check(self, kind: int, index: int) -> None:
        if kind != GPIO or index not in self._numbers:
            raise NoDevice("no peripheral " + str(kind) + "/" + str(index))

    def _assign(self, pin: int, master: int) -> None:
        self._pins.assign(pin, master)
        if master == KERNEL:
            self._assigned.add(pin)
        else:
            self._assigned.discard(pin)
