"""Where the security monitor begins, verified by Pluton."""

from __future__ import annotations

from typing import Any

from armillary.boards.sim import facts
from armillary.hal import port
from armillary.monitor.core import Monitor
from armillary.monitor.hardware import Hardware
from armillary.pluton.port import PlutonPort
from armillary.wire.call import Port

from .clock import MachineClock


def main(machine: Any) -> None:
    """Start the kernel, then serve its calls."""
    bus = Port(machine.link("bus"))
    hardware = Hardware(
        port.FlashPort(bus, machine.window), MachineClock(machine), port.UartPort(bus), port.WatchdogPort(bus),
        port.PinOwnershipPort(bus), port.ChipPort(bus), port.CoresPort(bus, machine.window), facts.FLASH_LAYOUT, facts.PINS,
    )  # fmt: skip
    monitor = Monitor(hardware, PlutonPort(machine.link("mailbox")))
    monitor.boot()
    machine.serve({"smc": monitor.gate("kernel", machine.observe("monitor"))})
