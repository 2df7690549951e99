"""Where the first loader begins, verified by ROM."""

from __future__ import annotations

from typing import Any

from armillary.pluton import loader

from .pluton_core import hardware


def main(machine: Any) -> None:
    """Verify the Pluton runtime and become it."""
    machine.next(*loader.boot(hardware(machine), machine.handoff))
