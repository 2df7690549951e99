"""Runs the demo's steps, tells of each as it goes, and says at the end which held."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .bench import Workbench
from .steps import STEPS

Tell = Callable[[dict[str, Any]], None]


def run(begin: Callable[[str, str], None], tell: Tell, folder: Path | None = None) -> list[dict[str, Any]]:
    """Run every step; `begin(name, title)` before each, `tell(result)` after.

    The device and the service are made in `folder`, which stays; without one, in a folder that goes.

    A result is {"name", "title", "ok", "seconds", "detail"}; where a step did not hold, its detail is
    {"problem": text}. Later steps are still tried.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="armillary-demo-") as temporary:
            return run(begin, tell, Path(temporary))
    results = []
    bench = Workbench(folder)
    try:
        for step in STEPS:
            title = (step.__doc__ or "").strip()
            begin(step.__name__, title)
            results.append(_perform(step, title, bench))
            tell(results[-1])
    finally:
        bench.close()
    return results


def _perform(step: Callable[[Workbench], dict[str, Any]], title: str, bench: Workbench) -> dict[str, Any]:
    started = time.monotonic()
    ok, detail = True, {}
    try:
        detail = step(bench)
    except Exception as problem:  # whatever a step meets is its result
        ok, detail = False, {"problem": f"{type(problem).__name__}: {problem}", "where": _where(problem)}
    seconds = round(time.monotonic() - started, 3)
    return {"name": step.__name__, "title": title, "ok": ok, "seconds": seconds, "detail": detail}


def _where(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    return "; ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:])
