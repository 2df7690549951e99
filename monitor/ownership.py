"""Who owns a pin: the kernel, a real-time core, or nobody; and from when on that cannot change.

While the table is open, acquiring assigns a pin to the kernel in the bus firewall and releasing
takes it away; a real-time core has pins from the start of its app to the end. Once the table is
frozen no pin changes hands. A device that has left manufacture (DEVICE_COMPLETE, and no
appDevelopment capability) is frozen at boot: what signed manifests claim for real-time cores is
theirs, and every other pin of the board the kernel's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..pluton.abi import BLANK, CAPABILITY_APP_DEVELOPMENT, MODULE_COMPLETE
from ..wire.fault import Busy, Locked, NoDevice, NotFound

if TYPE_CHECKING:
    from ..hal.interface import PinOwnership
    from ..pluton.port import PlutonPort

GPIO = 1
NOBODY, KERNEL, FIRST_CORE = 0, 1, 2  # bus masters, as `hal.interface.PinOwnership.assign` counts them
NAMES = ("nobody", "kernel", "real-time core 0", "real-time core 1")


class Ownership:
    """The pins of one board; `numbers` are those it has."""

    def __init__(self, pins: PinOwnership, numbers: tuple[int, ...]) -> None:
        self._pins = pins
        self._numbers = numbers
        self._owners: dict[int, int] = {}  # what the firewall was told; a pin that is not here is nobody's
        self._in_use: set[int] = set()  # acquired by the kernel and not released
        self.is_locked = False

    def is_frozen_by(self, pluton: PlutonPort) -> bool:
        """Whether the device's state demands the freeze: not in manufacture, and not open for development."""
        if pluton.get_manufacturing_state() in (BLANK, MODULE_COMPLETE):
            return False
        return not pluton.is_capability_enabled(CAPABILITY_APP_DEVELOPMENT)

    def freeze(self) -> None:
        """Every pin that nobody has is the kernel's; then nothing changes before the next reset."""
        for pin in self._numbers:
            if self.owner(pin) == NOBODY:
                self._assign(pin, KERNEL)
        self.lock()

    def owner(self, pin: int) -> int:
        """Who has `pin`: NOBODY, KERNEL, or FIRST_CORE and the number of a core."""
        return self._owners.get(pin, NOBODY)

    def acquire(self, kind: int, index: int) -> None:
        """Give a pin to the kernel. Raises NoDevice, Busy, Locked."""
        self._check(kind, index)
        if index in self._in_use:
            raise Busy("pin " + str(index) + " is already acquired", "monitor", "peripheral.once")
        if self.owner(index) != KERNEL:
            self._check_free(index)
            self._assign(index, KERNEL)
        self._in_use.add(index)

    def release(self, kind: int, index: int) -> None:
        """Give it back. Raises NoDevice, NotFound if it was not acquired."""
        self._check(kind, index)
        if index not in self._in_use:
            raise NotFound("pin " + str(index) + " is not acquired")
        if not self.is_locked:
            self._assign(index, NOBODY)
        self._in_use.remove(index)

    def check_core(self, core: int, pins: tuple[int, ...]) -> None:
        """Raise NoDevice, Busy or Locked unless real-time core `core` has all `pins` or may be given them."""
        self.check_board(pins)
        for pin in pins:
            if self.owner(pin) != FIRST_CORE + core:
                self._check_free(pin)

    def check_board(self, pins: tuple[int, ...]) -> None:
        """Raise NoDevice unless the board has all `pins`."""
        for pin in pins:
            if pin not in self._numbers:
                raise NoDevice("the board has no pin " + str(pin), "monitor", "peripheral.board",
                               "a manifest that claims pin " + str(pin), "leave it out, or use another board")  # fmt: skip

    def give(self, core: int, pins: tuple[int, ...]) -> None:
        """Give `pins` to real-time core `core`: all, or none. Raises as `check_core` does."""
        self.check_core(core, pins)
        for pin in pins:
            if self.owner(pin) != FIRST_CORE + core:
                self._assign(pin, FIRST_CORE + core)

    def take(self, core: int) -> None:
        """Take all pins from real-time core `core`, unless they are frozen with it."""
        if self.is_locked:
            return
        for pin in self._numbers:
            if self.owner(pin) == FIRST_CORE + core:
                self._assign(pin, NOBODY)

    def lock(self) -> None:
        """Freeze ownership until the next reset, here and in the firewall."""
        self.is_locked = True
        self._pins.lock()

    def _check(self, kind: int, index: int) -> None:
        if kind != GPIO or index not in self._numbers:
            raise NoDevice("no peripheral " + str(kind) + "/" + str(index))

    def _check_free(self, pin: int) -> None:
        """Raise unless nobody has `pin` and that may change."""
        owner = self.owner(pin)
        policy = "pin " + str(pin) + " owner=" + NAMES[owner]
        if self.is_locked:
            raise Locked("pin " + str(pin) + " cannot change hands", "monitor", "peripheral.lock",
                         policy + ", ownership frozen", "reset the device")  # fmt: skip
        if owner != NOBODY:
            remedy = "close it there" if owner == KERNEL else "stop the app that runs on that core"
            raise Busy("pin " + str(pin) + " is taken", "monitor", "peripheral.owner", policy, remedy)

    def _assign(self, pin: int, master: int) -> None:
        self._pins.assign(pin, master)
        self._owners[pin] = master
