"""A whole linked device, and apps as coroutines or in our hands."""

from __future__ import annotations

import types

from armillary.apps.runtime.app import App
from armillary.hal import port as bus
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.kernel.core import Kernel
from armillary.kernel.hardware import Hardware
from armillary.kernel.port import KernelPort
from armillary.monitor import factory
from armillary.monitor.core import Monitor
from armillary.monitor.hardware import Hardware as MonitorHardware
from armillary.monitor.port import MonitorPort
from armillary.pluton import abi as pluton_abi
from armillary.pluton import bootheader, fusemap, loader, manufacture, rom
from armillary.pluton.core import Pluton
from armillary.pluton.hardware import Hardware as PlutonHardware
from armillary.pluton.port import PlutonPort
from tests.kernel.making import component_of

FACTS = types.SimpleNamespace(
    FLASH_SIZE=0x20_0000, FLASH_SECTOR=4096, FLASH_PAGE=256, FUSE_ROWS=64, FUSE_ROW_BYTES=32,
    PINS=(4, 5, 6, 7, 8, 9, 10, 11, *range(26, 36), *range(41, 49), *range(66, 71)),  # with ISU0, ISU1, ISU3, ADC
    FLASH_LAYOUT={
        7: (0x0_0000, 0x2000), 8: (0x0_2000, 0x2000), 9: (0x0_4000, 0x2000), 10: (0x0_6000, 0x2000),
        0x3000: (0x0_8000, 0x8000), 5: (0x1_0000, 0x4000), 15: (0x1_4000, 0x4000), 6: (0x4_0000, 0x8_0000),
        1: (0xC_0000, 0x4_0000), 2: (0x10_0000, 0x4_0000), 4: (0x14_0000, 0xC_0000),
    },
)  # fmt: skip


class Held:
    """A task that the test itself plays: `port` makes its system calls."""

    def __init__(self, name, load, gate):
        self.name, self.load, self.gate = name, load, gate
        self.port = KernelPort(gate)
        self.state, self.code, self.signal = 1, 0, 0
        self.replies = []

    def status(self):
        return self.state, self.code, self.signal

    def end(self):
        self.state = 2

    def die(self, code=0, signal=0):
        """What a process that ends looks like to the kernel."""
        self.state, self.code, self.signal = 2, code, signal


class HeldTasks:
    """hal.interface.Tasks for tests that act as the app. `tasks` has every task ever started."""

    def __init__(self):
        self.tasks = []

    def start(self, name, code, memory_kib, cpu_ms, gate):
        self.tasks.append(Held(name, code, gate))
        return self.tasks[-1]

    def reply(self, task, reply):
        task.replies.append(reply)

    def turn(self):
        return False


class Linked(Held):
    """A task that runs an app's coroutine."""

    def __init__(self, name, load, gate):
        super().__init__(name, load, gate)
        length = int.from_bytes(load[:4], "little")
        self.app = App(load[8 + length :], gate)
        self.ready, self.reply = True, None

    def turn(self):
        """Run until the app waits or ends. Whether it ran at all."""
        ran = self.ready and self.state == 1
        while self.ready and self.state == 1:
            request = self.app.resume(self.reply)
            if request is None:
                self.state, self.code = 2, self.app.exit_code
                break
            self.reply = self.gate(request)
            self.ready = self.reply is not None
        return ran

    def end(self):
        self.app.close()
        super().end()


class LinkedTasks(HeldTasks):
    """hal.interface.Tasks with the runtime of linked mode."""

    def start(self, name, code, memory_kib, cpu_ms, gate):
        self.tasks.append(Linked(name, code, gate))
        return self.tasks[-1]

    def reply(self, task, reply):
        task.reply, task.ready = reply, True

    def turn(self):
        return any([task.turn() for task in self.tasks])


class Device:
    """One device, booted up to the kernel. `tasks` says who plays the apps."""

    def __init__(self, maker, seed=1):
        self.maker = maker
        self.network = LinkedNetwork({})
        self.chip = Silicon(FACTS, seed=seed, network=self.network)
        self.device_id = b""
        self.config = {}
        self.tasks = None
        self.resets = []
        self.log_text = ""
        self.observe = None

    @property
    def clock(self):
        return self.chip.clock

    def pluton_hardware(self):
        port, chip = self.chip.port("pluton"), self.chip
        return PlutonHardware(bus.FlashPort(port), bus.FusesPort(port), bus.EntropyPort(port), chip.clock,
                              bus.UartPort(port), bus.ChipPort(port), bus.CoresPort(port), FACTS.FLASH_LAYOUT)  # fmt: skip

    def make(self, apps=(), roots=None, lifecycle=None):
        self.device_id = manufacture.manufacture(self.pluton_hardware(), self.maker.root.public, b"test")
        for step in range(pluton_abi.MODULE_COMPLETE, (lifecycle or 0) + 1):
            fusemap.set_lifecycle(self.chip.fuses, step)
        self.provision(apps, roots)
        return self

    def provision(self, apps=(), roots=None):
        boot = bootheader.build(self.maker.root.public, self.maker.loader())
        factory.provision(self.chip.flash, FACTS.FLASH_LAYOUT, boot, [*self.maker.os_images(roots), *apps])

    def boot(self, tasks=None):
        """Power on and boot the whole chain; returns the kernel."""
        self.chip.power_on()
        return self.boot_powered(tasks)

    def boot_powered(self, tasks=None):
        """Boot a chip that has power: what a planned cut is to strike."""
        self.tasks = tasks or HeldTasks()
        self.chip.watchdog.reset()
        _, handoff = rom.boot(self.pluton_hardware())
        _, handoff = loader.boot(self.pluton_hardware(), handoff)
        self.pluton = Pluton(self.pluton_hardware(), handoff)
        self.pluton.boot_monitor()
        port = self.chip.port("monitor")
        hardware = MonitorHardware(
            bus.FlashPort(port), self.clock, bus.UartPort(port), bus.WatchdogPort(port), bus.PinOwnershipPort(port),
            bus.ChipPort(port), bus.CoresPort(port), FACTS.FLASH_LAYOUT, tuple(FACTS.PINS),
        )  # fmt: skip
        self.monitor = Monitor(hardware, PlutonPort(self.pluton.gate("monitor")))
        self.monitor.boot()
        self.smc = MonitorPort(self.monitor.gate("kernel"))
        port = self.chip.port("kernel")
        hardware = Hardware(self.clock, bus.UartPort(port), bus.GpioPort(port), bus.NetworkPort(port), self.tasks, self.config,
                            buses=bus.BusesPort(port), uarts=bus.serial_ports(port), pwm=bus.PwmPort(port))  # fmt: skip
        self.kernel = Kernel(hardware, self.smc, split(self.chip.started[-1][1]), self.observe)
        self.kernel.boot()
        return self.kernel

    def run(self, seconds, step_limit=100_000):
        """Let virtual time pass: apps, kernel, and then the clock to the next wake-up."""
        end = self.clock.uptime_us() + int(seconds * 1_000_000)
        for _ in range(step_limit):
            self.tasks.turn()
            due = self.kernel.step()
            if self.tasks.turn():
                continue
            now = self.clock.uptime_us()
            if now >= end:
                return
            edge = self.chip.waves.next_us()
            self.clock.advance_us(min([time for time in (due, edge, end) if time is not None]) - now)
            self.chip.waves.poll()
            self.chip.watchdog.poll(self.clock.uptime_us())
        raise AssertionError("too many steps")

    def app(self, name="probe"):
        """The newest task with this name."""
        return [task for task in self.tasks.tasks if task.name == name][-1]

    def process(self, name="probe"):
        return self.kernel.applications.processes[component_of(name)]

    def log(self):
        """Everything the debug UART has said."""
        self.log_text += self.chip.uarts[0].take().decode()
        return self.log_text

    def events(self, kind):
        return [event for event in self.kernel.journal.events if event["kind"] == kind]

    def stage(self, package):
        handle = self.smc.open_for_staging(len(package))
        for at in range(0, len(package), 4000):
            self.smc.write_block(handle, at, package[at : at + 4000])
        return self.smc.commit_staging(handle)

    def install(self, package):
        """Install a package and have the kernel run it."""
        component, _, _ = self.stage(package)
        self.smc.install_staged()
        self.kernel.applications.replace(component)


def split(load):
    """The packages of a load."""
    packages, at = [], 0
    while at < len(load):
        end = at + 4 + int.from_bytes(load[at : at + 4], "little")
        packages.append(load[at + 4 : end])
        at = end
    return packages
