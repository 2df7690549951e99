"""What became of all faults, as the tests last counted them.

    python -m tests.native.sweep.counts [tables]

prints a line for each sweep, or its table, too. Parts, which may have run in several processes, are added up.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys

from tests.native.sweep.faults import Count

FOLDER = pathlib.Path(__file__).resolve().parents[3] / ".build/sweep"
PART = re.compile(r", \d+ of \d+$")


def keep(title: str, rows: list[Count]) -> str:
    """Write the counts of a sweep, or of a part of one ("title, 1 of 2"), where they are found again. Returns its table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{title}.json").write_text(json.dumps(rows))
    return table(title, rows)


def kept() -> dict[str, list[Count]]:
    """{title: counts}, parts added up."""
    found: dict[str, dict[str, Count]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        rows = found.setdefault(PART.sub("", path.stem), {})
        for name, *ends in json.loads(path.read_text()):
            before = rows.get(name, Count(name, 0, 0, 0, 0, 0))
            rows[name] = Count(name, *(old + new for old, new in zip(before[1:], ends, strict=True)))
    return {title: list(rows.values()) for title, rows in found.items()}


def table(title: str, rows: list[Count]) -> str:
    """The counts as text."""
    lines = [f"{title:<28}{'injected':>10}{'same':>10}{'reject':>10}{'crash':>10}{'hang':>8}{'ACCEPT':>8}"]
    for row in [*rows, total(rows)]:
        lines.append(
            f"{row.function:<28}{row.injected:>10}{row.same:>10}{row.reject:>10}{row.crash:>10}{row.hang:>8}{row.accept:>8}"
        )
    return "\n".join(lines)


def total(rows: list[Count]) -> Count:
    """All functions together."""
    return Count("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)))


def line(title: str, rows: list[Count]) -> str:
    """The sum in words."""
    whole = total(rows)
    return f"sweep: {title}: {whole.injected} faults, {whole.accept} accepted"


if __name__ == "__main__":
    for title, rows in kept().items():
        if sys.argv[1:] == ["tables"]:
            print(table(title, rows) + "\n")
        print(line(title, rows))
