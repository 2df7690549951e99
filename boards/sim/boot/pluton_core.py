"""What Pluton's core has: the record of hardware that ROM, first loader and runtime share."""

from __future__ import annotations

from typing import Any

from armillary.boards.sim import facts
from armillary.hal import port
from armillary.pluton.hardware import Hardware
from armillary.wire.call import Port

from .clock import MachineClock


def hardware(machine: Any) -> Hardware:
    """Ports on the bus channel of `machine`."""
    bus = Port(machine.link("bus"))
    return Hardware(
        port.FlashPort(bus, machine.window), port.FusesPort(bus), port.EntropyPort(bus), MachineClock(machine),
        port.UartPort(bus), port.ChipPort(bus), port.CoresPort(bus, machine.window), facts.FLASH_LAYOUT,
    )  # fmt: skip
