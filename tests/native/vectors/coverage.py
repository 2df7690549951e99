"""Which branches of the engine's C the vectors took, by gcov."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.native.vectors.builds import COVERED, COVERED_32, SOURCE, engine_sources
from tests.native.vectors.case import Case, failures, requests

# Branches that nothing here can take, by file, with the reason.
# A line that says so holds a condition that its neighbours make impossible, and that stands there all the same.
GUARD = "/* guard: "
EXCUSED = {"common/cpu.c": "what a processor lacks cannot be shown on one that has it"}


class Branch(NamedTuple):
    """One way out of a condition: of which line, and which of the ways there."""

    file: str
    line: int
    way: int


class Report(NamedTuple):
    """Every branch with how often it was taken, and every line with how often it ran."""

    branches: dict[Branch, int]
    lines: dict[tuple[str, int], int]
    guards: set[tuple[str, int]]

    def missed(self) -> list[str]:
        """What was never taken and should have been."""
        gone = [f"{place[0]}:{place[1]}: never run" for place, count in self.lines.items() if not count]
        gone += [f"{way.file}:{way.line}: branch {way.way} never taken" for way, count in self.branches.items() if not count]
        excused = {f"{file}:{line}" for file, line in self.guards}
        return sorted(
            line for line in gone if line.split(":")[0] not in EXCUSED and ":".join(line.split(":")[:2]) not in excused
        )

    def said(self) -> str:
        """One line of figures."""
        ours = [count for way, count in self.branches.items() if way.file not in EXCUSED]
        taken = sum(count > 0 for count in ours)
        return f"{taken} of {len(ours)} branches of native C taken; guards: {len(self.guards)}; not counted: {', '.join(EXCUSED)}"


def measure(cases: list[Case]) -> Report:
    """Run `cases` on every path of the covered builds. Raises AssertionError if one fails."""
    folders = [builds[0].agent().parent for builds in (COVERED, COVERED_32)]
    for counted in (path for folder in folders for path in folder.glob("*.gcda")):
        counted.unlink()
    data = requests(cases)
    for build in (*COVERED, *COVERED_32):
        assert not failures(cases, build.answers(data)), build.name
        assert build.edges().endswith("checks\n")
    return report(folders)


def report(folders: list[pathlib.Path]) -> Report:
    """What the objects in `folders` counted."""
    branches: dict[Branch, int] = {}
    lines: dict[tuple[str, int], int] = {}
    for name, line in (each for folder in folders for each in read(folder)):
        where = (name, line["line_number"])
        lines[where] = lines.get(where, 0) + line["count"]
        for way, branch in enumerate(line["branches"]):
            key = Branch(*where, way)
            branches[key] = branches.get(key, 0) + branch["count"]
    return Report(branches, lines, set(guards()))


def read(folder: pathlib.Path) -> Iterator[tuple[str, Any]]:
    """Every line of the engine in every object: (file, what gcov says)."""
    for path in engine_sources():
        notes = folder / f"{path.parent.name}-{path.stem}.gcno"
        command = ["gcov", "--json-format", "--branch-probabilities", "--stdout", str(notes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        if "no functions found" in done.stderr:  # a table, or code for another processor, which builds.py runs there
            continue
        assert not done.stderr, done.stderr
        for file in json.loads(done.stdout)["files"]:
            name = pathlib.Path(file["file"])
            if name.is_relative_to(SOURCE):
                for line in file["lines"]:
                    yield name.relative_to(SOURCE).as_posix(), line


def guards() -> Iterator[tuple[str, int]]:
    """The lines that say that they guard against what cannot be."""
    for path in SOURCE.glob("*/*.[ch]"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if GUARD in line:
                yield path.relative_to(SOURCE).as_posix(), number
