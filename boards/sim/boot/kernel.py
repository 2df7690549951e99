"""Where the kernel begins, verified by the monitor."""

from __future__ import annotations

import json
from typing import Any

from armillary.hal import port
from armillary.hal.sim.box.tasks import BoxedTasks
from armillary.kernel.core import Kernel
from armillary.kernel.hardware import Hardware
from armillary.monitor.port import MonitorPort
from armillary.wire.call import Port

from .clock import MachineClock


def main(machine: Any) -> None:
    """Start the daemons and the apps, then serve whoever calls and whatever is due."""
    bus = Port(machine.link("bus"))
    config = json.loads(machine.files["config.json"]) if "config.json" in machine.files else None
    hardware = Hardware(
        MachineClock(machine), port.UartPort(bus), port.GpioPort(bus), port.NetworkPort(bus),
        BoxedTasks(bus, machine), config, port.IntercorePort(bus), port.BusesPort(bus),
        port.serial_ports(bus), port.PwmPort(bus),
    )  # fmt: skip
    kernel = Kernel(hardware, MonitorPort(machine.link("smc")), machine.load, machine.observe("kernel"))
    kernel.boot()
    machine.serve({}, kernel.step)
