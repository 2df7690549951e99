"""`armillary image show`: what the program of a real-time app will take of its core, if a core takes it."""

from __future__ import annotations

from typing import Any

from armillary.hal.cortexm import elf
from armillary.hal.sim.realtime.package import REGIONS
from armillary.wire.manifest import REAL_TIME


def explain(found: dict[str, Any], package: bytes) -> dict[str, Any] | None:
    """The program of the app that `describe.explain` found in `package`; None if no real-time core is to run it.

    What a core would refuse is added to the problems, with its offset in the package.
    """
    app = found["manifest"]
    if app is None or app["ApplicationType"] != REAL_TIME:
        return None
    entry = next((file for file in found["body"]["files"] if file["path"] == app["EntryPoint"]), None)
    if entry is None or entry["is_directory"]:
        return None
    start = entry["offset"]
    try:
        program = elf.parse(package[start : start + entry["size"]], REGIONS)
    except elf.BadElf as problem:
        found["problems"].note(f"{app['EntryPoint']} is no program for a real-time core: {problem.reason}", start + problem.offset)
        return None
    return {
        "vectors": program.entry, "stack": program.stack, "reset": program.reset & ~1,
        "hard_float": program.is_hard_float, "segments": [_segment(segment) for segment in program.segments],
    }  # fmt: skip


def _segment(segment: elf.Segment) -> dict[str, Any]:
    region = next(region for region in REGIONS if region.holds(segment.address, segment.size))
    return {
        "memory": region.name, "address": segment.address, "bytes": segment.size, "in_file": len(segment.data),
        "of": region.size,
    }  # fmt: skip
