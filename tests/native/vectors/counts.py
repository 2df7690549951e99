"""What each build passed, kept under .build/vectors/counts, and printed together:

    python -m tests.native.vectors.counts
"""

from __future__ import annotations

import json
import pathlib
import shutil

ROOT = pathlib.Path(__file__).parents[3]
KEPT = ROOT / ".build" / "vectors" / "counts"


def begin() -> None:
    """Forget what earlier runs counted."""
    shutil.rmtree(KEPT, ignore_errors=True)


def keep(build: str, total: int, passed: int, note: str = "") -> str:
    """Record a build's count; the line that says it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    line = f"vectors: {build}: {note or f'{passed} of {total} passed'}"
    record = {"build": build, "total": total, "passed": passed, "note": note, "line": line}
    (KEPT / (build.replace("/", "-").replace(" ", "_") + ".json")).write_text(json.dumps(record))
    return line


def lines() -> list[str]:
    """A line for every build that ran, and one that says whether they all ran the same cases."""
    found = [json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))]
    totals = {record["total"] for record in found if not record["note"]}
    whole = f"vectors: {len(found)} builds, cases each: {', '.join(map(str, sorted(totals))) or 'none'}"
    return [*(record["line"] for record in found), whole]


if __name__ == "__main__":
    print("\n".join(lines()))
