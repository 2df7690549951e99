"""A chip's shared blocks without its cores: what drivers write, written by hand."""

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.realtime.dma import Dma
from armillary.hal.sim.realtime.registers import Log
from armillary.hal.sim.realtime.shared import PINS, Lines, Shared
from armillary.hal.sim.realtime.time import MILLISECOND, Scheduler

SYSRAM = 0x2200_0000


class Rig:
    """`irqs` has the level of every interrupt; `memory` is SYSRAM."""

    def __init__(self):
        self.scheduler, self.log = Scheduler(), Log()
        self.irqs, self.edges = {}, []
        self.memory = bytearray(0x10000)
        self.bank = GpioBank(PINS, VirtualClock())
        self.bank.observe(lambda pin, level, _time: self.edges.append((self.scheduler.now, pin, level)))
        lines = Lines([self.irqs.__setitem__], engines := [])
        self.dma = Dma(self.scheduler, self.log, lines.irq(77), self._reach, 0x2108_0000, "DMA")
        engines.append(self.dma)
        self.shared = Shared(self.scheduler, self.log, self.bank, lines)

    def _reach(self, address, size):
        start = address - SYSRAM
        return memoryview(self.memory)[start : start + size] if 0 <= start <= len(self.memory) - size else None

    def _find(self, address):
        if 0x2108_0000 <= address < 0x2108_5000:
            return self.dma, address - 0x2108_0000
        pages = ((windows, address - windows.base) for windows in self.shared.windows)
        return next((windows, offset) for windows, offset in pages if 0 <= offset < windows.size)

    def read(self, address, size=4):
        device, offset = self._find(address)
        return device.read(offset, size)

    def write(self, address, value, size=4):
        device, offset = self._find(address)
        device.write(offset, size, value)

    def change(self, address, set_bits=0, clear=0):
        """Read, modify, write, as drivers do."""
        self.write(address, self.read(address) & ~clear | set_bits)

    def run(self, milliseconds=1):
        self.scheduler.run(self.scheduler.now + int(milliseconds * MILLISECOND))

    def until_irq(self, number, milliseconds=100):
        """Let time pass to the interrupt. Returns how long it took in ticks."""
        begin = self.scheduler.now
        end = begin + milliseconds * MILLISECOND
        while not self.irqs.get(number) and self.scheduler.next() <= end:
            self.scheduler.run(self.scheduler.next())
        assert self.irqs.get(number), f"no interrupt {number}"
        return self.scheduler.now - begin

    def save(self):
        return {"now": self.scheduler.now, "memory": bytes(self.memory), "dma": self.dma.save(), "shared": self.shared.save()}

    @classmethod
    def restored(cls, state):
        rig = cls()
        rig.scheduler.run(state["now"])
        rig.memory[:] = state["memory"]
        rig.dma.restore(state["dma"])
        rig.shared.restore(state["shared"])
        return rig
