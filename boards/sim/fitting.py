"""What is wired to a board by words (see `hal.sim.wiring`), and can be taken off again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.hal.sim import wiring
from armillary.wire.fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.hal.sim.places import Bench
    from armillary.hal.sim.uart import Uart
    from armillary.hal.sim.wiring import Wire

MOST_WIRES = 256
ALONE = {
    wiring.REFERENCE: "the main core and the real-time cores measure against 2.5 V: only 'armillary rt run' takes another reference",
    wiring.JOIN: "the engines of the real-time cores are in another process: only 'armillary rt run' leads their lines together",
}


class Fittings:
    """The wires of one board, by what they are an end of."""

    def __init__(self, bench: Bench, lines: Sequence[Uart]) -> None:
        self._bench, self._lines = bench, lines
        self._fitted: dict[tuple[str, bool], tuple[str, Wire, Any]] = {}  # (end, is it a resistor): word, wire, part

    def words(self) -> list[str]:
        """All of them, in the order of their ends."""
        return [self._fitted[key][0] for key in sorted(self._fitted)]

    def wire(self, word: str) -> str:
        """Fit one; its end. A level, resistor or voltage replaces the one before. Raises Invalid, also if a place is taken."""
        wire = wiring.parse(str(word), self._bench.pins.pins())
        if wire.kind in ALONE:
            raise Invalid(ALONE[wire.kind])
        if wire.when:
            raise Invalid("what is wired to a device is there at once: leave out @" + wire.when)
        key = wire.end, wire.what in wiring.RESISTORS
        if len(self._fitted) >= MOST_WIRES and key not in self._fitted:
            raise Invalid(f"{MOST_WIRES} wires are the most")
        if wire.kind == wiring.LOOP:
            self._lead_back(wire.number)
        self._fitted[key] = word, wire, wire.fit(self._bench)
        return wire.end

    def unwire(self, end: str) -> None:
        """Take off what is at `end`: gpio12, adc0, isu0, isu2:0x6a. Raises Invalid if nothing is."""
        keys = [(end, is_resistor) for is_resistor in (False, True) if (end, is_resistor) in self._fitted]
        if not keys:
            raise Invalid(f"nothing was wired to {str(end)[:32]}; there is: " + (", ".join(end for end, _ in sorted(self._fitted)) or "nothing"))
        for key in keys:
            _, wire, part = self._fitted.pop(key)
            self._take_off(wire, part)

    def _take_off(self, wire: Wire, part: Any) -> None:
        bench = self._bench
        if wire.kind == wiring.PIN and wire.what in wiring.RESISTORS:
            bench.pins.bare(wire.number)
        elif wire.kind == wiring.PIN:
            bench.pins.drive(wire.number, None)
        elif wire.kind == wiring.VOLTAGE:
            bench.analog.set(wire.number, 0)
        elif wire.kind == wiring.LOOP:
            self._lines[wire.number].sink = None
        elif wire.place is not None:
            wire.place.detach(bench, part)

    def _lead_back(self, unit: int) -> None:
        line = self._lines[unit]
        if line.sink is not None:
            raise Invalid(f"isu{unit} is led somewhere already")
        line.sink = lambda data: _discard(line.inject(data))


def _discard(_taken: int) -> None:
    """What a buffer does not take is lost, as on a wire."""
