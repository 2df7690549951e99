"""A rig that has the blocks of one core too, without its processor."""

from armillary.hal.sim.realtime import chip
from armillary.hal.sim.realtime.clock import Rgu
from armillary.hal.sim.realtime.console import Console
from armillary.hal.sim.realtime.gpt import Gpt
from armillary.hal.sim.realtime.irqconfig import IrqConfig
from armillary.hal.sim.realtime.mailbox import Side
from armillary.hal.sim.realtime.time import XTAL
from armillary.hal.sim.realtime.uart import Uart
from armillary.hal.sim.realtime.untold import PRIVATE, Untold
from armillary.hal.sim.realtime.wdt import Wdt
from tests.realtime.rig import Rig


class PrivateRig(Rig):
    """`pulses` are (tick, number) of interrupts that come as pulses, `resets` the ticks at which a watchdog bit, `clocks`
    what the core's clock was set to. `a7` and `other` are the other ends of the mailboxes."""

    def __init__(self):
        super().__init__()
        self.pulses, self.resets, self.clocks = [], [], []
        self.console = Console()
        scheduler, log, line = self.scheduler, self.log, self._line
        pulse = self._pulse
        self.gpt = Gpt(scheduler, log, line(1), lambda: pulse(2), lambda: scheduler.now // XTAL, chip.GPT, "GPT")
        self.wdt = Wdt(scheduler, log, line(3), lambda: self.resets.append(scheduler.now), chip.WDT, "WDT")
        self.irq_config = IrqConfig(scheduler, log, pulse, chip.IRQ_CONFIG, "IRQCFG")
        self.rgu = Rgu(scheduler, log, self.clocks.append, chip.RGU, "RGU")
        self.uart = Uart(scheduler, log, line(4), chip.DEBUG_UART, "UART", self.console)
        self._add_boxes()
        untold = [Untold(scheduler, log, base, name) for name, base in PRIVATE.items()]
        self.private = [self.irq_config, self.rgu, self.wdt, self.gpt, self.uart, self.box, self.core_box, *untold]
        self.bank.observe(lambda pin, level, _: self.irq_config.change(pin, level) if pin < chip.EINTS else None)

    def _add_boxes(self):
        holder = [None]
        self.box = Side(self.scheduler, self.log, self._lines(6), chip.A7_BOX, "MBOX_A7", holder)
        self.a7_irqs = {}
        self.a7 = Side(self.scheduler, self.log, self.a7_irqs.__setitem__, name="A7 MBOX", semaphore=holder)
        self.core_box = Side(self.scheduler, self.log, self._lines(12), chip.CORE_BOX, "MBOX_M4")
        self.other = Side(self.scheduler, self.log, lambda line, level: None, name="other MBOX")
        self.box.join(self.a7)
        self.core_box.join(self.other)

    def _line(self, number):
        return lambda level: self.irqs.__setitem__(number, level)

    def _lines(self, first):
        return lambda line, level: self.irqs.__setitem__(first + line, level)

    def _pulse(self, number):
        self.pulses.append((self.scheduler.now, number))

    def _find(self, address):
        for block in self.private:
            if block.base <= address < block.base + chip.BLOCK:
                return block, address - block.base
        return super()._find(address)

    def name_of(self, address):
        """The register at an address in words."""
        device, offset = self._find(address)
        return device.name_of(offset)

    @property
    def all_blocks(self):
        """Every block of the core and of the chip."""
        return [*self.private, self.dma, *self.shared.blocks]

    def save(self):
        return {**super().save(), "private": [block.save() for block in self.private], "ends": [self.a7.save(), self.other.save()],
                "pins": [self.bank.read(pin) for pin in self.bank.pins()]}  # fmt: skip

    @classmethod
    def restored(cls, state):
        rig = super().restored(state)
        for block, saved in zip([*rig.private, rig.a7, rig.other], [*state["private"], *state["ends"]], strict=True):
            block.restore(saved)
        return rig
