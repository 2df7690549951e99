"""What hangs on the chip for `armillary rt run`, in the words of `hal.sim.wiring`, some of it only after a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from armillary.boards.mt3620.facts import BUTTONS
from armillary.hal.sim import wiring
from armillary.hal.sim.places import Bench
from armillary.hal.sim.realtime.shared import PINS
from armillary.wire.fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from armillary.hal.sim.realtime.chip import Chip


class Wire(NamedTuple):
    """`fit` does it, at `time` (ticks). What `answers` is input whenever it hears of output; a record has it as such."""

    time: int
    fit: Callable[[Chip], object]
    answers: bool = False


def parse(words: Sequence[str], time_of: Callable[[str], int | None]) -> list[Wire]:
    """The wires, and the resistors that boards have at their buttons. Raises click.BadParameter, which quotes the word."""
    buttons = [Wire(0, lambda chip, pin=pin: chip.pins.pull(pin, 1)) for pin in BUTTONS.values()]  # type: ignore[misc]
    return [*buttons, *(_parse(word, time_of) for word in words)]


def _parse(word: str, time_of: Callable[[str], int | None]) -> Wire:
    try:
        wire = wiring.parse(word, PINS)
    except Invalid as problem:
        raise _bad(word, problem.reason) from None
    time = time_of(wire.when or "0s")
    if time is None:
        raise _bad(word, f"{wire.when} is no time: a number and s, ms or us")
    if wire.kind == wiring.LOOP:
        return _loop(wire.number)
    if wire.kind == wiring.REFERENCE:
        return Wire(0, lambda chip: setattr(chip.shared.adc, "reference", wire.microvolts))
    if wire.kind == wiring.JOIN:
        return Wire(0, lambda chip: chip.shared.isus[wire.number].join_i2c(chip.shared.isus[int(wire.what[3:])]))
    return Wire(time, lambda chip: wire.fit(bench(chip)))


def bench(chip: Chip) -> Bench:
    """What of `chip` wires are fitted to."""
    isus = chip.shared.isus
    return Bench([isu.i2c_bus for isu in isus], [isu.spi_bus for isu in isus], chip.shared.inputs, chip.pins)


def _loop(number: int) -> Wire:
    def fit(chip: Chip) -> None:
        uart = chip.shared.isus[number].uart
        before = uart.sent

        def sent(byte: int) -> None:
            if before is not None:
                before(byte)
            uart.receive(bytes([byte]))

        uart.sent = sent

    return Wire(0, fit, True)


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
    """Arrange for the rest, which a replay brings itself; what was before a state that was restored is in it."""
    for wire in wires:
        if wire.answers:
            wire.fit(chip)
        elif wire.time > chip.scheduler.now:
            chip.scheduler.at(wire.time, lambda wire=wire: wire.fit(chip), "a wire is changed", is_outside=True)  # type: ignore[misc]


def _bad(word: str, why: str) -> click.BadParameter:
    return click.BadParameter(f"{word!r}: {why}", param_hint="--wire")
