"""A board whose real-time cores are driven by hand, to ask its firewall what a program could do."""

from armillary.boards.sim import facts
from armillary.hal.sim.silicon import Silicon

IO0, IO1 = 3, 4
GPIO2 = 0x3803_0000  # pins 8 to 11
GLOBAL_CTRL, DIN, DOUT, DOUT_SET, DOUT_RESET, OE, OE_SET, OE_RESET = 0x00, 0x04, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28
PU, PADDRV = 0x30, 0x70


class Chip:
    """`read` and `write` are what a program on a core would do."""

    def __init__(self):
        self.silicon = Silicon(facts, seed=1)
        self.wall = self.silicon.firewall
        self.chip = self.silicon.realtime.chip
        self.guard = self.chip.guard
        self.sent = []

    def _find(self, core, address):
        _, device, offset = self.chip.cores[core].machine.device_at(address)
        return device, offset

    def read(self, core, address, size=4):
        device, offset = self._find(core, address)
        return device.read(offset, size)

    def write(self, core, address, value, size=4):
        device, offset = self._find(core, address)
        device.write(offset, size, value)

    def refused(self, core):
        return [(denial.register, denial.is_write, denial.count) for denial in self.guard.denials(core)]
