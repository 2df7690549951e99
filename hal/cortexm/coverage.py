"""Which lines of a program were run and how often, as an lcov tracefile (geninfo(1), "FILES").

A line was run as often as the most often run of its instructions. Lines come from DWARF: what was optimised
away is no line. A polling loop whose rounds were skipped counts the rounds that were run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .machine import Machine
    from .symbols import Symbols


class Covered(NamedTuple):
    """What was run of a source file: {line: times}, and {name: (line, times)} of its functions."""

    lines: dict[int, int]
    functions: dict[str, tuple[int, int]]


class Coverage:
    """Counts from now on. `regions` are (address, size) of code, 4 at most. Raises ValueError for more."""

    def __init__(self, machine: Machine, symbols: Symbols, regions: list[tuple[int, int]]) -> None:
        self.symbols = symbols
        self._functions = [(function.address, function.size) for function in symbols.functions]
        self._counts = [(address, size, *machine.cover(address, size, self._functions)) for address, size in regions]

    def at(self, address: int) -> int:
        """How often the instruction at `address` was run."""
        for start, size, counts, _ in self._counts:
            if start <= address < start + size:
                return counts[(address - start) // 2]
        return 0

    def entries(self) -> dict[int, int]:
        """{address of a function: how often it was entered}. A branch back to its beginning is no entry."""
        columns = zip(*(entered() for _, _, _, entered in self._counts), strict=True)
        return {address: sum(column) for (address, _), column in zip(self._functions, columns, strict=True)}

    def files(self) -> dict[str, Covered]:
        """{path of a source file: what was run of it}."""
        symbols, entries = self.symbols, self.entries()
        found: dict[str, Covered] = {}
        for row in [*symbols.rows, *symbols.points]:
            if row.line < 1:
                continue
            lines = found.setdefault(row.file, Covered({}, {})).lines
            times = max(self.at(address) for address in range(row.start, max(row.end, row.start + 2), 2))
            lines[row.line] = max(lines.get(row.line, 0), times)
        for function in symbols.functions:
            line = symbols.declared_at(function)
            if line is not None and line.file in found:
                found[line.file].functions[function.name] = line.line, entries[function.address]
        return found

    def lcov(self, test: str = "") -> str:
        """The tracefile."""
        files = self.files()
        return "".join(_record(path, files[path], test) for path in sorted(files))


def _record(path: str, covered: Covered, test: str) -> str:
    functions, lines = sorted(covered.functions.items()), sorted(covered.lines.items())
    rows = [f"TN:{test}", f"SF:{path}"]
    rows += [f"FN:{line},{name}" for name, (line, _) in functions]
    rows += [f"FNDA:{times},{name}" for name, (_, times) in functions]
    rows += [f"FNF:{len(functions)}", f"FNH:{sum(times > 0 for _, (_, times) in functions)}"]
    rows += [f"DA:{line},{times}" for line, times in lines]
    rows += [f"LF:{len(lines)}", f"LH:{sum(times > 0 for _, times in lines)}", "end_of_record"]
    return "\n".join(rows) + "\n"
