"""GPIO: pins with a chip on one side and the world on the other.

The level at a pin follows from who drives it. The chip drives an output according to its mode, the
outside may drive any pin, and if neither does the pull decides. When both drive against each
other low wins, and the pin is noted in `contention`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ...wire.fault import Invalid, NoDevice, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..interface import Clock

    Observer = Callable[[int, int, int], None]

INPUT, PUSH_PULL, OPEN_DRAIN, OPEN_SOURCE = 0, 1, 2, 3
FLOATING = -1
HISTORY = 4096  # level changes remembered

# (mode, level written): level the chip drives
DRIVES = {
    (INPUT, 0): FLOATING,
    (INPUT, 1): FLOATING,
    (PUSH_PULL, 0): 0,
    (PUSH_PULL, 1): 1,
    (OPEN_DRAIN, 0): 0,
    (OPEN_DRAIN, 1): FLOATING,
    (OPEN_SOURCE, 0): FLOATING,
    (OPEN_SOURCE, 1): 1,
}


class Pin:
    """What is known of one pin: `level` is the level at the pin."""

    def __init__(self) -> None:
        self.mode = INPUT
        self.written = 0
        self.outside = FLOATING
        self.pull = FLOATING  # a resistor on the board
        self.weak = FLOATING  # a resistor inside the chip
        self.level = 0

    def resting(self) -> int:
        """The level while nobody drives: the board's resistor is the stronger one; a pin without any rests low."""
        return max(0, self.pull if self.pull != FLOATING else self.weak)


class GpioBank:
    """All pins of a board. Satisfies `hal.interface.Gpio`; who owns a pin is the firewall's matter.

    `pins` are the numbers that exist. `history` holds the latest changes as (time_us, pin, level),
    oldest first; `contention` the pins that were driven from both sides at once. `clock` says when things happen.
    """

    def __init__(self, pins: Iterable[int], clock: Clock) -> None:
        self._pins = {pin: Pin() for pin in pins}
        self.clock = clock
        self._observers: list[Observer] = []
        self._outsiders: list[Callable[[int], None]] = []
        self.driven: Callable[[int, int | None], None] | None = None  # is told of `drive`, and
        self.pulled: Callable[[int, int], None] | None = None  # of `pull`, before they take effect
        self.history: deque[tuple[int, int, int]] = deque((), HISTORY)
        self.contention: set[int] = set()

    def add(self, pins: Iterable[int]) -> None:
        """More pins, those of them that do not exist yet: the chip has more than the board leads out."""
        for pin in pins:
            if pin not in self._pins:
                self._pins[pin] = Pin()

    def pins(self) -> list[int]:
        """The pins that exist, in order."""
        return sorted(self._pins)

    def configure(self, pin: int, mode: int) -> None:
        """Set `mode`. An output begins with level 0 written. Raises NoDevice, Invalid."""
        state = self._find(pin)
        if (mode, 0) not in DRIVES:
            raise Invalid("no GPIO mode " + str(mode))
        state.mode = mode
        state.written = 0
        self._settle(pin, state)

    def output(self, pin: int, mode: int, level: int) -> None:
        """Set `mode` and the level written at once, as hardware does: no level in between. Raises NoDevice, Invalid."""
        state = self._find(pin)
        if (mode, level) not in DRIVES or mode == INPUT:
            raise Invalid("no GPIO output mode " + str(mode) + " with level " + str(level))
        state.mode, state.written = mode, level
        self._settle(pin, state)

    def read(self, pin: int) -> int:
        """The level at `pin`."""
        return self._find(pin).level

    def write(self, pin: int, level: int) -> None:
        """Drive output `pin`. Raises OutOfOrder if it is an input, Invalid, NoDevice."""
        state = self._find(pin)
        if state.mode == INPUT:
            raise OutOfOrder("pin " + str(pin) + " is an input", "hal", "gpio.mode",
                             "pin " + str(pin) + " mode=input", "configure it as an output")  # fmt: skip
        if level not in (0, 1):
            raise Invalid("no level " + str(level))
        state.written = level
        self._settle(pin, state)

    def release(self, pin: int) -> None:
        """Make `pin` an input again, so that nothing of its former owner stays."""
        self.configure(pin, INPUT)

    def mode(self, pin: int) -> int:
        """The mode that `configure` set."""
        return self._find(pin).mode

    def drive(self, pin: int, level: int | None) -> None:
        """Drive `pin` from outside with `level`, or let go of it with None."""
        state = self._find(pin)
        if self.driven is not None:
            self.driven(pin, None if level is None else int(bool(level)))
        state.outside = FLOATING if level is None else 1 if level else 0
        self._settle(pin, state)
        self._tell_outside(pin)

    def pull(self, pin: int, level: int) -> None:
        """Fit a resistor to supply (1) or ground (0); ground unless told otherwise."""
        state = self._find(pin)
        if self.pulled is not None:
            self.pulled(pin, int(bool(level)))
        state.pull = 1 if level else 0
        self._settle(pin, state)
        self._tell_outside(pin)

    def bare(self, pin: int) -> None:
        """Take the board's resistor of `pin` off."""
        state = self._find(pin)
        state.pull = FLOATING
        self._settle(pin, state)
        self._tell_outside(pin)

    def pull_inside(self, pin: int, level: int | None) -> None:
        """Switch the chip's own resistor of `pin` to supply (1), to ground (0), or off (None)."""
        state = self._find(pin)
        state.weak = FLOATING if level is None else 1 if level else 0
        self._settle(pin, state)

    def inside(self, pin: int) -> tuple[int, int, int]:
        """What the chip does to `pin`: (mode, level written, its own resistor: 0, 1 or FLOATING)."""
        state = self._find(pin)
        return state.mode, state.written, state.weak

    def outside(self, pin: int) -> tuple[int, int]:
        """What the world does to `pin`: (level that drives it, the board's resistor), each 0, 1 or FLOATING."""
        state = self._find(pin)
        return state.outside, state.pull

    def observe_outside(self, observer: Callable[[int], None]) -> None:
        """Call `observer(pin)` after each change of what the world does to a pin."""
        self._outsiders.append(observer)

    def observe(self, observer: Observer) -> None:
        """Call `observer(pin, level, time_us)` after each change of a level."""
        self._observers.append(observer)

    def reset(self) -> None:
        """What a reset does: every pin is an input. The world outside stays as it is."""
        for pin in self.pins():
            self.release(pin)

    def quiet(self) -> Quiet:
        """Tell nobody of changes meanwhile: `with bank.quiet():`."""
        return Quiet(self)

    def save(self) -> dict[str, object]:
        """The state of every pin, as plain values."""
        pins = {number: (pin.mode, pin.written, pin.outside, pin.pull, pin.weak, pin.level) for number, pin in self._pins.items()}
        return {"pins": pins, "history": list(self.history), "contention": sorted(self.contention)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave; nobody is told. Raises Invalid if these are other pins."""
        if set(state["pins"]) != set(self._pins):
            raise Invalid("the state is of a board with other pins")
        for number, values in state["pins"].items():
            pin = self._pins[number]
            pin.mode, pin.written, pin.outside, pin.pull, pin.weak, pin.level = values
        self.history.clear()
        self.history.extend(tuple(change) for change in state["history"])
        self.contention = set(state["contention"])

    def _find(self, pin: int) -> Pin:
        if pin not in self._pins:
            raise NoDevice("no pin " + str(pin))
        return self._pins[pin]

    def _settle(self, pin: int, state: Pin) -> None:
        chip = DRIVES[(state.mode, state.written)]
        driven = [level for level in (chip, state.outside) if level != FLOATING]
        if len(driven) == 2 and driven[0] != driven[1]:
            self.contention.add(pin)
        level = min(driven) if driven else state.resting()
        if level != state.level:
            state.level = level
            self._tell(pin, level)

    def _tell(self, pin: int, level: int) -> None:
        now = self.clock.uptime_us()
        self.history.append((now, pin, level))
        for observer in self._observers:
            observer(pin, level, now)

    def _tell_outside(self, pin: int) -> None:
        for observer in self._outsiders:
            observer(pin)


class Quiet:
    """Within it a bank tells nobody of changes."""

    def __init__(self, bank: GpioBank) -> None:
        self._bank = bank

    def __enter__(self) -> None:
        self._observers, self._bank._observers = self._bank._observers, []

    def __exit__(self, *exception: object) -> None:
        self._bank._observers = self._observers
