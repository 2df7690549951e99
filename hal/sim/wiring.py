"""What hangs on a board, in words: resistors, levels, voltages, parts on buses, lines led back.

| wire | |
|---|---|
| gpio12=up, gpio12=down | a resistor to supply or to ground |
| gpio12=0, gpio12=1, gpio12=z | driven low, driven high, let go of |
| adc0=1.25 | volts at an analog input |
| vref=1.8 | volts at the converter's reference, which has 2.5 otherwise |
| isu2:0x6a=lsm6ds3, isu1:cs0=lsm6ds3, isu1:gpio5=lsm6ds3 | a part: at an I2C address, behind a select line or a pin |
| isu2:0x10=registers,0xff=0x43 | 256 registers that keep what is written, this one with that value from the start |
| isu1:cs0=sdcard, isu1:cs0=sdcard,card.img | an SD card of 8 MiB that is forgotten; one whose blocks are the file's |
| isu0=loop, isu1:cs0=loop | what a UART sends, it hears; MOSI led to MISO |
| isu1:i2c=isu2 | the I2C lines of both led together |

Levels, resistors and voltages may come later, as in gpio12@1.5s=0.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...wire.fault import Invalid
from . import places
from .buses import SpiLoop
from .displays import Ssd1306
from .media import File, Memory
from .parts import Accelerometer, Eeprom, Lsm6dso, Registers
from .places import Place
from .sdcard import SdCard
from .wires import ISUS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .places import Bench

WIRE = re.compile(r"(gpio|adc|isu)(\d{1,3})(?::(0x[0-7]?[0-9a-f]|cs[01]|i2c|gpio\d{1,3}))?(?:@([^=@]+))?=(.+)")
VALUE = re.compile(r"(0x[0-9a-f]{1,2})=(0x[0-9a-f]{1,2})")
LEVELS = {"0": 0, "1": 1, "z": None}
RESISTORS = {"up": 1, "down": 0}
INPUTS, MOST_VOLTS = 8, 5
KINDS: dict[str, Callable[[], object]] = {
    "lsm6ds3": Accelerometer, "lsm6dso": Lsm6dso, "eeprom": Eeprom, "ssd1306": Ssd1306, "loop": SpiLoop,
}  # fmt: skip
ON_I2C, ON_SPI = ("lsm6ds3", "lsm6dso", "eeprom", "ssd1306", "registers"), ("lsm6ds3", "lsm6dso", "loop", "sdcard", "sdhc")
CARDS = {"sdcard": False, "sdhc": True}  # whether addresses are those of blocks, however small the card is
PIN, VOLTAGE, REFERENCE, PART, LOOP, JOIN = "pin", "voltage", "reference", "part", "loop", "join"


class Wire(NamedTuple):
    """One word, read: `kind` of wire, `number` of pin, input or ISU, `what` is there; `when`, as written, "" from the start."""

    kind: str
    number: int
    what: str
    when: str = ""
    place: Place | None = None  # of a part
    make: Callable[[], object] | None = None  # makes the part

    @property
    def end(self) -> str:
        """Where it is, as the word has it: a pin, an input, an ISU, or a place at one."""
        return str(self.place) if self.place is not None else {PIN: "gpio", VOLTAGE: "adc"}.get(self.kind, "isu") + str(self.number)

    @property
    def microvolts(self) -> int:
        """Of a voltage or the reference."""
        return round(float(self.what) * 1_000_000)

    def fit(self, bench: Bench) -> object:
        """Do it to `bench`, if it is a pin's, a voltage, or a part, which is returned. Raises Invalid if the place is taken."""
        if self.kind == PIN and self.what in RESISTORS:
            bench.pins.pull(self.number, RESISTORS[self.what])
        elif self.kind == PIN:
            bench.pins.drive(self.number, LEVELS[self.what])
        elif self.kind == VOLTAGE:
            bench.analog.set(self.number, self.microvolts)
        elif self.place is not None and self.make is not None:
            part = self.make()
            self.place.attach(bench, part)
            return part
        return None


def parse(word: str, pins: Sequence[int]) -> Wire:
    """The wire that `word` means on a board with these pins. Raises Invalid with what is wrong with it."""
    if word.startswith("vref="):
        return _voltage(REFERENCE, 0, word[5:])
    found = WIRE.fullmatch(word)
    if found is None:
        raise Invalid("is not like gpio12=0, gpio12@1s=up, adc0=1.2, isu0=loop or isu2:0x6a=lsm6ds3")
    kind, number, place, when, what = found[1], int(found[2]), found[3], found[4] or "", found[5]
    if kind == "isu":
        if when or number >= ISUS:
            raise Invalid(f"there are isu0 to isu{ISUS - 1}, and what hangs on them is there from the start")
        return _of_unit(number, place, what, pins)
    if place is not None:
        raise Invalid("only an ISU has places")
    if number not in (pins if kind == "gpio" else range(INPUTS)):
        raise Invalid(f"there are gpio{pins[0]} to gpio{pins[-1]} and adc0 to adc{INPUTS - 1}")
    return _pin(number, what, when) if kind == "gpio" else _voltage(VOLTAGE, number, what, when)


def _pin(pin: int, what: str, when: str) -> Wire:
    if what not in RESISTORS and what not in LEVELS:
        raise Invalid("a pin is 0, 1 or z, or has a resistor up or down")
    return Wire(PIN, pin, what, when)


def _voltage(kind: str, channel: int, what: str, when: str = "") -> Wire:
    if not re.fullmatch(r"\d{1,2}(\.\d{1,6})?", what) or float(what) > MOST_VOLTS:
        raise Invalid(f"a voltage is a number from 0 to {MOST_VOLTS}")
    return Wire(kind, channel, what, when)


def _of_unit(number: int, place: str | None, what: str, pins: Sequence[int]) -> Wire:
    if place == "i2c":
        others = [f"isu{each}" for each in range(ISUS) if each != number]
        if what not in others:
            raise Invalid("the I2C lines of an ISU are led to another one's: " + ", ".join(others))
        return Wire(JOIN, number, what)
    if place is None:
        if what != "loop":
            raise Invalid("a part needs a place: isu2:0x6a, isu2:cs0 or isu2:gpio5")
        return Wire(LOOP, number, what)
    return Wire(PART, number, what, "", places.parse(f"isu{number}:{place}", pins), _maker(place, what))


def _maker(place: str, what: str) -> Callable[[], object]:
    name, *settings = what.split(",")
    fitting = ON_I2C if place.startswith("0x") else ON_SPI
    if name not in fitting:
        raise Invalid("what goes there is " + ", ".join(fitting))
    if name in CARDS:
        return _card(CARDS[name], what.partition(",")[2])
    if name == "registers":
        return _registers(settings)
    if settings:
        raise Invalid(f"{name} has no settings")
    return KINDS[name]


def _card(is_high_capacity: bool, file: str) -> Callable[[], object]:
    card = SdCard(File(Path(file)) if file else Memory(), is_high_capacity)
    return lambda: card


def _registers(settings: Sequence[str]) -> Callable[[], object]:
    values = [VALUE.fullmatch(setting) for setting in settings]
    if not all(values):
        raise Invalid("the settings of registers are like 0xff=0x43")
    pairs = {int(value[1], 16): int(value[2], 16) for value in values if value}
    return lambda: Registers(pairs)


def absolute(word: str) -> str:
    """`word` with the file of a card as seen from anywhere."""
    end, _, what = word.partition("=")
    name, comma, file = what.partition(",")
    return f"{end}={name},{Path(file).absolute()}" if name in CARDS and comma and file else word
