"""Names and lines of a program: functions, variables, source lines, and how to walk its stack.

ELF's symbol table and DWARF are read by pyelftools, after `elf.check_sections`. Debugging information comes from
outside as the program does: what is malformed raises BadElf, and what would cost too much is refused.
"""

from __future__ import annotations

import bisect
import io
import posixpath
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from elftools.elf.elffile import ELFFile

from . import elf
from .lines import Row, read_program

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_UNITS = 8192
LOWEST = 0x100  # what the linker dropped has addresses from 0 on
MOST_ROWS = 1_000_000
MOST_SYMBOLS = 200_000
MOST_NAME = 256
ENTRY = struct.Struct("<IIIBBH")  # of a symbol table: name, value, size, info, other, section
NO_TYPE, OBJECT, FUNCTION, UNDEFINED = 0, 1, 2, 0
BINDINGS = {1: 0, 2: 1, 0: 2}  # of two names for one address, which is shown: the global, the weak, the local one


class Function(NamedTuple):
    """A function at address[0..size)."""

    address: int
    size: int
    name: str


class Line(NamedTuple):
    """A line of a source file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{posixpath.basename(self.file)}:{self.line}"


class Symbols:
    """What an ELF file tells of its program; of a stripped one, nothing, and every question has an answer still.

    `functions` are in order of address; `rows` are the line table, ascending and apart, `points` its lines
    without code of their own, as of a function's first brace. Raises BadElf.
    """

    def __init__(self, data: bytes) -> None:
        self.functions: list[Function] = []
        self.variables: dict[str, tuple[int, int]] = {}  # name: address, size
        self.rows: list[Row] = []
        self.points: list[Row] = []
        self.file: Any = None
        if not data:
            return
        elf.check_sections(data)
        try:
            self.file = ELFFile(io.BytesIO(data))
            self._read_symbols()
            self._read_lines()
        except elf.BadElf:
            raise
        except Exception as problem:  # the boundary to a library that raises as it likes on malformed input
            raise elf.BadElf(f"symbols or debugging information cannot be read ({type(problem).__name__}: {problem})", 32) from None
        self._starts = [function.address for function in self.functions]
        self._row_starts = [row.start for row in self.rows]

    def function_at(self, address: int) -> Function | None:
        """The function that `address` is in."""
        if not self.functions:
            return None
        at = bisect.bisect_right(self._starts, address) - 1
        found = self.functions[at] if at >= 0 else None
        return found if found is not None and address < found.address + found.size else None

    def line_at(self, address: int) -> Line | None:
        """The source line that the instruction at `address` is of."""
        if not self.rows:
            return None
        at = bisect.bisect_right(self._row_starts, address) - 1
        found = self.rows[at] if at >= 0 else None
        return Line(found.file, found.line) if found is not None and address < found.end else None

    def declared_at(self, function: Function) -> Line | None:
        """The line on which `function` begins."""
        point = next((row for row in self.points if row.start == function.address), None)
        return self.line_at(function.address) if point is None else Line(point.file, point.line)

    def describe(self, address: int) -> str:
        """`address` in words: `0x00100123 reset+0x12 (main.c:10)`."""
        function, line = self.function_at(address), self.line_at(address)
        text = f"{address:#010x}"
        if function is not None:
            text += f" {function.name}" + (f"+{address - function.address:#x}" if address != function.address else "")
        return text + (f" ({line})" if line is not None else "")

    def address_of(self, name: str) -> int | None:
        """The address of the function or variable `name`."""
        if name in self.variables:
            return self.variables[name][0]
        return next((function.address for function in self.functions if function.name == name), None)

    def section(self, name: str) -> tuple[int, bytes] | None:
        """(address, contents) of a section, or None."""
        found = None if self.file is None else self.file.get_section_by_name(name)
        return None if found is None or found["sh_type"] == "SHT_NOBITS" else (int(found["sh_addr"]), bytes(found.data()))

    def _read_symbols(self) -> None:
        table = self.file.get_section_by_name(".symtab")
        if table is None or table["sh_type"] != "SHT_SYMTAB":
            return
        data, names = table.data(), self.file.get_section(table["sh_link"]).data()
        if table["sh_entsize"] != ENTRY.size or len(data) % ENTRY.size or len(data) // ENTRY.size > MOST_SYMBOLS:
            raise elf.BadElf(f"a symbol table of {len(data)} bytes with entries of {table['sh_entsize']}", table["sh_offset"])
        found: dict[int, tuple[int, str, int]] = {}
        for place, value, size, info, _, section in ENTRY.iter_unpack(data):
            if info & 15 == FUNCTION and section != UNDEFINED:
                entry = BINDINGS.get(info >> 4, 3), _name(names, place), size
                found[value & ~1] = min(found.get(value & ~1, entry), entry)
            elif info & 15 == OBJECT or (info & 15 == NO_TYPE and size):  # what the assembler makes of -O0 has no type
                self.variables[_name(names, place)] = value, size
        self.functions = list(_sized(found))

    def _read_lines(self) -> None:
        if not self.file.has_dwarf_info():
            return
        dwarf = self.file.get_dwarf_info()
        if dwarf.debug_line_sec is None:
            return
        rows: list[Row] = []
        for number, unit in enumerate(dwarf.iter_CUs()):
            if number >= MOST_UNITS:
                raise elf.BadElf(f"more than {MOST_UNITS} compilation units", 32)
            rows += read_program(dwarf, unit, MOST_ROWS - len(rows))
        self.rows = _apart(rows)
        self.points = sorted({row for row in rows if row.start >= LOWEST and row.end == row.start})


def _name(names: bytes, place: int) -> str:
    """The name at `place` of a string table, cut to what a person reads: a table may hold one name for all."""
    end = names.find(b"\0", place, place + MOST_NAME)
    return names[place : end if end >= 0 else place + MOST_NAME].decode("utf-8", "replace")


def _sized(found: dict[int, tuple[int, str, int]]) -> Iterator[Function]:
    """Functions in order of address; one without a size, as of assembly, goes on to the next."""
    addresses = sorted(found)
    for address, following in zip(addresses, [*addresses[1:], 1 << 32], strict=True):
        _, name, size = found[address]
        yield Function(address, min(size, following - address) if size else min(following - address, 0x1000), name)


def _apart(rows: list[Row]) -> list[Row]:
    """Rows in order of address, none reaching into the next; what the linker dropped left out."""
    ordered = sorted(row for row in rows if row.start >= LOWEST and row.end > row.start)
    ends = [row.start for row in ordered[1:]] + [1 << 32]
    return [row._replace(end=min(row.end, end)) for row, end in zip(ordered, ends, strict=True) if min(row.end, end) > row.start]
