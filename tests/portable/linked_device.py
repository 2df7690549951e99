"""A whole device, every ring linked, from the flash and fuses of a device that the host provisioned.

The snapshot's file is the first argument: fuses, then the sectors of flash that are not blank. An app
blinks, another reaches beyond its manifest, a third one crashes; the power goes and comes back.
"""

import sys

from armillary.boards.sim import facts
from armillary.boards.sim.linked import LinkedDevice
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon

SEED = 7


def restore(silicon, data):
    """Put a snapshot into a blank chip."""
    size = facts.FUSE_ROWS * facts.FUSE_ROW_BYTES + facts.FUSE_ROWS
    silicon.fuses.restore(data[:size])
    sector = facts.FLASH_SECTOR
    for at in range(size, len(data), 4 + sector):
        silicon.flash.program(int.from_bytes(data[at : at + 4], "little") * sector, data[at + 4 : at + 4 + sector])


def show(device, history, offset):
    """Print what is new since `offset` characters of the UART; where it now ends."""
    said = device.uart()
    print(said[offset:])
    for change in history:
        print("pin", change)
    del history[:]
    return len(said)


with open(sys.argv[1], "rb") as file:
    snapshot = file.read()
silicon = Silicon(facts, SEED, network=LinkedNetwork({}))
restore(silicon, snapshot)
crossings = {}
history = []
silicon.gpio.observe(lambda pin, level, time_us: history.append((time_us, pin, level)))


def observe(ring, caller, call, arguments, fault):
    name = (ring, call.name if call else "?", type(fault).__name__ if fault else "")
    crossings[name] = crossings.get(name, 0) + 1


device = LinkedDevice(silicon, None, observe)
device.power_on()
device.run(4)
shown = show(device, history, 0)
device.power_off()
device.power_on()
device.run(1)
show(device, history, shown)
device.close()
for name in sorted(crossings):
    print(name, crossings[name])
