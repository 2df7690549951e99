"""Bus: every device behind one gate per bus master, with the firewall in between.

A gate belongs to one master for ever: who asks is known from the channel it came by. The order of
checks is: the call's callers, its layout, the device's own bounds, the firewall, the device's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire import blocks
from ...wire.call import Gate
from ...wire.fault import Denied, Fault, Invalid, NoDevice
from .. import abi
from .firewall import MASTERS, READ, REAL_TIME_CORES, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ...wire.call import Call
    from ..interface import Chip, Clock, Entropy, Fuses, Network, Watchdog
    from .firewall import Firewall
    from .flash import Flash
    from .gpio import GpioBank
    from .hosts import CoreHost, RealTimeHost, TaskHost
    from .masters import Masters
    from .uart import Uart
    from .waves import Waves

    Window = bytearray | memoryview  # or a memory map
    Observer = Callable[[str, Call | None, tuple[Any, ...], Fault | None], None]


class Bus:
    """The devices of a chip. A device that is None is not on this board: its calls raise NoDevice.

    `on_denied(master, call, arguments, fault)` is told of every Denied at any gate.
    """

    def __init__(
        self, firewall: Firewall, *, flash: Flash | None = None, fuses: Fuses | None = None,
        entropy: Entropy | None = None, clock: Clock | None = None, uarts: Mapping[int, Uart] | None = None,
        watchdog: Watchdog | None = None, chip: Chip | None = None, gpio: GpioBank | None = None,
        cores: CoreHost | None = None, tasks: TaskHost | None = None, network: Network | None = None,
        realtime: RealTimeHost | None = None, masters: Masters | None = None, waves: Waves | None = None,
        on_denied: Observer | None = None,
    ) -> None:  # fmt: skip
        self.firewall = firewall
        self.uarts = dict(uarts or {})
        self.on_denied = on_denied
        self._devices: dict[str, Any] = {  # Any: each device has its own protocol
            "flash": flash, "fuses": fuses, "entropy": entropy, "clock": clock, "watchdog": watchdog,
            "reset": chip, "gpio": gpio, "cores": cores, "tasks": tasks, "network": network,
            "real-time cores": realtime, "masters": masters, "waves": waves,
        }  # fmt: skip

    def device(self, name: str) -> Any:
        """The device `name`. Raises NoDevice."""
        if self._devices[name] is None:
            raise NoDevice("this board has no " + name)
        return self._devices[name]

    def cores(self, core: int) -> CoreHost:
        """What runs `core`. Raises NoDevice."""
        host: CoreHost = self.device("real-time cores" if core in REAL_TIME_CORES else "cores")
        return host

    def pin_moved(self, pin: int) -> None:
        """Another master owns `pin` now: what its former owner had set up is undone."""
        self.end_wave(pin)
        self.device("gpio").release(pin)
        if self._devices["real-time cores"] is not None:
            self._devices["real-time cores"].pin_moved(pin)

    def end_wave(self, pin: int) -> None:
        """Whatever PWM did with `pin` is over."""
        if self._devices["waves"] is not None:
            self._devices["waves"].stop(pin)

    def gate(self, master: str, observe: Observer | None = None, window: Window | None = None) -> Gate:
        """The gate of bus master "pluton", "monitor" or "kernel". Raises Invalid for any other.

        `window` is the master's DMA window: memory that only this master and the bus share.
        """
        if master not in MASTERS:
            raise Invalid("no bus master " + master)
        return Gate("hal", master, _table(self, master, window), self._watching(observe))

    def _watching(self, observe: Observer | None) -> Observer:
        def watch(master: str, call: Call | None, arguments: tuple[Any, ...], fault: Fault | None) -> None:
            if isinstance(fault, Denied) and self.on_denied is not None:
                self.on_denied(master, call, arguments, fault)
            if observe is not None:
                observe(master, call, arguments, fault)

        return watch


def _table(bus: Bus, master: str, window: Window | None) -> dict[Call, Callable[..., Any]]:
    """Which method does which call, for one master."""
    table: dict[Call, Callable[..., Any]] = {}
    for part in (_Memory(bus, master), _Lines(bus, master), _Pins(bus, master), _Running(bus, master), _RealTime(bus, master),
                 _Buses(bus, master)):  # fmt: skip
        table.update(part.calls())
    table.update(_Bulk(bus, master, window).calls())
    for call, name, method in (
        (abi.FUSE_READ, "fuses", "read"), (abi.FUSE_BLOW, "fuses", "blow"),
        (abi.ENTROPY_READ, "entropy", "read"),
        (abi.WATCHDOG_START, "watchdog", "start"), (abi.WATCHDOG_TEND, "watchdog", "tend"),
        (abi.RESET, "reset", "reset"),
        (abi.TASK_CREATE, "tasks", "task_create"), (abi.TASK_LOAD, "tasks", "task_load"),
        (abi.TASK_START, "tasks", "task_start"), (abi.TASK_STATUS, "tasks", "task_status"),
        (abi.TASK_END, "tasks", "task_end"),
        (abi.NET_OPEN, "network", "open"), (abi.NET_STATUS, "network", "status"),
        (abi.NET_SEND, "network", "send"), (abi.NET_RECEIVE, "network", "receive"),
        (abi.NET_CLOSE, "network", "close"),
    ):  # fmt: skip
        table[call] = _whole(bus, master, name, method)
    return table


def _whole(bus: Bus, master: str, name: str, method: str) -> Callable[..., Any]:
    """A call of a device that the firewall gives a master whole or not at all."""

    def call(*arguments: Any) -> Any:
        bus.firewall.device(master, name)
        return getattr(bus.device(name), method)(*arguments)

    return call


class _Part:
    """Some calls of one master's gate."""

    def __init__(self, bus: Bus, master: str) -> None:
        self.bus = bus
        self.firewall = bus.firewall
        self.master = master


class _Memory(_Part):
    """Flash by range, fuse locks by kind."""

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {
            abi.FLASH_GEOMETRY: self.geometry,
            abi.FLASH_READ: self.read,
            abi.FLASH_PROGRAM: self.program,
            abi.FLASH_ERASE: self.erase,
            abi.FUSE_LOCK: self.fuse_lock,
        }

    def geometry(self) -> tuple[int, int, int]:
        flash = self.bus.device("flash")
        self.firewall.flash(self.master, READ, 0, 0)
        return flash.size, flash.sector, flash.page

    def read(self, offset: int, length: int) -> bytes:
        flash = self._flash(READ, offset, length)
        data: bytes = flash.read(offset, length)
        return data

    def program(self, offset: int, data: bytes) -> None:
        self._flash(WRITE, offset, len(data)).program(offset, data)

    def erase(self, offset: int) -> None:
        self._flash(WRITE, offset, self.bus.device("flash").sector).erase(offset)

    def fuse_lock(self, row: int, kind: int) -> None:
        self.firewall.device(self.master, "fuses")
        fuses = self.bus.device("fuses")
        (fuses.lock_read, fuses.lock_write)[kind - 1](row)

    def _flash(self, right: str, offset: int, length: int) -> Any:
        flash = self.bus.device("flash")
        flash.check(offset, length)
        self.firewall.flash(self.master, right, offset, length)
        return flash


class _Lines(_Part):
    """The clock and the serial lines."""

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {abi.CLOCK_READ: self.clock, abi.UART_WRITE: self.write, abi.UART_READ: self.read, abi.UART_CONFIGURE: self.configure}

    def clock(self) -> tuple[int, int]:
        self.firewall.device(self.master, "clock")
        clock = self.bus.device("clock")
        return clock.uptime_us(), clock.unix_ms()

    def write(self, port: int, data: bytes) -> None:
        self._uart(WRITE, port).write(data, self.master)

    def read(self, port: int, length: int) -> bytes:
        return self._uart(READ, port).read(length)

    def configure(self, port: int, *settings: int) -> None:
        self._uart(WRITE, port).configure(*settings)

    def _uart(self, right: str, port: int) -> Uart:
        self.firewall.uart(self.master, right, port)
        if port not in self.bus.uarts:
            raise NoDevice("no UART " + str(port))
        return self.bus.uarts[port]


class _Pins(_Part):
    """Pins by owner, and the owners."""

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {
            abi.GPIO_CONFIGURE: self.configure,
            abi.GPIO_READ: self.read,
            abi.GPIO_WRITE: self.write,
            abi.GPIO_ASSIGN: self.assign,
            abi.GPIO_LOCK: self.lock,
        }

    def configure(self, pin: int, mode: int) -> None:
        gpio = self._gpio(pin)
        self.bus.end_wave(pin)
        gpio.configure(pin, mode)

    def read(self, pin: int) -> int:
        return self._gpio(pin).read(pin)

    def write(self, pin: int, level: int) -> None:
        self._gpio(pin).write(pin, level)

    def assign(self, pin: int, master: int) -> None:
        self.firewall.device(self.master, "pin owners")
        self.bus.device("gpio")
        before = self.firewall.owner(pin)
        self.firewall.assign(pin, master)
        if master != before:
            self.bus.pin_moved(pin)

    def lock(self) -> None:
        self.firewall.device(self.master, "pin owners")
        self.firewall.lock()

    def _gpio(self, pin: int) -> GpioBank:
        gpio: GpioBank = self.bus.device("gpio")
        self.firewall.pin(self.master, pin)
        return gpio


class _Buses(_Part):
    """The main core's masters, each for whoever owns the pins behind it."""

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {
            abi.I2C_TRANSFER: self._of(blocks.I2C, lambda masters: masters.i2c_transfer),
            abi.SPI_SELECT: self._of(blocks.SPI, lambda masters: masters.spi_select),
            abi.SPI_TRANSFER: self._of(blocks.SPI, lambda masters: masters.spi_transfer),
            abi.ADC_READ: self.adc_read,
            abi.PWM_APPLY: self.pwm_apply,
        }

    def adc_read(self, channel: int) -> int:
        self.firewall.block(self.master, blocks.ADC)
        value: int = self.bus.device("masters").adc_read(channel)
        return value

    def pwm_apply(self, controller: int, *arguments: int) -> None:
        self.firewall.block(self.master, blocks.PWM + controller)
        self.bus.device("waves").apply(controller, *arguments)

    def _of(self, first: int, method: Callable[[Masters], Callable[..., Any]]) -> Callable[..., Any]:
        """A call whose first argument is the number of a unit; `first` is the block of unit 0."""

        def call(unit: int, *arguments: Any) -> Any:
            self.firewall.block(self.master, first + unit)
            return method(self.bus.device("masters"))(unit, *arguments)

        return call


class _Running(_Part):
    """Cores, each started by one master."""

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {abi.CORE_LOAD: self.load, abi.CORE_START: self.start}

    def load(self, core: int, offset: int, data: bytes) -> None:
        self.firewall.core(self.master, core)
        self.bus.cores(core).core_load(core, offset, data)

    def start(self, core: int, length: int) -> None:
        self.firewall.core(self.master, core)
        self.bus.cores(core).core_start(core, length)


class _RealTime(_Part):
    """The real-time cores, and the main core's side of what it shares with them."""

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {
            abi.CORE_STOP: self._of("real-time cores", lambda host: host.core_stop),
            abi.CORE_GRANT: self._of("real-time cores", lambda host: host.core_grant),
            abi.CORE_SHARE: self._of("real-time cores", lambda host: host.core_share),
            abi.CORE_STATUS: self._of("real-time cores", lambda host: host.core_status),
            abi.CORE_REPORT: self._of("real-time cores", lambda host: host.core_report),
            abi.CORE_DENIAL: self._of("real-time cores", lambda host: host.core_denial),
            abi.MBOX_READ: self._of("intercore", lambda host: host.mailbox_read),
            abi.MBOX_WRITE: self._of("intercore", lambda host: host.mailbox_write),
            abi.SYSRAM_READ: self._of("intercore", lambda host: host.sysram_read),
            abi.SYSRAM_WRITE: self._of("intercore", lambda host: host.sysram_write),
        }

    def _of(self, name: str, method: Callable[[RealTimeHost], Callable[..., Any]]) -> Callable[..., Any]:
        """A call of the real-time cores, for masters that reach `name`."""

        def call(*arguments: Any) -> Any:
            self.firewall.device(self.master, name)
            host: RealTimeHost = self.bus.device("real-time cores")
            return method(host)(*arguments)

        return call


class _Bulk(_Part):
    """Copies between a device and the master's DMA window, under the same rules as the calls without."""

    def __init__(self, bus: Bus, master: str, window: Window | None) -> None:
        _Part.__init__(self, bus, master)
        self._window = window

    def calls(self) -> dict[Call, Callable[..., Any]]:
        return {
            abi.FLASH_FETCH: self.flash,
            abi.CORE_FETCH: self.core,
            abi.TASK_FETCH: self.task,
        }

    def flash(self, offset: int, length: int, at: int) -> None:
        flash = self.bus.device("flash")
        flash.check(offset, length)
        self.firewall.flash(self.master, READ, offset, length)
        window = self._part(at, length)
        memoryview(window)[at : at + length] = flash.read(offset, length)

    def core(self, core: int, offset: int, at: int, length: int) -> None:
        self.firewall.core(self.master, core)
        window = self._part(at, length)
        self.bus.cores(core).core_load(core, offset, bytes(memoryview(window)[at : at + length]))

    def task(self, task: int, offset: int, at: int, length: int) -> None:
        self.firewall.device(self.master, "tasks")
        window = self._part(at, length)
        self.bus.device("tasks").task_load(task, offset, bytes(memoryview(window)[at : at + length]))

    def _part(self, at: int, length: int) -> Any:
        """The window, if it has `length` bytes at `at`. Raises NoDevice, Invalid."""
        if self._window is None:
            raise NoDevice("no DMA window for " + self.master)
        if at + length > len(self._window):
            raise Invalid("the window has " + str(len(self._window)) + " bytes")
        return self._window
