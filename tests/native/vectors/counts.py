"""What each build passed, kept under .build/vectors/counts, and printed together:

    python -m tests.native.vectors.counts

which fails unless every build ran, and all of them the same number of cases.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

ROOT = pathlib.Path(__file__).parents[3]
KEPT = ROOT / ".build" / "vectors" / "counts"


def keep(build: str, total: int, passed: int, note: str = "") -> str:
    """Record a build's count; the line that says it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    line = f"vectors: {build}: {note or f'{passed} of {total} passed'}"
    record = {"build": build, "total": total, "passed": passed, "note": note, "line": line}
    (KEPT / (build.replace("/", "-").replace(" ", "_") + ".json")).write_text(json.dumps(record))
    return line


def records() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))]


def lines() -> list[str]:
    """A line for every build that ran, then the number of builds and of cases."""
    found = records()
    ran = [record for record in found if not record["note"]]
    totals = sorted({record["total"] for record in ran})
    return [*(record["line"] for record in found), f"vectors: {len(ran)} builds, cases each: {', '.join(map(str, totals)) or 'none'}"]


def problems(expected: set[str]) -> list[str]:
    """What keeps the counts from being one and whole: a build that did not run, or ran another number of cases."""
    found = {record["build"]: record for record in records()}
    gone = [f"vectors: {name} did not run" for name in sorted(expected - set(found))]
    totals = {record["total"] for name, record in found.items() if name in expected}
    if len(totals) > 1:
        gone.append(f"vectors: builds ran different numbers of cases: {sorted(totals)}")
    return gone


if __name__ == "__main__":
    from tests.native.vectors.builds import BUILDS

    wrong = problems({build.name for build in BUILDS})
    print("\n".join([*lines(), *wrong]))
    sys.exit(bool(wrong))
