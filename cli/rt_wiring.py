"""What hangs on the chip for `armillary rt run`: resistors, levels, voltages, parts on buses, lines led back.

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

import click

from armillary.boards.mt3620.facts import BUTTONS
from armillary.hal.sim.buses import SpiLoop
from armillary.hal.sim.displays import Ssd1306
from armillary.hal.sim.media import File, Memory
from armillary.hal.sim.parts import Accelerometer, Eeprom, Lsm6dso, Registers
from armillary.hal.sim.realtime.shared import PINS
from armillary.hal.sim.sdcard import SdCard
from armillary.wire.fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from armillary.hal.sim.realtime.chip import Chip

WIRE = re.compile(r"(gpio|adc|isu)(\d{1,3})(?::(0x[0-7]?[0-9a-f]|cs[01]|i2c|gpio\d{1,3}))?(?:@([^=@]+))?=(.+)")
VALUE = re.compile(r"(0x[0-9a-f]{1,2})=(0x[0-9a-f]{1,2})")
LEVELS = {"0": 0, "1": 1, "z": None}
RESISTORS = {"up": 1, "down": 0}
ISUS, INPUTS, MOST_VOLTS = 6, 8, 5
KINDS: dict[str, Callable[[], object]] = {
    "lsm6ds3": Accelerometer, "lsm6dso": Lsm6dso, "eeprom": Eeprom, "ssd1306": Ssd1306, "loop": SpiLoop,
}  # fmt: skip
ON_I2C, ON_SPI = ("lsm6ds3", "lsm6dso", "eeprom", "ssd1306", "registers"), ("lsm6ds3", "lsm6dso", "loop", "sdcard", "sdhc")
CARDS = {"sdcard": False, "sdhc": True}  # whether addresses are those of blocks, however small the card is


class Wire(NamedTuple):
    """`fit` does it, at `time` (ticks). What `answers` is input whenever it hears of output; a record has it as such."""

    time: int
    fit: Callable[[Chip], object]
    answers: bool = False


def parse(words: Sequence[str], time_of: Callable[[str], int | None]) -> list[Wire]:
    """The wires, and the resistors that boards have at their buttons. Raises click.BadParameter, which quotes the word."""
    return [*(_resistor(pin, 1) for pin in BUTTONS.values()), *(_parse(word, time_of) for word in words)]


def _parse(word: str, time_of: Callable[[str], int | None]) -> Wire:
    if word.startswith("vref="):
        return _reference(word, word[5:])
    found = WIRE.fullmatch(word)
    if found is None:
        raise _bad(word, "is not like gpio12=0, gpio12@1s=up, adc0=1.2, isu0=loop or isu2:0x6a=lsm6ds3")
    kind, number, place, when, what = found[1], int(found[2]), found[3], found[4], found[5]
    time = time_of(when or "0s")
    if time is None:
        raise _bad(word, f"{when} is no time: a number and s, ms or us")
    if kind == "isu":
        if when is not None or number >= ISUS:
            raise _bad(word, f"there are isu0 to isu{ISUS - 1}, and what hangs on them is there from the start")
        if place == "i2c":
            return _join(number, word, what)
        return _loop(number, word, what) if place is None else _part(number, word, place, what)
    if place is not None:
        raise _bad(word, "only an ISU has places")
    if number not in (PINS if kind == "gpio" else range(INPUTS)):
        raise _bad(word, f"there are gpio0 to gpio{PINS[-1]} and adc0 to adc{INPUTS - 1}")
    return _pin(number, word, time, what) if kind == "gpio" else _voltage(number, word, time, what)


def _pin(pin: int, word: str, time: int, what: str) -> Wire:
    if what in RESISTORS:
        return _resistor(pin, RESISTORS[what], time)
    if what not in LEVELS:
        raise _bad(word, "a pin is 0, 1 or z, or has a resistor up or down")
    return Wire(time, lambda chip: chip.pins.drive(pin, LEVELS[what]))


def _resistor(pin: int, level: int, time: int = 0) -> Wire:
    return Wire(time, lambda chip: chip.pins.pull(pin, level))


def _voltage(channel: int, word: str, time: int, what: str) -> Wire:
    microvolts = _microvolts(word, what)
    return Wire(time, lambda chip: chip.shared.inputs.set(channel, microvolts))


def _reference(word: str, what: str) -> Wire:
    microvolts = _microvolts(word, what)
    return Wire(0, lambda chip: setattr(chip.shared.adc, "reference", microvolts))


def _microvolts(word: str, what: str) -> int:
    if not re.fullmatch(r"\d{1,2}(\.\d{1,6})?", what) or float(what) > MOST_VOLTS:
        raise _bad(word, f"a voltage is a number from 0 to {MOST_VOLTS}")
    return round(float(what) * 1_000_000)


def _loop(number: int, word: str, what: str) -> Wire:
    if what != "loop":
        raise _bad(word, "a part needs a place: isu2:0x6a, isu2:cs0 or isu2:gpio5")

    def fit(chip: Chip) -> None:
        uart = chip.shared.isus[number].uart
        before = uart.sent

        def sent(byte: int) -> None:
            if before is not None:
                before(byte)
            uart.receive(bytes([byte]))

        uart.sent = sent

    return Wire(0, fit, True)


def _join(number: int, word: str, what: str) -> Wire:
    others = [each for each in range(ISUS) if each != number]
    if what not in (f"isu{each}" for each in others):
        raise _bad(word, "the I2C lines of an ISU are led to another one's: " + ", ".join(f"isu{each}" for each in others))
    return Wire(0, lambda chip: chip.shared.isus[number].join_i2c(chip.shared.isus[int(what[3:])]))


def _part(number: int, word: str, place: str, what: str) -> Wire:
    if place.startswith("gpio") and int(place[4:]) not in PINS:
        raise _bad(word, f"there are gpio0 to gpio{PINS[-1]}")
    name, *settings = what.split(",")
    fitting = ON_I2C if place.startswith("0x") else ON_SPI
    if name not in fitting:
        raise _bad(word, "what goes there is " + ", ".join(fitting))
    if settings and name not in ("registers", *CARDS):
        raise _bad(word, f"{name} has no settings")
    make: Callable[[], object]
    if name in CARDS:
        make = _card(word, CARDS[name], what.partition(",")[2])
    else:
        make = _registers(word, settings) if name == "registers" else KINDS[name]

    def fit(chip: Chip) -> None:
        isu, part = chip.shared.isus[number], make()
        if place.startswith("0x"):
            isu.i2c_bus.attach(int(place, 16), part)  # type: ignore[arg-type]
        elif place.startswith("cs"):
            isu.spi_bus.attach(int(place[2:]), part)  # type: ignore[arg-type]
        else:
            isu.spi_bus.attach_pin(chip.pins, int(place[4:]), part)  # type: ignore[arg-type]

    return Wire(0, fit)


def _card(word: str, is_high_capacity: bool, file: str) -> Callable[[], object]:
    try:
        medium = File(Path(file)) if file else Memory()
        card = SdCard(medium, is_high_capacity)
    except Invalid as problem:
        raise _bad(word, problem.reason) from None
    return lambda: card


def _registers(word: str, settings: Sequence[str]) -> Callable[[], object]:
    values = [VALUE.fullmatch(setting) for setting in settings]
    if not all(values):
        raise _bad(word, "the settings of registers are like 0xff=0x43")
    pairs = {int(value[1], 16): int(value[2], 16) for value in values if value}
    return lambda: Registers(pairs)


def fit(wires: Sequence[Wire], chip: Chip) -> None:
    """Fit what the chip begins with; what has been started begins anew. Raises click.BadParameter for two parts at one place."""
    for wire in wires:
        if wire.time == 0 and not wire.answers:
            try:
                wire.fit(chip)
            except Invalid as problem:
                raise click.BadParameter(problem.reason, param_hint="--wire") from None
    for core in chip.cores:
        if core.is_started:  # a resistor that is fitted is no edge
            core.start(core.entry)


def arrange(wires: Sequence[Wire], chip: Chip) -> None:
    """Arrange for the rest, which a replay brings itself."""
    for wire in wires:
        if wire.answers:
            wire.fit(chip)
        elif wire.time:
            chip.scheduler.at(wire.time, lambda wire=wire: wire.fit(chip), "a wire is changed", is_outside=True)  # type: ignore[misc]


def _bad(word: str, why: str) -> click.BadParameter:
    return click.BadParameter(f"{word!r}: {why}", param_hint="--wire")
