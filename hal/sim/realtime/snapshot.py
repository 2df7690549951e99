"""The state of the whole chip: saved between runs, and restored into a chip that goes on the same to the tick.

Saved are cores with their memory, every block, what is arranged and in which order, pins, what went over buses and
UARTs, and the parts on the buses (those of `hal.sim.parts`, or any with `save`, `check` and `restore`). What hangs on
the chip from outside as code (observers, functions of time, what is arranged `is_outside`) is the owner's to hang on
again. A chip that has refused a state in `restore` may hold part of it: throw it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....wire.fault import Invalid
from ..state import (
    TIME,
    WORD,
    BadState,
    flag,
    items,
    octets,
    record,
    row,
    table,
    text,
    whole,
)
from . import savefile, world
from .time import SECOND

if TYPE_CHECKING:
    from ..state import Kind
    from .chip import Chip, Core
    from .registers import Block
    from .savefile import Record

PAGE = 1024
MOST_MEMORY = 4 << 20  # bytes in one piece
MOST_BEHIND = SECOND  # of a core that runs, behind the chip
FLASH = 0x1000_0000
MOST_NOTE = 64
MOST_WAITING = 4096
PAGES = row(whole(MOST_MEMORY), items(row(whole(MOST_MEMORY // PAGE), octets(PAGE)), MOST_MEMORY // PAGE))
CHIP = record({
    "note": octets(MOST_NOTE), "cores": whole(2, 1), "time": TIME, "waiting": items(row(TIME, text(80)), MOST_WAITING),
    "log": items(text(4096), 256), "keys": items(text(4096), 256),
})  # fmt: skip
CORE = record({
    "entry": WORD, "is_started": flag, "is_reset_wanted": flag, "resets": WORD, "state": octets(1 << 16), "loop": PAGES,
    "memory": table(WORD, PAGES, 16), "console": octets(2 << 20),
})  # fmt: skip


# --- saving ---


def save(chip: Chip, note: bytes = b"") -> bytes:
    """The file of the chip's state, with a `note` of at most 64 bytes. Raises ValueError for what cannot be saved: a
    part that keeps no state, something arranged by others, or a chip that is running."""
    return savefile.pack(records(chip, note))


def records(chip: Chip, note: bytes = b"") -> dict[str, object]:
    """As `save`, but the values by name."""
    if chip.scheduler.is_lent:
        raise ValueError("the chip cannot be saved while it runs")
    blocks = blocks_of(chip)
    head = CHIP({
        "note": note, "cores": len(chip.cores), "time": chip.scheduler.now, "waiting": _waiting(chip, blocks),
        "log": chip.log.lines, "keys": chip.log.keys,
    })  # fmt: skip
    cores = {f"IO{core.number}": save_core(core) for core in chip.cores}
    return {"chip": head, **cores, **{name: block.save() for name, block in blocks.items()}, **world.save(chip)}


def note_of(data: bytes) -> bytes:
    """The note that a file was saved with. Raises BadState."""
    found = savefile.unpack(data)
    if "chip" not in found:
        raise BadState("there is no record 'chip'", savefile.HEAD)
    note: bytes = _checked(CHIP, "chip", found["chip"])["note"]
    return note


def blocks_of(chip: Chip) -> dict[str, Block]:
    """Every block by its name, the main core's sides of mailboxes too."""
    private = [block for core in chip.cores for block in [*core.blocks, core.a7]]
    return {block.name: block for block in [*private, *chip.blocks]}


def _waiting(chip: Chip, blocks: dict[str, Block]) -> list[tuple[int, str]]:
    """(time, name) of what is arranged, in order. Raises ValueError for what is no block's."""
    found = [(event.time, event.name) for event in chip.scheduler.waiting() if not event.is_outside]
    strange = next((name for _, name in found if not any(name.startswith(block + " ") for block in blocks)), None)
    if strange is not None:
        raise ValueError(f"the chip cannot be saved now: {strange!r} is arranged, and not by one of its blocks")
    return found


def save_core(core: Core) -> dict[str, object]:
    """The state of a core with its memory."""
    state, loop = core.machine.save_state()
    return {
        "entry": core.entry, "is_started": core.is_started, "is_reset_wanted": core.is_reset_wanted, "resets": core.resets,
        "state": state,
        "loop": _pages(loop), "memory": {address: _pages(bytes(place)) for address, place in core.machine.memories},
        "console": bytes(core.console.heard),
    }  # fmt: skip


def _pages(data: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    """(size, [(number, contents)]) of the pages that are not all zero."""
    found = ((at // PAGE, data[at : at + PAGE]) for at in range(0, len(data), PAGE))
    return len(data), [(number, page) for number, page in found if any(page)]


# --- restoring ---


def restore(chip: Chip, data: bytes) -> None:
    """Go on from the file `data`. Raises BadState, with the offset, if it is none for this chip and its parts."""
    found = savefile.unpack(data)
    blocks = blocks_of(chip)
    kinds: dict[str, Kind] = {"chip": CHIP, **{f"IO{core.number}": CORE for core in chip.cores}}
    kinds.update({name: block.check for name, block in blocks.items()})
    kinds.update(world.kinds(chip))
    _check_names(found, list(kinds))
    checked = {name: _checked(kind, name, found[name]) for name, kind in kinds.items()}
    for core in chip.cores:
        _at(f"IO{core.number}", found, lambda core=core: _check_core(core, checked[f"IO{core.number}"], checked["chip"]["time"]))
    _apply(chip, blocks, checked, found)


def _check_names(found: dict[str, Record], wanted: list[str]) -> None:
    """Each record once, in order. Raises BadState."""
    strange = next((name for name in found if name not in wanted), None)
    if strange is not None:
        raise BadState(f"record {strange!r}: this chip has no such thing; the same parts must hang on its buses", found[strange].offset)
    missing = next((name for name in wanted if name not in found), None)
    if missing is not None:
        raise BadState(f"no record {missing!r}, which this chip has; the same parts must hang on its buses", savefile.HEAD)
    wrong = next((name for name, other in zip(found, wanted, strict=True) if name != other), None)
    if wrong is not None:
        raise BadState(f"record {wrong!r} out of order", found[wrong].offset)


def _checked(kind: Kind, name: str, entry: Record) -> Any:
    try:
        return kind(entry.value)
    except BadState as bad:
        raise BadState(f"record {name!r}{'' if bad.reason[:1] in '[.' else ': '}{bad.reason}", entry.offset) from None


def _at(name: str, found: dict[str, Record], call: Any) -> None:
    """Call: a refusal is of the record `name`."""
    try:
        call()
    except (ValueError, Invalid) as bad:
        reason = bad.reason if isinstance(bad, BadState | Invalid) else str(bad)
        raise BadState(f"record {name!r}: {reason}", found[name].offset) from None


def _check_core(core: Core, state: dict[str, Any], time: int) -> None:
    """Raise BadState if the core could not go on from `state`."""
    problem = core.machine.check_state(state["state"])
    if problem is not None:
        raise BadState(f"{problem[0]}, at byte {problem[1]} of its state")
    for address, (size, pages) in [*state["memory"].items(), (0, state["loop"])]:
        numbers = [number for number, _ in pages]
        if size % PAGE or numbers != sorted(set(numbers)) or any(len(page) != PAGE or number * PAGE >= size for number, page in pages):
            raise BadState(f"memory at {address:#010x}: pages that are not of {PAGE} bytes, in order, inside of {size}")
    sizes = {address: len(place) for address, place in core.machine.memories}
    given = {address: size for address, (size, _) in state["memory"].items()}
    if {**sizes, FLASH: given.get(FLASH, 0)} != {**given, FLASH: given.get(FLASH, 0)}:
        raise BadState("the state is of a core with other memory")


def _apply(chip: Chip, blocks: dict[str, Block], checked: dict[str, Any], found: dict[str, Record]) -> None:
    for block in blocks.values():
        block.reset()
    chip.scheduler.begin(checked["chip"]["time"])
    with chip.pins.quiet():
        for name, block in blocks.items():
            block.restore(checked[name])
        world.restore(chip, checked, lambda name, call: _at(name, found, call))
    for core in chip.cores:
        _at(f"IO{core.number}", found, lambda core=core: _restore_core(core, checked[f"IO{core.number}"]))
        if core.is_started and chip.scheduler.now - core.machine.now > MOST_BEHIND:
            raise BadState(f"record 'IO{core.number}': it is more than a second behind the chip", found[f"IO{core.number}"].offset)
    chip.log.restore(checked["chip"]["log"], checked["chip"]["keys"])
    _at("chip", found, lambda: chip.scheduler.order(checked["chip"]["waiting"]))


def _restore_core(core: Core, state: dict[str, Any]) -> None:
    machine = core.machine
    if FLASH in state["memory"] and FLASH not in dict(machine.memories):
        machine.map_rom(FLASH, bytes(state["memory"][FLASH][0]))
    for address, place in machine.memories:
        place[:] = _unpaged(*state["memory"].get(address, (len(place), [])))
    machine.restore_state(state["state"], _unpaged(*state["loop"]))
    core.entry, core.is_started, core.is_reset_wanted = state["entry"], state["is_started"], state["is_reset_wanted"]
    core.resets = state["resets"]
    core.console.heard[:] = state["console"]


def _unpaged(size: int, pages: list[tuple[int, bytes]]) -> bytes:
    out = bytearray(size)
    for number, page in pages:
        out[number * PAGE : number * PAGE + PAGE] = page
    return bytes(out)
