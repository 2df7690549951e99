"""Places: where on a board a part can hang, as a person writes it: isu2:0x6a, isu1:cs0, isu1:gpio5."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ...wire.fault import Invalid
from .wires import ISUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .buses import AnalogInputs, I2cBus, SpiBus
    from .gpio import GpioBank

PLACE = re.compile(r"isu([0-9]):(?:0x([0-7]?[0-9a-f])|cs([01])|gpio(\d{1,3}))")
I2C, LINE, PIN = "i2c", "line", "pin"


class Bench(NamedTuple):
    """What parts, voltages and levels can be put on: the buses of each ISU, the analog inputs, the pins."""

    i2c: Sequence[I2cBus]
    spi: Sequence[SpiBus]
    analog: AnalogInputs
    pins: GpioBank


class Place(NamedTuple):
    """An I2C address, a select line, or a pin that selects, at an ISU."""

    unit: int
    kind: str
    number: int

    def __str__(self) -> str:
        return "isu" + str(self.unit) + {I2C: f":{self.number:#04x}", LINE: f":cs{self.number}", PIN: f":gpio{self.number}"}[self.kind]

    def attach(self, bench: Bench, part: Any, active: int = 0) -> None:
        """Hang `part` there; a pin selects it by level `active`. Raises Invalid if another part is there."""
        if self.kind == I2C:
            bench.i2c[self.unit].attach(self.number, part)
        elif self.kind == LINE:
            bench.spi[self.unit].attach(self.number, part)
        else:
            bench.spi[self.unit].attach_pin(bench.pins, self.number, part, active)

    def detach(self, bench: Bench, part: Any) -> None:
        """Take `part` off."""
        (bench.i2c if self.kind == I2C else bench.spi)[self.unit].detach(part)


def parse(text: str, pins: Sequence[int]) -> Place:
    """The place that `text` names. Raises Invalid."""
    found = PLACE.fullmatch(text)
    if found is None:
        raise Invalid("no place: a place is like isu2:0x6a (I2C), isu1:cs0 or isu1:gpio5 (SPI)")
    unit = int(found[1])
    if unit >= ISUS:
        raise Invalid(f"there are isu0 to isu{ISUS - 1}")
    if found[2]:
        return Place(unit, I2C, int(found[2], 16))
    if found[3]:
        return Place(unit, LINE, int(found[3]))
    if int(found[4]) not in pins:
        raise Invalid(f"there are gpio{pins[0]} to gpio{pins[-1]}")
    return Place(unit, PIN, int(found[4]))
