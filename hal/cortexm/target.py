"""What a debugger sees of a machine: registers by its own numbers, memory with devices in it, and running.

The description is of an M-profile processor with a floating-point unit, in the features that GDB knows
("ARM Features" of its manual).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .machine import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .elf import Region
    from .machine import Device, Machine, Stop

CORE = (*(f"r{number}" for number in range(13)), "sp", "lr", "pc", "xpsr")
SYSTEM = ("msp", "psp", "primask", "basepri", "faultmask", "control")
DOUBLES = tuple(f"d{number}" for number in range(16))
REGISTERS = (*CORE, *SYSTEM, *DOUBLES, "fpscr")  # in the order of a debugger's `g`
SYSTEM_SPACE, SYSTEM_SIZE = 0xE000_0000, 0x10_0000
TYPES = {"sp": "data_ptr", "pc": "code_ptr", "msp": "data_ptr", "psp": "data_ptr"}


def width(register: str) -> int:
    """Bytes of a register."""
    return 8 if register in DOUBLES else 4


def description() -> str:
    """The target description in XML."""
    features = (
        ("org.gnu.gdb.arm.m-profile", CORE, "int"),
        ("org.gnu.gdb.arm.m-system", SYSTEM, "int"),
        ("org.gnu.gdb.arm.vfp", (*DOUBLES, "fpscr"), "ieee_double"),
    )
    body = ""
    for name, registers, kind in features:
        rows = (
            f'<reg name="{each}" bitsize="{8 * width(each)}" type="{TYPES.get(each, "int" if each == "fpscr" else kind)}"/>'
            for each in registers
        )
        body += f'<feature name="{name}">{"".join(rows)}</feature>'
    return f'<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>arm</architecture>{body}</target>'


class Target:
    """A machine that a debugger may stop and change. A chip with more around its machine extends `resume` and `step`.

    `slice_ticks` is how far it runs before the debugger may interrupt; `vectors` is where a reset begins; `name` is
    for people.
    """

    def __init__(self, machine: Machine, regions: Iterable[Region], vectors: int, slice_ticks: int = 1_000_000, name: str = "processor") -> None:
        self.machine = machine
        self.name = name
        self.regions = tuple(regions)
        self.vectors = vectors
        self.slice_ticks = slice_ticks

    def resume(self) -> Stop | None:
        """Run for a while. Returns why the program stopped, or None if it did not."""
        stop = self.machine.run(self.machine.now + self.slice_ticks)
        return None if str(stop) in ("time", "sleeping") else stop

    def step(self) -> Stop:
        """Run one instruction, or sleep until one can be run."""
        return self.machine.step(NEVER)

    def reset(self) -> None:
        """Begin again at the vector table."""
        self.machine.reset(self.vectors)

    def time(self) -> str:
        """Virtual time in words."""
        return f"{self.machine.now} ticks, {self.machine.cycles} cycles"

    def places(self) -> list[tuple[str, int, int]]:
        """(kind, address, size) of all that can be read: "ram", or "rom" where breakpoints cannot be written."""
        memory = [("rom" if region.is_rom else "ram", region.address, region.size) for region in self.regions]
        return [*memory, *(("ram", address, size) for address, size in self.machine.device_places()), ("ram", SYSTEM_SPACE, SYSTEM_SIZE)]

    def memory_map(self) -> str:
        """The memory map in XML."""
        rows = "".join(f'<memory type="{kind}" start="{start:#x}" length="{size:#x}"/>' for kind, start, size in self.places())
        return f'<?xml version="1.0"?><!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd"><memory-map>{rows}</memory-map>'

    def get(self, register: str) -> bytes:
        """The bytes of a register of REGISTERS."""
        if register in DOUBLES:
            low = 2 * int(register[1:])
            return b"".join(self.machine.get(f"s{low + half}").to_bytes(4, "little") for half in (0, 1))
        value = self.machine.get(register)
        return (value & ~1 if register == "pc" else value).to_bytes(4, "little")

    def set(self, register: str, data: bytes) -> None:
        """Set a register of REGISTERS."""
        if register in DOUBLES:
            low = 2 * int(register[1:])
            for half in (0, 1):
                self.machine.set(f"s{low + half}", int.from_bytes(data[4 * half : 4 * half + 4], "little"))
        else:
            value = int.from_bytes(data, "little")
            self.machine.set(register, value | 1 if register == "pc" else value)

    def read(self, address: int, size: int) -> bytes:
        """Memory, registers of devices and of the system. Reading a device has its side effects.

        Raises ValueError where there is nothing.
        """
        try:
            return self.machine.read_memory(address, size)
        except ValueError:
            return b"".join(self._read_word(place, count) for place, count in _pieces(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Write memory or registers of devices and of the system. Raises ValueError where there is nothing."""
        try:
            self.machine.write_memory(address, data)
            return
        except ValueError:
            pass
        for place, count in _pieces(address, len(data)):
            self._write_word(place, data[place - address : place - address + count])

    def _read_word(self, address: int, size: int) -> bytes:
        if SYSTEM_SPACE <= address < SYSTEM_SPACE + SYSTEM_SIZE:
            value = self.machine.read_system(address & ~3) >> 8 * (address & 3)
        else:
            _, device, offset = self._device(address)
            value = device.read(offset, size)
        return (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _write_word(self, address: int, data: bytes) -> None:
        value, size = int.from_bytes(data, "little"), len(data)
        if SYSTEM_SPACE <= address < SYSTEM_SPACE + SYSTEM_SIZE:
            if size != 4:
                raise ValueError("the system control space is written in words")
            self.machine.write_system(address, value)
        else:
            _, device, offset = self._device(address)
            device.write(offset, size, value)

    def _device(self, address: int) -> tuple[str, Device, int]:
        found = self.machine.device_at(address)
        if found is None:
            raise ValueError(f"nothing at {address:#x}")
        return found


class Group:
    """Processors that a debugger sees as threads of one program, numbered from 1, which run and stop together.

    A chip with more around its processors extends `resume` and `step`.
    """

    def __init__(self, threads: Sequence[Target]) -> None:
        self.threads = tuple(threads)

    def find(self, number: int) -> Target:
        """Thread `number`. Raises ValueError."""
        if not 1 <= number <= len(self.threads):
            raise ValueError(f"no thread {number}")
        return self.threads[number - 1]

    def resume(self) -> tuple[int, Stop] | None:
        """Run all for a while. Returns which thread stopped, and why; or None."""
        for number, thread in enumerate(self.threads, 1):
            stop = thread.resume()
            if stop is not None:
                return number, stop
        return None

    def step(self, number: int, is_alone: bool = True) -> tuple[int, Stop]:
        """One instruction of thread `number`; unless it is alone, a chip lets the others come as far.

        Returns which thread stopped, and why.
        """
        return number, self.find(number).step()

    def attend(self, is_debugged: bool) -> None:
        """A debugger comes, or goes."""
        for thread in self.threads:
            thread.machine.debug(is_debugged)

    def reset(self) -> None:
        """All begin again at their vector tables."""
        for thread in self.threads:
            thread.reset()

    def time(self) -> str:
        """Virtual time in words."""
        return "; ".join(f"{thread.name}: {thread.time()}" if len(self.threads) > 1 else thread.time() for thread in self.threads)


def _pieces(address: int, size: int) -> list[tuple[int, int]]:
    """address[0..size) as accesses of 4, 2 and 1 bytes that are aligned."""
    pieces = []
    while size:
        count = next(each for each in (4, 2, 1) if address % each == 0 and each <= size)
        pieces.append((address, count))
        address, size = address + count, size - count
    return pieces
