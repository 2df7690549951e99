"""Where Pluton's core begins after reset: the mask ROM."""

from __future__ import annotations

from typing import Any

from armillary.pluton import rom

from .pluton_core import hardware


def main(machine: Any) -> None:
    """Verify the first loader and become it."""
    machine.next(*rom.boot(hardware(machine)))
