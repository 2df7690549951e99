"""DWARF line tables (DWARF 5, section 6.2; versions 2 to 5): which source line each instruction is of.

The header of a table is read by pyelftools. Its program is run here, row by row, so that a malformed one costs
no more than the rows that are allowed.
"""

from __future__ import annotations

import posixpath
from typing import Any, NamedTuple

from .elf import BadElf

COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, SET_COLUMN = 1, 2, 3, 4, 5
CONST_ADD_PC, FIXED_ADVANCE_PC = 8, 9
END_SEQUENCE, SET_ADDRESS = 1, 2


class Row(NamedTuple):
    """Code at [start, end) is of `line` of `file`; end is start for a line that has no code of its own there."""

    start: int
    end: int
    file: str
    line: int


def read_program(dwarf: Any, unit: Any, most: int) -> list[Row]:
    """The rows of a compilation unit, at most `most`. Raises BadElf, and what pyelftools raises."""
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return []
    attribute = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    files = _files(program.header, "" if attribute is None else _text(attribute.value))
    start, end = program.program_start_offset, program.program_end_offset
    program.stream.seek(start)
    code = program.stream.read(max(0, end - start))
    return _Runner(program.header, code, files, start, most).run()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _files(header: Any, home: str) -> dict[int, str]:
    """{number of a file in the table: its path}."""
    if header["version"] >= 5:
        folders = [_text(entry.DW_LNCT_path) for entry in header["directories"] or ()]
        entries = [(_text(entry.DW_LNCT_path), entry.get("DW_LNCT_directory_index") or 0) for entry in header["file_names"] or ()]
        first = 0
    else:
        folders = [home, *(_text(name) for name in header["include_directory"])]
        entries = [(_text(entry.name), entry.dir_index) for entry in header["file_entry"]]
        first = 1
    paths = (posixpath.join(home, folders[folder] if folder < len(folders) else "", name) for name, folder in entries)
    return {number: posixpath.normpath(path) for number, path in enumerate(paths, first)}


class _Runner:
    """The state machine of section 6.2.2. `base` is the offset of `code`, for messages."""

    def __init__(self, header: Any, code: bytes, files: dict[int, str], base: int, most: int) -> None:
        self.header = header
        self.code = code
        self.files = files
        self.base = base
        self.most = most
        self.at = 0
        self.rows: list[Row] = []
        self._begin()

    def _begin(self) -> None:
        self.address, self.file, self.line = 0, 1, 1
        self.open: tuple[int, int, int] | None = None  # address, file, line of the row that has no end yet

    def run(self) -> list[Row]:
        """All rows, each up to the next of its sequence."""
        first = self.header["opcode_base"]
        if not self.header["line_range"]:
            raise BadElf("a line table whose line_range is 0", self.base)
        while self.at < len(self.code):
            opcode = self._byte()
            if opcode >= first:
                self._special(opcode - first)
            elif opcode == 0:
                self._extended()
            else:
                self._standard(opcode)
        return self.rows

    def _row(self, is_end: bool = False) -> None:
        if self.open is not None and self.address >= self.open[0]:
            start, file, line = self.open
            if len(self.rows) >= self.most:
                raise BadElf("too many rows in the line tables", self.base + self.at)
            self.rows.append(Row(start, self.address, self.files.get(file, "?"), line))
        self.open = None if is_end else (self.address, self.file, self.line)

    def _advance(self, operations: int) -> None:
        self.address = (self.address + operations * self.header["minimum_instruction_length"]) & 0xFFFFFFFF

    def _special(self, adjusted: int) -> None:
        self._advance(adjusted // self.header["line_range"])
        self.line += self.header["line_base"] + adjusted % self.header["line_range"]
        self._row()

    def _standard(self, opcode: int) -> None:
        if opcode == COPY:
            self._row()
        elif opcode == ADVANCE_PC:
            self._advance(self._unsigned())
        elif opcode == ADVANCE_LINE:
            self.line += self._signed()
        elif opcode == SET_FILE:
            self.file = self._unsigned()
        elif opcode == CONST_ADD_PC:
            self._advance((255 - self.header["opcode_base"]) // self.header["line_range"])
        elif opcode == FIXED_ADVANCE_PC:
            self.address += int.from_bytes(self._bytes(2), "little")
        else:  # its arguments are all numbers; the header says how many
            for _ in range(self.header["standard_opcode_lengths"][opcode - 1]):
                self._unsigned()

    def _extended(self) -> None:
        length = self._unsigned()
        argument = self._bytes(length)
        if not length:
            return
        if argument[0] == END_SEQUENCE:
            self._row(is_end=True)
            self._begin()
        elif argument[0] == SET_ADDRESS:
            self.address = int.from_bytes(argument[1:5], "little")

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        if count > len(self.code) - self.at:
            raise BadElf("a line table is cut off", self.base + self.at)
        self.at += count
        return self.code[self.at - count : self.at]

    def _unsigned(self) -> int:
        """A ULEB128 number of at most 32 bits (section 7.6)."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFF
        raise BadElf("a number of more than 32 bits", self.base + self.at)

    def _signed(self) -> int:
        start = self.at
        value = self._unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if bits < 35 and value >> (bits - 1) & 1 else value - (1 << 32) * (bits >= 35 and value >> 31)
