"""System calls: what one process may do, one method for each call of `abi`.

A method that opens asks `Capabilities`; a method that uses a handle asks only `Handles`. The table
is built once per run of a process.
"""

from __future__ import annotations

import struct

from ..wire.call import BULK, LATER
from ..wire.fault import Again, Busy, Fault, Invalid, NotFound
from . import abi
from .process import STOPPING, Wait
from .storage import PackageFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..hal.interface import Clock
    from ..monitor.port import MonitorPort
    from ..wire.manifest import Manifest
    from .buses import Buses
    from .credentials import Credentials
    from .intercore import Intercore
    from .journal import Journal
    from .pins import Pins
    from .process import Process
    from .storage import Storage
    from .streams import Streams


POLLED = ("pin", "stream", "uart")  # kinds of things that must be looked at
TIMED = ("i2c", "spi")  # that know when they have something to tell


class Means:
    """What the system calls of every process work with. `attend()` wakes the kernel's step; `sharers()` is how
    many apps share the network; `manifest_of(component)` that of an app, or None."""

    def __init__(
        self, clock: Clock, monitor: MonitorPort, journal: Journal, pins: Pins, buses: Buses, storage: Storage,
        streams: Streams, credentials: Credentials, roots: bytes,
        attend: Callable[[], None], sharers: Callable[[], int],
        intercore: Intercore, manifest_of: Callable[[bytes], Manifest | None],
    ) -> None:  # fmt: skip
        self.clock = clock
        self.monitor = monitor
        self.journal = journal
        self.pins = pins
        self.buses = buses
        self.storage = storage
        self.streams = streams
        self.credentials = credentials
        self.roots = roots
        self.attend = attend
        self.sharers = sharers
        self.intercore = intercore
        self.manifest_of = manifest_of


class Syscalls:
    """The calls of one run of `process`."""

    def __init__(self, process: Process, means: Means) -> None:
        self._process = process
        self._handles = process.handles
        self._capabilities = process.capabilities
        self._means = means

    def table(self) -> dict[Any, Callable[..., Any]]:
        """For `wire.call.Gate`."""
        table = self._bus_table()
        table.update({
            abi.EXIT: self.exit, abi.LOG: self.log, abi.WAIT: self.wait, abi.CLOCK: self.clock,
            abi.CLOSE: self.close, abi.CRASHED: self.crashed, abi.RANDOM: self._means.monitor.read_rng,
            abi.GPIO_OPEN_OUTPUT: self.gpio_open_output, abi.GPIO_OPEN_INPUT: self.gpio_open_input,
            abi.GPIO_GET: self.gpio_get, abi.GPIO_SET: self.gpio_set,
            abi.STORAGE_OPEN: self.storage_open, abi.STORAGE_DELETE: self.storage_delete,
            abi.PACKAGE_OPEN: self.package_open, abi.FILE_READ: self.file_read,
            abi.FILE_WRITE: self.file_write, abi.FILE_TRUNCATE: self.file_truncate,
            abi.NET_CONNECT: self.net_connect, abi.NET_SEND: self.net_send,
            abi.NET_RECEIVE: self.net_receive,
            abi.IS_DEVICE_AUTH_READY: self.is_device_auth_ready,
            abi.DEVICE_AUTH_CERTIFICATE: self.device_auth_certificate,
            abi.DEVICE_AUTH_SIGN: self.device_auth_sign, abi.TRUSTED_ROOTS: self.trusted_roots,
            abi.APP_CONNECT: self.app_connect, abi.APP_SEND: self.app_send, abi.APP_RECEIVE: self.app_receive,
        })  # fmt: skip
        return table

    def _bus_table(self) -> dict[Any, Callable[..., Any]]:
        get = self._handles.get
        return {
            abi.I2C_OPEN: self.i2c_open, abi.SPI_OPEN: self.spi_open,
            abi.UART_OPEN: self.uart_open, abi.ADC_OPEN: self.adc_open,
            abi.I2C_CONFIGURE: lambda handle, *values: get(handle, "i2c").configure(*values),
            abi.I2C_BEGIN: lambda handle, *values: get(handle, "i2c").begin(*values),
            abi.I2C_RESULT: lambda handle: get(handle, "i2c").fetch(),
            abi.SPI_CONFIGURE: lambda handle, *values: get(handle, "spi").configure(*values),
            abi.SPI_BEGIN: lambda handle, *values: get(handle, "spi").begin(*values),
            abi.SPI_RESULT: lambda handle: get(handle, "spi").fetch()[2],
            abi.UART_WRITE: lambda handle, data: get(handle, "uart").write(data),
            abi.UART_READ: lambda handle, length: get(handle, "uart").read(length),
            abi.PWM_OPEN: self.pwm_open, abi.PWM_APPLY: lambda handle, *values: get(handle, "pwm").apply(*values),
            abi.ADC_REFERENCE: lambda handle, *values: get(handle, "adc").refer(*values),
            abi.ADC_POLL: lambda handle, channel: get(handle, "adc").poll(channel),
        }

    # -- the app itself ----------------------------------------------------------------------------

    def exit(self, code: int) -> None:
        self._process.exit_code = code
        self._means.attend()

    def crashed(self, report: str) -> None:
        if not self._process.report:  # the first words are the true ones
            self._process.report = report
            self._means.journal.app_line(self._process.program.name, self._process.allowance, report)

    def log(self, text: str) -> None:
        self._means.journal.app_line(self._process.program.name, self._process.allowance, text)

    def clock(self) -> tuple[int, int]:
        clock = self._means.clock
        return clock.uptime_us(), clock.unix_ms()

    def close(self, handle: int) -> None:
        self._handles.close(handle)

    def wait(self, timeout_ms: int, handles: bytes) -> Any:
        """The event that is due now, or LATER: `look` finds it then."""
        process = self._process
        if process.wait is not None:
            raise Busy("this app is waiting already", "kernel", "wait.one")
        if len(handles) % 2:
            raise Invalid("half a handle", "kernel", "wait.handles")
        now_us = self._means.clock.uptime_us()
        numbers = list(struct.unpack("<{}H".format(len(handles) // 2), handles))
        things: list[Any] = [self._handles.find(number) for number in numbers]  # Any: TIMED says which have a due time
        due_us = now_us + timeout_ms * 1000
        times = [thing.due_us for thing in things if thing.kind in TIMED and thing.due_us is not None]
        wait = Wait(numbers, due_us, bool([1 for thing in things if thing.kind in POLLED]), min([due_us] + times))
        event = look(process, wait, now_us)
        if event is not None:
            return event
        process.wait = wait
        self._means.attend()
        return LATER

    # -- pins ----------------------------------------------------------------------------------------

    def gpio_open_output(self, pin: int, mode: int, level: int) -> int:
        self._capabilities.require_gpio(pin)
        self._handles.require_room()
        return self._handles.add(self._means.pins.open(self._process.component, pin, mode, level))

    def gpio_open_input(self, pin: int) -> int:
        self._capabilities.require_gpio(pin)
        self._handles.require_room()
        return self._handles.add(self._means.pins.open(self._process.component, pin, None))

    def gpio_get(self, handle: int) -> Any:
        return self._handles.get(handle, "pin").read()

    def gpio_set(self, handle: int, level: int) -> None:
        self._handles.get(handle, "pin").write(level)

    # -- buses ---------------------------------------------------------------------------------------

    def i2c_open(self, unit: int) -> int:
        return self._bus("i2c_master", "ISU" + str(unit), lambda buses, owner: buses.i2c(owner, unit))

    def spi_open(self, unit: int, line: int, polarity: int) -> int:
        return self._bus("spi_master", "ISU" + str(unit), lambda buses, owner: buses.spi(owner, unit, line, polarity))

    def uart_open(self, unit: int, *settings: int) -> int:
        return self._bus("uart", "ISU" + str(unit), lambda buses, owner: buses.uart(owner, unit, *settings))

    def adc_open(self, controller: int) -> int:
        return self._bus("adc", "ADC-CONTROLLER-" + str(controller), lambda buses, owner: buses.adc(owner))

    def pwm_open(self, controller: int) -> int:
        return self._bus("pwm", "PWM-CONTROLLER-" + str(controller), lambda buses, owner: buses.pwm(owner, controller))

    def _bus(self, line: str, value: str, opened: Callable[[Buses, bytes], Any]) -> int:
        """A handle to what line `line` of the manifest must name as `value`."""
        self._capabilities.require_block(line, value)
        self._handles.require_room()
        return self._handles.add(opened(self._means.buses, self._process.component))

    # -- files ----------------------------------------------------------------------------------------

    def storage_open(self) -> tuple[int, int]:
        quota = self._capabilities.require_storage()
        self._handles.require_room()
        file = self._means.storage.open(self._process.component, quota)
        self._means.attend()
        return self._handles.add(file), file.size

    def storage_delete(self) -> None:
        self._capabilities.require_storage()
        self._means.storage.delete(self._process.component)

    def package_open(self, path: str) -> tuple[int, int]:
        """A path is as in Storage_OpenFileInImagePackage: from the package's root, no leading `/` or
        `.`, no part that is `..`."""
        if path[:1] in ("", "/", ".") or [part for part in path.split("/") if part in ("", ".", "..")]:
            fault = Invalid(
                repr(path) + " is not a path within the package", "kernel", "package.path",
                remedy="name it from the package's root, such as assets/logo.bin",
            )  # fmt: skip
            self._means.journal.denied(self._process.component, fault)
            raise fault
        files = self._process.program.files
        if path not in files.paths():
            raise NotFound("no file " + repr(path) + " in the package", "kernel", "package.path")
        self._handles.require_room()
        file = PackageFile(files.read(path))
        return self._handles.add(file), file.size

    def file_read(self, handle: int, offset: int, length: int) -> Any:
        return self._handles.get(handle, "file").read(offset, length)

    def file_write(self, handle: int, offset: int, data: bytes) -> None:
        self._handles.get(handle, "file").write(offset, data)
        self._means.attend()

    def file_truncate(self, handle: int, size: int) -> None:
        self._handles.get(handle, "file").truncate(size)
        self._means.attend()

    # -- network ------------------------------------------------------------------------------------

    def net_connect(self, host: str, port: int) -> int:
        self._capabilities.require_host(host)
        self._handles.require_room()
        means = self._means
        return self._handles.add(means.streams.open(self._process.component, host, port, means.sharers()))

    def net_send(self, handle: int, data: bytes) -> Any:
        return self._handles.get(handle, "stream").send(data)

    def net_receive(self, handle: int, length: int) -> Any:
        return self._handles.get(handle, "stream").receive(length)

    # -- real-time apps -------------------------------------------------------------------------------

    def app_connect(self, component: bytes) -> int:
        """Both manifests are asked, and that of the other app is the one it runs with."""
        means = self._means
        self._capabilities.require_application(component, means.manifest_of(component))
        self._handles.require_room()
        return self._handles.add(means.intercore.connect(self._process.component, component))

    def app_send(self, handle: int, data: bytes) -> None:
        self._handles.get(handle, "connection").send(data)

    def app_receive(self, handle: int) -> Any:
        return self._handles.get(handle, "connection").receive()

    # -- device authentication ------------------------------------------------------------------------

    def is_device_auth_ready(self) -> int:
        tenant = self._capabilities.require_tenant()
        return int(self._means.credentials.tenant_chain(tenant) is not None)

    def device_auth_certificate(self, offset: int) -> tuple[int, bytes]:
        return part(self._chain(), offset)

    def device_auth_sign(self, digest: bytes) -> bytes:
        """Only with the tenant of the app's own manifest: an app cannot name another."""
        return self._means.monitor.sign_with_tenant_key(self._capabilities.require_tenant(), digest)

    def trusted_roots(self, offset: int) -> tuple[int, bytes]:
        return part(self._means.roots, offset)

    def _chain(self) -> bytes:
        chain = self._means.credentials.tenant_chain(self._capabilities.require_tenant())
        if chain is None:
            raise Again(
                "the service has not given this app a certificate yet", "kernel", "device_auth.ready",
                remedy="wait until is_device_auth_ready",
            )  # fmt: skip
        return chain


def part(whole: bytes, offset: int) -> tuple[int, bytes]:
    """(length of the whole, at most BULK bytes from `offset`)."""
    return len(whole), whole[offset : offset + BULK]


def look(process: Process, wait: Wait, now_us: int) -> tuple[int, int] | None:
    """(event, handle) that ends the wait, or None. STOP comes first, then the handles in their order."""
    if process.state == STOPPING and not process.is_stop_told:
        process.is_stop_told = True
        return abi.STOP, 0
    for handle in wait.handles:
        event = _event(process, handle)
        if event:
            return event, handle
    return (abi.TIMEOUT, 0) if now_us >= wait.due_us else None


def _event(process: Process, handle: int) -> int:
    try:
        return process.handles.find(handle).event()
    except Fault:
        return abi.CLOSED  # its device is gone, or somebody closed it meanwhile
