"""What hangs on the chip, as far as its state is plain values: pins, buses with their parts, voltages, sound, UARTs' other ends."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from ..gpio import HISTORY
from ..state import BadState, flag, items, octets, optional, record, row, table, text, whole
from .i2c import Slave
from .i2s import MOST as MOST_FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..state import Kind
    from .chip import Chip

LEVEL = whole(1, -1)
PINS = record({
    "pins": table(whole(0xFFFF), row(whole(3), whole(1), LEVEL, LEVEL, LEVEL, whole(1)), 1024),
    "history": items(row(whole((1 << 63) - 1), whole(0xFFFF), whole(1)), HISTORY), "contention": items(whole(0xFFFF), 1024),
})  # fmt: skip
ISU = record({
    "log": items(text(2048), 256), "active": optional(whole(0x7F)), "selected": items(row(flag, whole(0xFFFF)), 64), "console": octets(2 << 20),
})  # fmt: skip
INPUTS = items(optional(whole(1 << 40, -(1 << 40))), 16)
SOUND = octets(4 * MOST_FRAMES)


def save(chip: Chip) -> dict[str, object]:
    """The records of all that. Raises ValueError for a part that keeps no state."""
    found: dict[str, object] = {"pins": chip.pins.save(), "inputs": chip.shared.inputs.save()}
    for number, isu in enumerate(chip.shared.isus):
        found[f"ISU{number}"] = {**isu.i2c_bus.save(), **isu.spi_bus.save(), "console": bytes(isu.console.heard)}
    for number, sound in enumerate(chip.shared.sounds):
        found[f"sound{number}"] = struct.pack(f"<{len(sound.heard)}I", *sound.heard)
    for name, part in parts(chip):
        if not all(hasattr(part, method) for method in ("save", "check", "restore")):
            raise ValueError(f"{name} ({type(part).__name__}) keeps no state: it needs save(), check() and restore(), as the parts of hal.sim.parts")
        found[name] = [type(part).__name__, part.save()]
    return found


def parts(chip: Chip) -> Iterator[tuple[str, Any]]:
    """(name, part) of whatever hangs on the buses and is not the chip's own."""
    seen: list[object] = []  # an I2C bus may be that of two ISUs
    for number, isu in enumerate(chip.shared.isus):
        on_i2c = [] if isu.i2c_bus in seen else isu.i2c_bus.parts()
        seen.append(isu.i2c_bus)
        for place, part in [*on_i2c, *isu.spi_bus.parts()]:
            if not isinstance(part, Slave):
                yield f"part ISU{number} {place}", part


def kinds(chip: Chip) -> dict[str, Kind]:
    """What may be in each of those records."""
    found: dict[str, Kind] = {"pins": PINS, "inputs": INPUTS}
    found.update({f"ISU{number}": ISU for number in range(len(chip.shared.isus))})
    found.update({f"sound{number}": SOUND for number in range(len(chip.shared.sounds))})
    found.update({name: _part_kind(part) for name, part in parts(chip)})
    return found


def _part_kind(part: Any) -> Kind:
    def kind(value: object) -> Any:
        name, state = row(text(80), lambda state: state)(value)
        if name != type(part).__name__ or not hasattr(part, "check"):
            raise BadState(f": it is of a part {name!r}, and here is {type(part).__name__!r}")
        return part.check(state)

    return kind


def restore(chip: Chip, checked: dict[str, Any], at: Callable[[str, Callable[[], None]], None]) -> None:
    """Go on from those records. `at(name, call)` calls, on behalf of a record."""
    for name, part in parts(chip):
        part.restore(checked[name])
    for number, isu in enumerate(chip.shared.isus):
        name = f"ISU{number}"
        state = checked[name]
        at(name, lambda isu=isu, state=state: _restore_isu(isu, state))  # type: ignore[misc]
    for number, sound in enumerate(chip.shared.sounds):
        data = checked[f"sound{number}"]
        sound.heard.clear()
        sound.heard.extend(struct.unpack(f"<{len(data) // 4}I", data[: len(data) & ~3]))
    at("inputs", lambda: chip.shared.inputs.restore(checked["inputs"]))
    at("pins", lambda: chip.pins.restore(checked["pins"]))


def _restore_isu(isu: Any, state: dict[str, Any]) -> None:
    isu.i2c_bus.restore(state)
    isu.spi_bus.restore(state)
    isu.console.heard[:] = state["console"]
