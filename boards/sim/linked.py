"""A device in one process: every ring linked, time virtual, entropy seeded.

The rings are constructed from the installed package, but they boot as in boxes: the same flash is
verified and measured in the same order, and every request crosses its gate as bytes. Nothing moves
unless `run` is called, so two runs with the same seed are the same to the last crossing. Portable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.apps.runtime.app import App
from armillary.hal import port
from armillary.hal.abi import WINDOW
from armillary.hal.sim.power import ChipReset, PowerLost
from armillary.kernel import hardware as kernel_hardware
from armillary.kernel.core import Kernel
from armillary.monitor import hardware as monitor_hardware
from armillary.monitor.core import Monitor
from armillary.monitor.port import MonitorPort
from armillary.pluton import hardware as pluton_hardware
from armillary.pluton import loader, rom
from armillary.pluton.core import Pluton
from armillary.pluton.port import PlutonPort
from armillary.wire.call import Port
from armillary.wire.fault import Closed, Failed, Fault

from . import facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from armillary.hal.sim.silicon import Silicon
    from armillary.wire.call import Gate

    Observe = Callable[[str, str, Any, tuple[Any, ...], Any], None]

MOST_RESETS = 4  # in a row, without a second of quiet between
RUNNING, ENDED = 1, 2
MOST_TURNS = 100  # in a row, apps always ready: one that takes more does not sleep
REAL_TIME_US = 10_000  # that the real-time cores run at most before the kernel gets a turn
TURN_US = 1000  # what every further one costs, so that time passes in spite of such an app


def split_load(code: bytes) -> list[bytes]:
    """The packages of a load: each has its length (u32) before it."""
    packages, at = [], 0
    while at < len(code):
        end = at + 4 + int.from_bytes(code[at : at + 4], "little")
        packages.append(code[at + 4 : end])
        at = end
    return packages


class LinkedTask:
    """An app as the kernel sees it, and its coroutine."""

    def __init__(self, name: str, package: bytes, gate: Gate) -> None:
        self.name = name
        self.app: App | None = None
        self.reply: bytes | None = None
        self.is_ready = True
        self.is_forgotten = False
        self._gate = gate
        self._package = package

    def status(self) -> tuple[int, int, int]:
        """(state, exit code, signal)."""
        if self.app is None or self.app.exit_code is None:
            return RUNNING, 0, 0
        return ENDED, self.app.exit_code, 0

    def end(self) -> None:
        """End it now. Its `finally` clauses run, as Python has it, but nothing they ask for is done."""
        self.is_forgotten = True
        self.is_ready = False
        if self.app is not None:
            self.app.close()

    def resume(self) -> None:
        """Run the app until it waits or ends."""
        self.is_ready = False
        if self.app is None:
            self.app = App(self._package, self._cross)
        request = self.app.resume(self.reply)
        self.reply = None
        if request is not None and not self.is_forgotten:
            reply = self._gate(request)
            if reply is not None:
                self.answer(reply)

    def answer(self, reply: bytes) -> None:
        """The reply that the app waits for."""
        self.reply = reply
        self.is_ready = True

    def _cross(self, request: bytes) -> bytes:
        """The app's way into the kernel, which ends with the task."""
        reply = self._gate.refuse(request[1], Closed("the task has ended")) if self.is_forgotten else self._gate(request)
        return reply or b""  # only `wait` is put off, and that one is not sent this way


class LinkedTasks:
    """hal.interface.Tasks in this process: apps run when the board lets them, in order of their start."""

    def __init__(self) -> None:
        self.all: list[LinkedTask] = []

    def start(self, name: str, code: bytes, memory_kib: int, cpu_ms: int, gate: Gate) -> LinkedTask:
        """A task for the app in the second package of `code`; it runs at the next `run_ready`."""
        task = LinkedTask(name, split_load(code)[1], gate)
        self.all.append(task)
        return task

    def reply(self, task: LinkedTask, reply: bytes) -> None:
        """Send the reply that was put off."""
        task.answer(reply)

    def run_ready(self) -> bool:
        """Let every app that can go on do so once. Whether there was one."""
        ready = [task for task in self.all if task.is_ready]
        for task in ready:
            task.resume()
        self.all = [task for task in self.all if task.status()[0] == RUNNING and not task.is_forgotten]
        return bool(ready)


class LinkedDevice:
    """A device over a chip's models. `config` replaces entries of the kernel's; `observe(ring, caller,
    call, arguments, fault)` sees every gate crossing."""

    def __init__(self, silicon: Silicon, config: dict[str, Any] | None = None, observe: Observe | None = None) -> None:
        self.silicon = silicon
        self.is_on = False
        self._config = config
        self._observe = observe
        if observe is not None:
            silicon.on_refused = lambda master, fault: observe("hal", master, None, (), fault)
        self._said = b""
        self.tasks = LinkedTasks()
        self._resets = 0
        self._last_reset_us = 0
        self._turns = 0

    def power_on(self) -> None:
        """Boot until the kernel's daemons are up. Raises Failed if the device does not boot."""
        self.silicon.power_on()
        self.is_on = True
        self._resets = 0
        self._guarded(self._boot)

    def power_off(self) -> None:
        """Cut the power."""
        self.silicon.power_off()
        self._down()

    def close(self) -> None:
        """Power off and let go of the apps. A device that is dropped without leaves their coroutines behind."""
        self.power_off()

    def run(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass."""
        self.run_until(None, seconds)

    def run_until(self, is_there: Callable[[], bool] | None, seconds: float) -> bool:
        """Let time pass until `is_there()`; False if it was not within `seconds`."""
        clock = self.silicon.clock
        end = clock.uptime_us() + int(seconds * 1_000_000)
        while self.is_on:
            if is_there is not None and is_there():
                return True
            due = self._guarded(self._step)
            now = clock.uptime_us()
            if now >= end:
                break
            dues = [time for time in (due, self.silicon.waves.next_us(), end) if time is not None]
            pause = self._pause_us(now, min(dues))
            clock.advance_us(self._real_time(now, pause))
            self.silicon.waves.poll()
            self._guarded(self.silicon.watchdog.poll)
        return is_there is not None and is_there()

    def _pause_us(self, now: int, due: int) -> int:
        """How far time moves on until the next turn, at the latest to `due`."""
        if any([task.is_ready for task in self.tasks.all]):
            self._turns += 1
            return TURN_US if self._turns > MOST_TURNS else 0
        self._turns = 0
        return max(0, due - now)

    def _real_time(self, now: int, pause: int) -> int:
        """Let the real-time cores run in the meantime. How long it was: less if they interrupted the kernel."""
        cores = self.silicon.realtime
        if not pause or not cores.is_running:
            return pause
        reached: int = cores.run(now + min(pause, REAL_TIME_US))
        return reached - now

    def uart(self) -> str:
        """What the debug UART said since the device was made."""
        self._said += self.silicon.uarts[0].take()
        return bytes(self._said).decode()

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """Do something on the device's own time: a reset boots it again, a power cut ends it."""
        try:
            return action()
        except ChipReset:
            self._reset()
            return self.silicon.clock.uptime_us()  # look again at once
        except (PowerLost, Fault):
            self._down()
            raise

    def _reset(self) -> None:
        now = self.silicon.clock.uptime_us()
        self._resets = self._resets + 1 if now - self._last_reset_us < 1_000_000 else 1
        self._last_reset_us = now
        if self._resets > MOST_RESETS:
            self.power_off()
            raise Failed("the device resets again and again: it stays down")
        self._down()
        self.is_on = True
        self._guarded(self._boot)

    def _down(self) -> None:
        self.is_on = False
        for task in list(self.tasks.all):
            task.end()
        self.tasks.all = []

    def _step(self) -> int | None:
        self.tasks.run_ready()
        self.silicon.rail.require()  # an app that caught PowerLost has not brought the power back
        due: int | None = self.kernel.step()
        return due

    def _boot(self) -> None:
        self.tasks = LinkedTasks()
        del self.silicon.started[:]
        self._bulky: list[Any] = []
        self._window = bytearray(WINDOW)  # one for both: in one process it keeps nobody apart
        hardware = self._pluton_hardware()
        _, handoff = rom.boot(hardware)
        _, handoff = loader.boot(hardware, handoff)
        self.pluton = Pluton(hardware, handoff)
        self.pluton.boot_monitor()
        self._start_monitor()
        self._start_kernel(split_load(self.silicon.started.pop()[1]))
        for bulky in self._bulky:  # a fleet has many devices, and one window is larger than a device
            bulky.window = None
        self._window = bytearray()

    def _start_monitor(self) -> None:
        self.pluton_port = PlutonPort(self.pluton.gate("monitor", self._observer("pluton")))
        self.monitor = Monitor(self._monitor_hardware(), self.pluton_port)
        self.monitor.boot()

    def _start_kernel(self, packages: list[bytes]) -> None:
        self.monitor_port = MonitorPort(self.monitor.gate("kernel", self._observer("monitor")))
        self.kernel = Kernel(self._kernel_hardware(), self.monitor_port, packages, self._observer("kernel"))
        self.kernel.boot()

    def _observer(self, ring: str) -> Any:
        if self._observe is None:
            return None
        observe = self._observe
        return lambda caller, call, arguments, fault: observe(ring, caller, call, arguments, fault)

    def _bus(self, master: str, window: bytearray | None = None) -> Port:
        return Port(self.silicon.gate(master, self._observer("hal"), window))

    def _bulk(self, master: str) -> tuple[Port, port.FlashPort, port.CoresPort]:
        """The bus port of a master that moves images, and its two clients that do so by a DMA window."""
        bus = self._bus(master, self._window)
        flash, cores = port.FlashPort(bus, self._window), port.CoresPort(bus, self._window)
        self._bulky += [flash, cores]
        return bus, flash, cores

    def _pluton_hardware(self) -> pluton_hardware.Hardware:
        bus, flash, cores = self._bulk("pluton")
        return pluton_hardware.Hardware(
            flash, port.FusesPort(bus), port.EntropyPort(bus), self.silicon.clock,
            port.UartPort(bus), port.ChipPort(bus), cores, facts.FLASH_LAYOUT,
        )  # fmt: skip

    def _monitor_hardware(self) -> monitor_hardware.Hardware:
        bus, flash, cores = self._bulk("monitor")
        return monitor_hardware.Hardware(
            flash, self.silicon.clock, port.UartPort(bus), port.WatchdogPort(bus),
            port.PinOwnershipPort(bus), port.ChipPort(bus), cores, facts.FLASH_LAYOUT, facts.PINS,
        )  # fmt: skip

    def _kernel_hardware(self) -> kernel_hardware.Hardware:
        bus = self._bus("kernel")
        return kernel_hardware.Hardware(
            self.silicon.clock, port.UartPort(bus), port.GpioPort(bus), port.NetworkPort(bus), self.tasks, self._config,
            port.IntercorePort(bus), port.BusesPort(bus), port.serial_ports(bus), port.PwmPort(bus),
        )  # fmt: skip
