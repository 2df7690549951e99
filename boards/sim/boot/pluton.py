"""Where the Pluton runtime begins, verified by the first loader."""

from __future__ import annotations

from typing import Any

from armillary.pluton.core import Pluton

from .pluton_core import hardware


def main(machine: Any) -> None:
    """Start the monitor, then serve its mailbox."""
    pluton = Pluton(hardware(machine), machine.handoff)
    machine.handoff = b""
    pluton.boot_monitor()
    machine.serve({"mailbox": pluton.gate("monitor", machine.observe("pluton"))})
