"""Parts that a run hangs on the chip, and what they show or sound like at its end."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from armillary.hal.sim.displays import Ssd1306, Ssd1331
from armillary.hal.sim.ili9341 import Ili9341
from armillary.hal.sim.picture import png, wav
from armillary.hal.sim.realtime.i2s import RATES
from armillary.hal.sim.realtime.shared import PINS

from .base import Problem
from .files import write_file
from .output import warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from armillary.hal.sim.realtime.chip import Chip

DISPLAY = re.compile(r"(ssd1306|ssd1331|ili9341)@isu([0-5])(?::0x([0-9a-f]{2})|:dc(\d{1,2})(?:,(?:cs([01])|gpio(\d{1,2})))?)=(.+)")
SHAPES = "ssd1306@isu2:0x3c=OUT.png for I2C, or ssd1306@isu1:dc5=OUT.png for SPI with its D/C at GPIO5, selected by CSA (,cs1 by CSB, ,gpio7 by a pin)"
ON_SPI: dict[str, type[Ssd1306 | Ssd1331 | Ili9341]] = {"ssd1331": Ssd1331, "ili9341": Ili9341}
SOUND = re.compile(r"(?:i2s([01])=)?(.+)")


class Wanted(NamedTuple):
    """A display: what, on which ISU; its I2C address, or the pin of its D/C and what selects it."""

    kind: str
    isu: int
    address: int | None
    data_pin: int
    line: int
    select_pin: int | None
    file: Path


def parse_display(word: str) -> Wanted:
    """One `--display`. Raises click.BadParameter."""
    found = DISPLAY.fullmatch(word)
    pins = [int(pin) for pin in (found[4], found[6]) if pin] if found is not None else []
    if found is None or any(pin not in PINS for pin in pins):
        raise click.BadParameter(f"{word!r} is not {SHAPES}", param_hint="--display")
    if found[1] in ON_SPI and found[3]:
        raise click.BadParameter(f"{found[1]} has no I2C: {SHAPES}", param_hint="--display")
    return Wanted(found[1], int(found[2]), int(found[3], 16) if found[3] else None, int(found[4] or 0), int(found[5] or 0),
                  int(found[6]) if found[6] else None, Path(found[7]))  # fmt: skip


def parse_sound(word: str) -> tuple[int, Path]:
    """(I2S, file) of one `--sound`. Raises click.BadParameter."""
    found = SOUND.fullmatch(word)
    if found is None:
        raise click.BadParameter(f"{word!r} is not OUT.wav or i2s1=OUT.wav", param_hint="--sound")
    return int(found[1] or 0), Path(found[2])


class Parts:
    """Displays and sound of a run of `chip`: attached now, written by `written`. Files are opened at once. Raises Problem."""

    def __init__(self, chip: Chip, displays: Sequence[Wanted], sounds: Sequence[tuple[int, Path]]) -> None:
        self._chip = chip
        self._displays = [(wanted, self._attach(wanted)) for wanted in displays]
        self._sounds = sounds
        for file in [*(wanted.file for wanted in displays), *(file for _, file in sounds)]:
            _try(file)

    def _attach(self, wanted: Wanted) -> Ssd1306 | Ssd1331 | Ili9341:
        isu, pins = self._chip.shared.isus[wanted.isu], self._chip.pins
        if wanted.address is not None:
            part = Ssd1306()
            isu.i2c_bus.attach(wanted.address, part)
            return part
        display = ON_SPI.get(wanted.kind, Ssd1306)(lambda: bool(pins.read(wanted.data_pin)))
        if wanted.select_pin is not None:
            isu.spi_bus.attach_pin(pins, wanted.select_pin, display)
        else:
            isu.spi_bus.attach(wanted.line, display)
        return display

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        """Write pictures and sound when the run is over, however it ended."""
        try:
            yield
        finally:
            self._write()

    def _write(self) -> None:
        for wanted, display in self._displays:
            write_file(wanted.file, png(display.WIDTH, display.points()))
            if not display.is_on:
                warn(f"the display of {wanted.file} is off: its picture is black")
        for number, file in self._sounds:
            heard = self._chip.shared.sounds[number].heard
            code = self._chip.shared.i2s[number].words[0x04] >> 8 & 15
            write_file(file, wav(RATES.get(code, 48_000), heard))
            if not heard:
                warn(f"I2S{number} played nothing: {file} is silent")


def _try(file: Path) -> None:
    try:
        file.open("ab").close()
    except OSError as problem:
        raise Problem(f"{file} cannot be written: {problem.strerror}") from None
