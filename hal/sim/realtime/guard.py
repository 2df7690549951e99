"""The bus firewall before the shared peripherals: each access of a real-time core is judged here, by the table of `walls`.

What is refused is a BusFault of the program, precise and with its address, and is remembered once for each register.
A register that has bits of several pins is divided among their owners:

* reading gives the bits of the core's own pins, and 0 for the others;
* writing to a whole register changes the core's own bits and leaves the others as they are: drivers read, change and write
  back, and what they write for a foreign pin is what they once read;
* writing to a SET or RESET register a bit of a foreign pin asks for just that pin, and is refused;
* what belongs to no pin (bit 31 of the pulls, GLOBAL_CTRL) is for who shares the register with no other master. Bit 31 may
  always be set, as that alone does nothing to a pin;
* in a register with no pin of its own a core may do nothing; but writing 0x80000000 to the pulls, which MediaTek's drivers do
  to every group when they start, is dropped, and noted, without a fault: it asks for no pin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from ....wire.fault import Denied
from ...cortexm.machine import BusError
from ..firewall import OWNERS, REAL_TIME_CORES, SHARED_RAM
from . import walls
from .channel import FIXADDR, Port
from .gpio import SOFTWARE_PULLS
from .walls import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..firewall import Firewall
    from .chip import Core
    from .gpio import Gpio
    from .windows import Windows

    class Page(Protocol):
        """Shared peripherals, or memory, at `base`."""

        name: str
        base: int
        size: int

        def read(self, offset: int, size: int) -> int: ...
        def write(self, offset: int, size: int, value: int) -> None: ...
        def name_of(self, offset: int) -> str: ...
        def quiet_until(self, offset: int) -> int | None: ...

MOST_DENIALS = 64  # registers remembered for a core
FIRST = REAL_TIME_CORES[0]
# The registers of pins: offset: bits a pin. At +4 and +8 of the first ones their SET and RESET registers.
ALIASED = {0x10: 1, 0x20: 1, 0x30: 1, 0x40: 1, 0x50: 1, 0x60: 1}
WHOLE = {**ALIASED, 0x70: 2, 0x80: 4, 0x90: 4, 0xA0: 1, 0xB0: 1}
SET, RESET = 4, 8
PULLS = (0x30, 0x40)


class Denial:
    """A register that a core may not use in this way, and how often it tried."""

    def __init__(self, address: int, is_write: bool, pc: int, register: str, policy: str) -> None:
        self.address = address
        self.is_write = is_write
        self.pc = pc  # of the first time
        self.register = register
        self.policy = policy
        self.count = 0

    def values(self) -> tuple[int, int, int, int, str, str]:
        """As the bus tells it."""
        return self.address, int(self.is_write), self.pc, min(self.count, 0xFFFFFFFF), self.register[:64], self.policy[:256]


class Bits(NamedTuple):
    """How a register is divided: the bits of the core's pins, of others' pins; whether no other master has any of them."""

    own: int
    foreign: int
    is_alone: bool


class Guard:
    """Judges for all cores. `denied(core, fault)` is told of each denial once; cores are 0 and 1 here."""

    def __init__(self, firewall: Firewall, denied: Callable[[int, Denied], None]) -> None:
        self.firewall = firewall
        self._denied = denied
        self._pc: dict[int, Callable[[], int]] = {}
        self._denials: dict[int, dict[tuple[int, bool], Denial]] = {0: {}, 1: {}}

    def watch(self, core: Core) -> None:
        """Stand before the DMA channels of `core` too, and know where its program is."""
        self._pc[core.number] = lambda: core.machine.get("pc") & ~1
        for channel in core.dma.channels:
            if channel.port is not None:
                channel.port = self._port(core, channel.number, channel.port)

    def before(self, core: Core, page: Page) -> None:
        """Put `page` on the bus of `core`, with the firewall before it."""
        core.machine.map_device(page.base, page.size, Guarded(self, core.number, page), page.name)

    def denials(self, core: int) -> list[Denial]:
        """What was refused, in the order of its first time."""
        return list(self._denials[core].values())

    def forget(self, core: int) -> None:
        """Another program begins."""
        self._denials[core] = {}

    # --- who reaches what ---

    def reaches(self, core: int, row: Row, address: int = 0, size: int = 0) -> bool:
        """Whether `core` gets past a row at all: of BITS, whether it owns any of its pins."""
        number, wall = FIRST + core, self.firewall
        if any(wall.has_block(number, block) for block in row.blocks) or row.takes == walls.ANY:
            return True
        if row.takes == walls.SHARE:
            return any(start <= address and address + size <= start + length for start, length in wall.shares(number))
        owned = [wall.owns(number, pin) for pin in row.pins]
        return bool(owned) and (all(owned) if row.takes == walls.ALL else any(owned))

    def hears(self, core: int, irq: int) -> bool:
        """Whether an interrupt of a shared block reaches `core`."""
        takes = walls.interrupt(irq)
        if takes is None:
            return True
        kind, number = takes
        if kind == "block":
            return self.firewall.has_block(FIRST + core, number)
        if kind == "pin":
            return self.firewall.owns(FIRST + core, number)
        return all(self.firewall.owns(FIRST + core, 4 * number + pin) for pin in range(3))

    def _port(self, core: Core, channel: int, port: Port) -> Port:
        """A peripheral as the DMA of `core` has it: nothing to take and no room, unless the core was granted its block."""

        def ready() -> int:
            place = core.dma.channels[channel].get(FIXADDR)
            block = walls.channel(channel, place & 0xF00)
            if block is None or self.firewall.has_block(FIRST + core.number, block):
                return port.ready()
            row = Row(place, 4, f"DMA.CH{channel}", walls.BLOCK, blocks=(block,))
            self.note(core.number, row, place, False, f"DMA.CH{channel}")
            return 0

        return Port(ready, port.put, port.get)

    # --- refusing ---

    def note(self, core: int, row: Row | None, address: int, is_write: bool, register: str) -> None:
        """Remember a refusal; tell of it, if it is the first of its kind."""
        known = self._denials[core]
        key = address & ~3, is_write
        if key not in known:
            if len(known) >= MOST_DENIALS:
                return
            known[key] = Denial(address & ~3, is_write, self._pc[core](), register, row.policy() if row else walls.NOTHING)
            self._denied(core, self._fault(core, known[key]))
        known[key].count += 1

    def _fault(self, core: int, denial: Denial) -> Denied:
        way = "write" if denial.is_write else "read"
        what = f"{OWNERS[2 + core]} may not {way} {denial.register} ({denial.address:#010x}), at {denial.pc:#010x}"
        return Denied(what, "hal", "firewall.real_time", denial.policy, "name it in the app's manifest, if no other app has it")


class Guarded:
    """A page of shared peripherals as one core has it. Satisfies `hal.cortexm.machine.Device`."""

    def __init__(self, guard: Guard, core: int, page: Page) -> None:
        self._guard, self._core, self._page = guard, core, page
        self._rows = walls.within(page.base, page.size)
        self.name_of, self.quiet_until = page.name_of, page.quiet_until

    def read(self, offset: int, size: int) -> int:
        """Read, if the core may; of a divided register its own bits. Raises BusError."""
        row = self._row(offset)
        if row is None or not self._reaches(row, offset, size):
            raise self._refusal(row, offset, False)
        value = self._page.read(offset, size)
        bits = self._bits(row, offset & ~3)
        return value if bits is None else value & ~(bits.foreign >> 8 * (offset & 3))

    def write(self, offset: int, size: int, value: int) -> None:
        """Write, if the core may; to a divided register its own bits. Raises BusError."""
        row = self._row(offset)
        if row is None or not self._reaches(row, offset, size):
            refusal = self._refusal(row, offset, True)
            if size == 4 and value == SOFTWARE_PULLS and row is not None and self._is_pulls(row, offset):
                return
            raise refusal
        bits = self._bits(row, offset & ~3)
        if bits is None or (not bits.own and bits.is_alone):
            self._page.write(offset, size, value)
        elif not bits.own:  # it belongs to no pin
            raise self._refusal(row, offset, True)
        elif self._is_alias(row, offset):
            self._write_alias(row, bits, offset, value)
        else:
            self._write_whole(bits, offset, size, value)

    def _row(self, offset: int) -> Row | None:
        address = self._page.base + offset
        return next((row for row in self._rows if row.start <= address < row.start + row.size), None)

    def _reaches(self, row: Row, offset: int, size: int) -> bool:
        return self._guard.reaches(self._core, row, self._page.base + offset, size)

    def _refusal(self, row: Row | None, offset: int, is_write: bool) -> BusError:
        """What is to be raised, noted."""
        self._guard.note(self._core, row, self._page.base + offset, is_write, self._page.name_of(offset))
        return BusError()

    def _inside(self, row: Row, offset: int) -> int:
        """The offset of the register there in its block of pins."""
        return self._page.base + (offset & ~3) - row.start

    def _is_pulls(self, row: Row, offset: int) -> bool:
        return row.takes == walls.BITS and self._inside(row, offset) in PULLS

    def _is_alias(self, row: Row, offset: int) -> bool:
        """Is it a SET or RESET register?"""
        inside = self._inside(row, offset)
        return row.size > 4 and inside & 0xF in (SET, RESET) and inside & ~0xF in ALIASED

    def _bits(self, row: Row, word: int) -> Bits | None:
        """How the register at `word` is divided; None if the row is not of bits, or the core has all of it."""
        if row.takes != walls.BITS:
            return None
        wall, core = self._guard.firewall, FIRST + self._core
        if any(wall.has_block(core, block) for block in row.blocks):
            return None
        width, own, foreign = self._width(row, word), 0, 0
        for number, pin in enumerate(row.pins):
            mask = ((1 << width) - 1) << width * number
            if wall.owns(core, pin):
                own |= mask
            else:
                foreign |= mask
        return Bits(own, foreign, all(wall.is_free(core, pin) for pin in row.pins))

    def _width(self, row: Row, word: int) -> int:
        """Bits of a pin in a register; 0 where a register is not divided by pins."""
        if row.size == 4:
            return 4  # of the pin multiplexer
        inside = self._inside(row, word)
        if inside == self._block(row.start - self._page.base)[0].DIN:
            return 1
        return WHOLE.get(inside, ALIASED.get(inside & ~0xF, 0) if self._is_alias(row, word) else 0)

    def _block(self, place: int) -> tuple[Gpio, int]:
        """The block of pins at `place` of the page, and the offset inside it: rows of BITS stand before such alone."""
        windows = cast("Windows", self._page)
        block, inside = windows.find(place)
        return cast("Gpio", block), inside

    def _write_alias(self, row: Row, bits: Bits, offset: int, value: int) -> None:
        """A SET or RESET register: each bit asks for its pin. Raises BusError."""
        given = value << 8 * (offset & 3)
        if given & bits.foreign:
            raise self._refusal(row, offset, True)
        if not bits.is_alone and self._inside(row, offset) & 0xF == RESET:
            given &= bits.own
        self._page.write(offset & ~3, 4, given)

    def _write_whole(self, bits: Bits, offset: int, size: int, value: int) -> None:
        """A whole register: the core's own bits change, and those of no pin as far as that is nobody else's matter."""
        word, shift = offset & ~3, 8 * (offset & 3)
        block, at = self._block(word)
        old, given = block.words.get(at, 0), value << shift
        touched = ((1 << 8 * size) - 1) << shift
        common = 0xFFFFFFFF & ~(bits.own | bits.foreign) & touched
        changed = bits.own & touched | (common if bits.is_alone else given & common)
        self._page.write(word, 4, old & ~changed | given & changed)


class SharedRam:
    """The main core's SYSRAM, as a page: a real-time core reaches the parts of it that were opened to it."""

    name, base = "A7 SYSRAM", SHARED_RAM

    def __init__(self, memory: bytearray | memoryview, next_event: Callable[[], int]) -> None:
        self._memory, self._next_event = memory, next_event
        self.size = len(memory)

    def read(self, offset: int, size: int) -> int:
        """Little-endian."""
        return int.from_bytes(self._memory[offset : offset + size], "little")

    def write(self, offset: int, size: int, value: int) -> None:
        """Little-endian."""
        self._memory[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def name_of(self, offset: int) -> str:
        """The place in words."""
        return f"{self.name}+{offset:#x}"

    def quiet_until(self, offset: int) -> int | None:
        """Somebody else writes it at the next thing arranged, or between runs."""
        return self._next_event()


class Forbidden:
    """A place that the firewall gives to nobody here, as a page: every access is refused before it comes to this."""

    def __init__(self, name: str, base: int, size: int) -> None:
        self.name, self.base, self.size = name, base, size

    def read(self, offset: int, size: int) -> int:
        """Nothing is here."""
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """Nothing is here."""

    def name_of(self, offset: int) -> str:
        """The place in words."""
        return f"{self.name}+{offset:#x}"

    def quiet_until(self, offset: int) -> int | None:
        """Not known."""
        return None
