"""ELF programs: what a loader takes of them, strictly, and nothing that it does not need.

A program is an ELF32 little-endian ARM executable (Tool Interface Standard ELF 1.2; ELF for the Arm
Architecture, AAELF32). Its segments lie in the memory that the chip has, none on another, and the entry is
the address of a vector table: stack pointer and reset handler. Everything is checked before any of it is
believed, in time and memory that follow from the size of the file; a refusal names the offset.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .machine import Machine

HEADER, PROGRAM_HEADER, SECTION_HEADER = 52, 32, 40  # bytes
EXECUTABLE, ARM, CURRENT, EABI5 = 2, 40, 1, 5
NULL, LOAD, DYNAMIC, INTERPRETER = 0, 1, 2, 3
MOST_SEGMENTS, MOST_SECTIONS = 64, 4096
MOST_FILE = 64 << 20  # bytes: far more than any program with its debugging information
EXECUTE, WRITE, READ = 1, 2, 4
NO_BITS, COMPRESSED = 8, 0x800
VECTORS = 8  # bytes that reset reads
VECTOR_ALIGNMENT = 128  # VTOR has no lower bits (DDI0403E, B3.2.5)


class BadElf(ValueError):
    """The file is no program for this chip. `offset` is where in the file that shows."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason}, at offset {offset:#x}")
        self.reason = reason
        self.offset = offset


class Region(NamedTuple):
    """Memory of the chip: `is_rom` if a program cannot write it and all of a segment must be in the file."""

    name: str
    address: int
    size: int
    is_rom: bool = False

    def holds(self, address: int, size: int) -> bool:
        """Whether address[0..size) is all in it."""
        return self.address <= address and address + size <= self.address + self.size


class Segment(NamedTuple):
    """What is loaded: `data` at `address`, then zeros to `size` bytes. `offset` is the place in the file.

    `stored` is where else `data` is to be found, for a start-up that copies it to `address` itself; else `address`.
    """

    address: int
    size: int
    data: bytes
    flags: int
    offset: int
    stored: int


class Program(NamedTuple):
    """A program that may be loaded. `entry` is the address of its vector table."""

    entry: int
    stack: int
    reset: int
    segments: tuple[Segment, ...]
    is_hard_float: bool


def parse(data: bytes, regions: Iterable[Region]) -> Program:
    """The program in `data`, for a chip with memory at `regions`. Raises BadElf."""
    known = tuple(regions)
    _check_header(data)
    check_sections(data)
    segments = tuple(_segment(data, at, known) for at in _program_headers(data) if _is_loaded(data, at))
    if not segments:
        raise BadElf("nothing in it is to be loaded", 28)
    _check_apart(segments)
    entry, flags = _word(data, 24), _word(data, 36)
    stack, reset = _vectors(entry, segments)
    _check_stack(stack, known, segments, entry)
    return Program(entry, stack, reset, segments, bool(flags & 0x400))


def load(program: Program, machine: Machine) -> None:
    """Put the segments into the machine's memory. The caller resets it at `program.entry`.

    Raises ValueError where the machine has no memory.
    """
    for segment in program.segments:
        machine.write_memory(segment.stored, segment.data)
    for segment in program.segments:
        machine.write_memory(segment.address, segment.data + bytes(segment.size - len(segment.data)))


def _half(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


# offset, form, what must be there, and what is wrong if it is not
HEADER_CHECKS: tuple[tuple[int, str, int, str], ...] = (
    (0, "4s", 0x464C457F, "not an ELF file: it does not begin with 7F 45 4C 46"),
    (4, "B", 1, "not a 32-bit ELF file"),
    (5, "B", 1, "not little-endian"),
    (6, "B", CURRENT, "an unknown version of ELF"),
    (16, "H", EXECUTABLE, "not an executable (link it; a relocatable or shared object cannot run)"),
    (18, "H", ARM, "not for ARM"),
    (20, "I", CURRENT, "an unknown version of ELF"),
    (40, "H", HEADER, "a header of another size than ELF32's 52 bytes"),
    (42, "H", PROGRAM_HEADER, "program headers of another size than 32 bytes"),
)


def _check_header(data: bytes) -> None:
    if len(data) < HEADER:
        raise BadElf(f"cut off: {len(data)} bytes, and the header alone has {HEADER}", len(data))
    if len(data) > MOST_FILE:
        raise BadElf(f"larger than {MOST_FILE} bytes", MOST_FILE)
    for at, form, wanted, reason in HEADER_CHECKS:
        size = struct.calcsize(form)
        if int.from_bytes(data[at : at + size], "little") != wanted:
            raise BadElf(reason, at)
    if _word(data, 36) >> 24 != EABI5:
        raise BadElf(f"built for EABI version {_word(data, 36) >> 24}, not 5", 36)


def _program_headers(data: bytes) -> range:
    """Offsets of the program headers."""
    start, count = _word(data, 28), _half(data, 44)
    if not 1 <= count <= MOST_SEGMENTS:
        raise BadElf(f"{count} program headers: 1 to {MOST_SEGMENTS} are possible", 44)
    if start < HEADER or start + count * PROGRAM_HEADER > len(data):
        raise BadElf("the program headers lie outside of the file", 28)
    return range(start, start + count * PROGRAM_HEADER, PROGRAM_HEADER)


def _is_loaded(data: bytes, at: int) -> bool:
    """Is the header at `at` of a segment with something in it? Raises BadElf for what needs a dynamic linker."""
    kind = _word(data, at)
    if kind in (DYNAMIC, INTERPRETER):
        raise BadElf("it needs a dynamic linker: link it statically", at)
    return kind == LOAD and (_word(data, at + 16) > 0 or _word(data, at + 20) > 0)


def _segment(data: bytes, at: int, regions: tuple[Region, ...]) -> Segment:
    _, offset, address, physical, stored, size, flags, _ = struct.unpack_from("<8I", data, at)
    if stored > size:
        raise BadElf(f"a segment with {stored:#x} bytes in the file and {size:#x} in memory", at + 16)
    if offset + stored > len(data):
        raise BadElf(f"a segment's contents end at {offset + stored:#x}, the file at {len(data):#x}", at + 4)
    region = next((region for region in regions if region.holds(address, size)), None)
    if region is None:
        places = ", ".join(f"{known.name} {known.address:#010x}[{known.size:#x}]" for known in regions)
        raise BadElf(f"a segment at {address:#010x}[{size:#x}] is not in the chip's memory ({places})", at + 8)
    if region.is_rom and stored != size:  # it may be marked as writable: tables of constructors are
        raise BadElf(f"a segment in {region.name} that is not all in the file", at + 24)
    is_stored = any(known.holds(physical, stored) for known in regions)
    return Segment(address, size, bytes(data[offset : offset + stored]), flags, offset, physical if is_stored else address)


def _check_apart(segments: tuple[Segment, ...]) -> None:
    ordered = sorted(segments, key=lambda segment: segment.address)
    for one, other in zip(ordered, ordered[1:], strict=False):
        if one.address + one.size > other.address:
            raise BadElf(f"segments at {one.address:#010x} and {other.address:#010x} overlap", other.offset)


def _vectors(entry: int, segments: tuple[Segment, ...]) -> tuple[int, int]:
    """(stack pointer, reset handler) of the table at `entry`. Raises BadElf if that cannot be a table."""
    home = next((each for each in segments if each.address <= entry and entry + VECTORS <= each.address + len(each.data)), None)
    if entry % VECTOR_ALIGNMENT or home is None:
        raise BadElf(f"the entry {entry:#010x} is not the address of a vector table", 24)
    place = entry - home.address
    stack, reset = struct.unpack_from("<2I", home.data, place)
    code = next((each for each in segments if each.address <= reset & ~1 < each.address + len(each.data)), None)
    if not reset & 1 or code is None:
        raise BadElf(f"the reset handler {reset:#010x} is not Thumb code of the program", home.offset + place + 4)
    return stack, reset


def _check_stack(stack: int, regions: tuple[Region, ...], segments: tuple[Segment, ...], entry: int) -> None:
    if stack % 4 == 0 and any(not region.is_rom and region.address < stack <= region.address + region.size for region in regions):
        return
    home = next(each for each in segments if each.address <= entry < each.address + each.size)
    raise BadElf(f"the stack pointer {stack:#010x} is not in writable memory", home.offset + entry - home.address)


def check_sections(data: bytes) -> None:
    """Check the table of sections, which symbols and lines are found by; a file may have none. Raises BadElf."""
    start, size, count, names = _word(data, 32), _half(data, 46), _half(data, 48), _half(data, 50)
    if start == 0 and count == 0:
        return
    if size != SECTION_HEADER:
        raise BadElf(f"section headers of {size} bytes, not {SECTION_HEADER}", 46)
    if not 1 <= count <= MOST_SECTIONS or start < HEADER or start + count * size > len(data):
        raise BadElf(f"a table of {count} sections at {start:#x} is not in the file", 32)
    if names >= count:
        raise BadElf(f"the names of sections are in section {names} of {count}", 50)
    for at in range(start, start + count * size, size):
        _check_section(data, at)


def _check_section(data: bytes, at: int) -> None:
    kind, flags, offset, size = _word(data, at + 4), _word(data, at + 8), _word(data, at + 16), _word(data, at + 20)
    if kind in (NULL, NO_BITS):
        return
    if offset + size > len(data):
        raise BadElf(f"a section ends at {offset + size:#x}, the file at {len(data):#x}", at + 16)
    if flags & COMPRESSED:
        raise BadElf("a compressed section: build without -gz", at + 8)
