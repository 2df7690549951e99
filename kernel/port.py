"""An app's side of the `syscall` gate: one method for each call of `kernel.abi`.

Every method raises the Fault that the kernel answered with. `wait` alone may be answered late, so
it comes in two halves: `wait_request` makes the bytes that the app's driver passes on, and
`wait_result` reads the reply.
"""

from __future__ import annotations

import struct

from ..wire.call import Port
from . import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class KernelPort(Port):
    """System calls over `link` (request bytes to reply bytes)."""

    def _ask(self, call: Any, *arguments: Any) -> Any:  # Any: the call's layout fixes the types
        return self.call(call, *arguments)

    # -- the app itself --------------------------------------------------------------------------

    def exit(self, code: int) -> None:
        """Say that the app ends with `code` (0..255)."""
        self._ask(abi.EXIT, code)

    def crashed(self, report: str) -> None:
        """Hand over the traceback of an uncaught exception."""
        self._ask(abi.CRASHED, report)

    def log(self, text: str) -> None:
        """Write a line of at most 1024 bytes to the device log."""
        self._ask(abi.LOG, text)

    def clock(self) -> tuple[int, int]:
        """(µs since power-on, ms since 1970)."""
        uptime_us, unix_ms = self._ask(abi.CLOCK)
        return uptime_us, unix_ms

    def random(self, length: int) -> bytes:
        """`length` (1..1024) random bytes."""
        return bytes(self._ask(abi.RANDOM, length))

    def close(self, handle: int) -> None:
        """Close a handle."""
        self._ask(abi.CLOSE, handle)

    def wait_request(self, timeout_ms: int, handles: Sequence[int] = ()) -> bytes:
        """The request that waits for `handles` (at most 32) or the time-out."""
        packed = b"".join([struct.pack("<H", handle) for handle in handles])
        request: bytes = self.request(abi.WAIT, (timeout_ms, packed))
        return request

    def wait_result(self, reply: bytes) -> tuple[int, int]:
        """(event, handle) of the reply to the last `wait_request`."""
        event, handle = self.result(abi.WAIT, reply)
        return event, handle

    # -- pins ------------------------------------------------------------------------------------

    def gpio_open_output(self, pin: int, mode: int, level: int) -> int:
        """A handle to drive `pin`. Raises Denied, Busy, NoDevice."""
        return int(self._ask(abi.GPIO_OPEN_OUTPUT, pin, mode, level))

    def gpio_open_input(self, pin: int) -> int:
        """A handle to read `pin`. Raises Denied, Busy, NoDevice."""
        return int(self._ask(abi.GPIO_OPEN_INPUT, pin))

    def gpio_get(self, handle: int) -> int:
        """The level, 0 or 1."""
        return int(self._ask(abi.GPIO_GET, handle))

    def gpio_set(self, handle: int, level: int) -> None:
        """Drive the pin."""
        self._ask(abi.GPIO_SET, handle, level)

    # -- files ------------------------------------------------------------------------------------

    def storage_open(self) -> tuple[int, int]:
        """(handle, size) of the app's mutable file. Raises Denied."""
        handle, size = self._ask(abi.STORAGE_OPEN)
        return handle, size

    def storage_delete(self) -> None:
        """Delete the mutable file. Raises NotFound, and Busy while it is open."""
        self._ask(abi.STORAGE_DELETE)

    def package_open(self, path: str) -> tuple[int, int]:
        """(handle, size) of a file in the app's image package. Raises NotFound, Invalid."""
        handle, size = self._ask(abi.PACKAGE_OPEN, path)
        return handle, size

    def file_read(self, handle: int, offset: int, length: int) -> bytes:
        """At most `length` (1..4000) bytes from `offset`; empty at the end."""
        return bytes(self._ask(abi.FILE_READ, handle, offset, length))

    def file_write(self, handle: int, offset: int, data: bytes) -> None:
        """Write at most 4000 bytes at `offset`. Raises Full beyond the quota."""
        self._ask(abi.FILE_WRITE, handle, offset, data)

    def file_truncate(self, handle: int, size: int) -> None:
        """Cut, or grow with zeros."""
        self._ask(abi.FILE_TRUNCATE, handle, size)

    # -- network ----------------------------------------------------------------------------------

    def net_connect(self, host: str, port: int) -> int:
        """A handle to a connection just begun. Raises Denied, Full, Unreachable."""
        return int(self._ask(abi.NET_CONNECT, host, port))

    def net_send(self, handle: int, data: bytes) -> int:
        """How many bytes were taken. Raises Again while connecting, Closed after the end."""
        return int(self._ask(abi.NET_SEND, handle, data))

    def net_receive(self, handle: int, length: int) -> tuple[bool, bytes]:
        """(still open, what has arrived)."""
        is_open, data = self._ask(abi.NET_RECEIVE, handle, length)
        return bool(is_open), data

    # -- real-time apps ---------------------------------------------------------------------------

    def app_connect(self, component: bytes) -> int:
        """A handle to a connection. Raises Denied, NotFound, Busy, NoDevice, Closed."""
        return int(self._ask(abi.APP_CONNECT, component))

    def app_send(self, handle: int, data: bytes) -> None:
        """Send a message of at most 1024 bytes. Raises Again while too much waits, Closed after the end."""
        self._ask(abi.APP_SEND, handle, data)

    def app_receive(self, handle: int) -> tuple[int, bytes]:
        """(0 nothing has come, 1 a message, 2 none will come; the message)."""
        state, data = self._ask(abi.APP_RECEIVE, handle)
        return int(state), bytes(data)

    # -- buses --------------------------------------------------------------------------------------

    def i2c_open(self, unit: int) -> int:
        """A handle to the I2C master of ISU `unit`. Raises Denied, Busy, NoDevice."""
        return int(self._ask(abi.I2C_OPEN, unit))

    def i2c_configure(self, handle: int, hz: int, timeout_ms: int) -> None:
        """Its clock and time-out; 0 leaves one as it is. Raises Invalid."""
        self._ask(abi.I2C_CONFIGURE, handle, hz, timeout_ms)

    def i2c_begin(self, handle: int, address: int, read_length: int, data: bytes) -> None:
        """Begin a transfer; READABLE tells its end. Raises Busy."""
        self._ask(abi.I2C_BEGIN, handle, address, read_length, data)

    def i2c_result(self, handle: int) -> tuple[int, int, bytes]:
        """(outcome, bytes acknowledged, bytes read). Raises Busy, OutOfOrder."""
        outcome, count, data = self._ask(abi.I2C_RESULT, handle)
        return int(outcome), int(count), bytes(data)

    def spi_open(self, unit: int, line: int, polarity: int) -> int:
        """A handle to the SPI master of ISU `unit` with a select line. Raises Denied, Busy, NoDevice."""
        return int(self._ask(abi.SPI_OPEN, unit, line, polarity))

    def spi_configure(self, handle: int, hz: int, mode: int, order: int) -> None:
        """Its clock, mode and bit order; 0 leaves one as it is. Raises Invalid."""
        self._ask(abi.SPI_CONFIGURE, handle, hz, mode, order)

    def spi_begin(self, handle: int, is_last: int, read_length: int, data: bytes) -> None:
        """Begin a transfer; READABLE tells its end. Raises Busy."""
        self._ask(abi.SPI_BEGIN, handle, is_last, read_length, data)

    def spi_result(self, handle: int) -> bytes:
        """What was read. Raises Busy, OutOfOrder."""
        return bytes(self._ask(abi.SPI_RESULT, handle))

    def uart_open(self, unit: int, baud: int, data_bits: int, parity: int, stop_bits: int, flow: int) -> int:
        """A handle to the UART of ISU `unit`. Raises Denied, Busy, NoDevice, Invalid."""
        return int(self._ask(abi.UART_OPEN, unit, baud, data_bits, parity, stop_bits, flow))

    def uart_write(self, handle: int, data: bytes) -> int:
        """How many bytes were taken."""
        return int(self._ask(abi.UART_WRITE, handle, data))

    def uart_read(self, handle: int, length: int) -> bytes:
        """What has arrived, at most `length` (1..4000) bytes."""
        return bytes(self._ask(abi.UART_READ, handle, length))

    def adc_open(self, controller: int) -> int:
        """A handle to the converter. Raises Denied, Busy, NoDevice."""
        return int(self._ask(abi.ADC_OPEN, controller))

    def adc_reference(self, handle: int, channel: int, millivolts: int) -> None:
        """What reads as full scale. Raises Invalid."""
        self._ask(abi.ADC_REFERENCE, handle, channel, millivolts)

    def adc_poll(self, handle: int, channel: int) -> int:
        """The 12-bit value of a channel now."""
        return int(self._ask(abi.ADC_POLL, handle, channel))

    def pwm_open(self, controller: int) -> int:
        """A handle to a PWM controller. Raises Denied, Busy, NoDevice."""
        return int(self._ask(abi.PWM_OPEN, controller))

    def pwm_apply(self, handle: int, channel: int, period_ns: int, duty_ns: int, is_inverted: int, is_enabled: int) -> None:
        """Pulses, or the level between them. Raises Invalid."""
        self._ask(abi.PWM_APPLY, handle, channel, period_ns, duty_ns, is_inverted, is_enabled)

    # -- device authentication ----------------------------------------------------------------------

    def is_device_auth_ready(self) -> bool:
        """Whether the app's certificate is there. Raises Denied."""
        return bool(self._ask(abi.IS_DEVICE_AUTH_READY))

    def device_auth_certificate(self) -> bytes:
        """The app's certificate chain, PEM. Raises Denied, Again."""
        return self._whole(lambda offset: self._ask(abi.DEVICE_AUTH_CERTIFICATE, offset))

    def device_auth_sign(self, digest: bytes) -> bytes:
        """Raw r||s with the app's tenant key over a SHA-256 digest. Raises Denied."""
        return bytes(self._ask(abi.DEVICE_AUTH_SIGN, digest))

    def trusted_roots(self) -> bytes:
        """The roots that servers are checked against, PEM."""
        return self._whole(lambda offset: self._ask(abi.TRUSTED_ROOTS, offset))

    def _whole(self, part: Callable[[int], tuple[int, bytes]]) -> bytes:
        total, data = part(0)
        out = bytearray(data)
        while data and len(out) < total:
            total, data = part(len(out))
            out.extend(data)
        return bytes(out)
