"""Ports: hardware as seen from the other side of the `bus` gate.

Each class satisfies its protocol of `hal.interface` over one `wire.call.Port`, whose link carries
the request to the gate. What is longer than a message goes in several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.call import BULK
from . import abi

if TYPE_CHECKING:
    from typing import Any

    from ..wire.call import Port

    Window = Any  # a DMA window: a bytearray, or a map of memory shared with the bus

MOST_ENTROPY = 1024  # bytes in one entropy_read


def pieces(length: int, most: int) -> list[tuple[int, int]]:
    """(start, length) of the pieces of at most `most` bytes that make up `length` bytes."""
    return [(start, min(most, length - start)) for start in range(0, length, most)]


class FlashPort:
    """Flash. `size`, `sector` and `page` are asked once, when it is made."""

    def __init__(self, port: Port, window: Window | None = None) -> None:
        self._port = port
        self.window = window
        self.size, self.sector, self.page = port.call(abi.FLASH_GEOMETRY)
        self._most = BULK // self.page * self.page or BULK

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`."""
        if length <= BULK:
            return bytes(self._port.call(abi.FLASH_READ, offset, length)) if length else b""
        if self.window is not None and length <= len(self.window):
            self._port.call(abi.FLASH_FETCH, offset, length, 0)
            return bytes(memoryview(self.window)[:length])  # our own copy: the window is shared with the bus
        parts = [self._port.call(abi.FLASH_READ, offset + at, size) for at, size in pieces(length, BULK)]
        return b"".join(parts)

    def program(self, offset: int, data: bytes) -> None:
        """Program `data`; messages end where a page ends, so no page is programmed in two operations."""
        at = 0
        while at < len(data):
            size = min(self._most - (offset + at) % self.page, len(data) - at)
            self._port.call(abi.FLASH_PROGRAM, offset + at, bytes(data[at : at + size]))
            at += size

    def erase(self, offset: int) -> None:
        """Erase the sector that begins at `offset`."""
        self._port.call(abi.FLASH_ERASE, offset)


class FusesPort:
    """Fuses."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def read(self, row: int) -> bytes:
        """The 32 bytes of `row`."""
        return bytes(self._port.call(abi.FUSE_READ, row))

    def blow(self, row: int, bits: bytes) -> None:
        """Set the bits that are set in `bits`."""
        self._port.call(abi.FUSE_BLOW, row, bits)

    def lock_read(self, row: int) -> None:
        """Hide `row` until the next reset."""
        self._port.call(abi.FUSE_LOCK, row, 1)

    def lock_write(self, row: int) -> None:
        """Freeze `row` for ever."""
        self._port.call(abi.FUSE_LOCK, row, 2)


class EntropyPort:
    """The raw noise source."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def read(self, length: int) -> bytes:
        """Raw noise: `length` bytes, or fewer if the source falls short."""
        parts = [self._port.call(abi.ENTROPY_READ, size) for _, size in pieces(length, MOST_ENTROPY)]
        return b"".join(parts)


class ClockPort:
    """The clock."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def uptime_us(self) -> int:
        """Microseconds since power-on."""
        return int(self._port.call(abi.CLOCK_READ)[0])

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return int(self._port.call(abi.CLOCK_READ)[1])


class UartPort:
    """UART `number`."""

    def __init__(self, port: Port, number: int = 0) -> None:
        self._port = port
        self.number = number

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        for at, size in pieces(len(data), BULK):
            self._port.call(abi.UART_WRITE, self.number, bytes(data[at : at + size]))

    def configure(self, baud: int, data_bits: int, parity: int, stop_bits: int, flow: int) -> None:
        """Settings of the line: parity 0 none, 1 even, 2 odd; flow control 0 none, 1 RTS/CTS. Not of port 0."""
        self._port.call(abi.UART_CONFIGURE, self.number, baud, data_bits, parity, stop_bits, flow)

    def read(self, length: int) -> bytes:
        """What has been received, at most `length` bytes."""
        out = bytearray()
        while len(out) < length:
            part = self._port.call(abi.UART_READ, self.number, min(BULK, length - len(out)))
            out.extend(part)
            if not part:
                break
        return bytes(out)


def serial_ports(port: Port) -> tuple[UartPort, ...]:
    """The UARTs of ISU0 to ISU4: ports 1 to 5."""
    return tuple([UartPort(port, unit + 1) for unit in range(5)])


class WatchdogPort:
    """The watchdog."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def start(self, timeout_ms: int) -> None:
        """Start it; it cannot be stopped."""
        self._port.call(abi.WATCHDOG_START, timeout_ms)

    def tend(self) -> None:
        """Begin the time-out anew."""
        self._port.call(abi.WATCHDOG_TEND)


class ChipPort:
    """The reset line."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def reset(self, reason: int) -> None:
        """Reset the chip."""
        self._port.call(abi.RESET, reason)


class GpioPort:
    """Pins the caller owns."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def configure(self, pin: int, mode: int) -> None:
        """Mode: 0 input, 1 push-pull, 2 open drain, 3 open source."""
        self._port.call(abi.GPIO_CONFIGURE, pin, mode)

    def read(self, pin: int) -> int:
        """The level at `pin`."""
        return int(self._port.call(abi.GPIO_READ, pin))

    def write(self, pin: int, level: int) -> None:
        """Drive output `pin`."""
        self._port.call(abi.GPIO_WRITE, pin, level)


class BusesPort:
    """The main core's I2C and SPI masters, and its converter."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def i2c_transfer(self, unit: int, address: int, read_length: int, data: bytes) -> tuple[int, int, bytes]:
        """Write `data`, then read: (outcome, bytes acknowledged, bytes read)."""
        outcome, count, read = self._port.call(abi.I2C_TRANSFER, unit, address, read_length, data)
        return int(outcome), int(count), bytes(read)

    def spi_select(self, unit: int, line: int, level: int) -> None:
        """Drive select line 0 or 1."""
        self._port.call(abi.SPI_SELECT, unit, line, level)

    def spi_transfer(self, unit: int, is_lsb_first: int, read_length: int, data: bytes) -> bytes:
        """Clock `data` out, then `read_length` bytes in."""
        return bytes(self._port.call(abi.SPI_TRANSFER, unit, is_lsb_first, read_length, data))

    def adc_read(self, channel: int) -> int:
        """The 12-bit value of an analog input."""
        return int(self._port.call(abi.ADC_READ, channel))


class PwmPort:
    """The main core's pulse width modulation."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def apply(self, controller: int, channel: int, period_ns: int, duty_ns: int, is_inverted: int, is_enabled: int) -> None:
        """Pulses on pin `channel` of a controller; not enabled, the level between pulses."""
        self._port.call(abi.PWM_APPLY, controller, channel, period_ns, duty_ns, is_inverted, is_enabled)


class PinOwnershipPort:
    """The firewall's table of pin owners."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def assign(self, pin: int, master: int) -> None:
        """Give `pin` to 0 nobody, 1 the kernel, 2 or 3 a real-time core."""
        self._port.call(abi.GPIO_ASSIGN, pin, master)

    def lock(self) -> None:
        """Freeze the table until the next reset."""
        self._port.call(abi.GPIO_LOCK)


class CoresPort:
    """The cores this master starts."""

    def __init__(self, port: Port, window: Window | None = None) -> None:
        self._port = port
        self.window = window

    def start(self, core: int, code: bytes) -> None:
        """Load all of `code` into `core`, then start it."""
        if self.window is not None and 0 < len(code) <= len(self.window):
            memoryview(self.window)[: len(code)] = code
            self._port.call(abi.CORE_FETCH, core, 0, 0, len(code))
        else:
            for at, size in pieces(len(code), BULK):
                self._port.call(abi.CORE_LOAD, core, at, bytes(code[at : at + size]))
        self._port.call(abi.CORE_START, core, len(code))

    def stop(self, core: int) -> None:
        """Stop real-time core `core`; nothing of its program stays."""
        self._port.call(abi.CORE_STOP, core)

    def grant(self, core: int, blocks: bytes) -> None:
        """The shared blocks it may reach (`wire.blocks`), instead of those it might."""
        self._port.call(abi.CORE_GRANT, core, blocks)

    def share(self, core: int, address: int, length: int) -> None:
        """Open a part of the main core's SYSRAM to it; length 0 closes all."""
        self._port.call(abi.CORE_SHARE, core, address, length)

    def status(self, core: int) -> tuple[int, str, int, int]:
        """(state, why, refused accesses, resets since its start): state 0 stopped, 1 running, 2 dead."""
        state, reason, denials, resets = self._port.call(abi.CORE_STATUS, core)
        return int(state), str(reason), int(denials), int(resets)

    def report(self, core: int, offset: int = 0) -> tuple[int, bytes]:
        """(size of the whole report on its death, a part of it from byte `offset` on)."""
        size, data = self._port.call(abi.CORE_REPORT, core, offset)
        return int(size), bytes(data)

    def denial(self, core: int, index: int) -> tuple[int, int, int, int, str, str]:
        """Refused access `index`: (address, is it a write, pc, count, register, policy)."""
        address, is_write, pc, count, register, policy = self._port.call(abi.CORE_DENIAL, core, index)
        return int(address), int(is_write), int(pc), int(count), str(register), str(policy)


class IntercorePort:
    """The main core's side of the mailboxes to the real-time cores, and its SYSRAM."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def mailbox_read(self, core: int, offset: int) -> int:
        """The register at `offset` of the mailbox to `core`."""
        return int(self._port.call(abi.MBOX_READ, core, offset))

    def mailbox_write(self, core: int, offset: int, value: int) -> None:
        """Write the register at `offset`."""
        self._port.call(abi.MBOX_WRITE, core, offset, value)

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes of SYSRAM from `offset`."""
        parts = [self._port.call(abi.SYSRAM_READ, offset + at, size) for at, size in pieces(length, BULK)]
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        """Write `data` at `offset` of SYSRAM."""
        for at, size in pieces(len(data), BULK):
            self._port.call(abi.SYSRAM_WRITE, offset + at, bytes(data[at : at + size]))


class NetworkPort:
    """The radio with its TCP engine."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def open(self, host: str, port: int) -> int:
        """Begin a connection; returns its stream."""
        return int(self._port.call(abi.NET_OPEN, host, port))

    def status(self, stream: int) -> tuple[int, int]:
        """(state, readable): state 0 connecting, 1 open, 2 closed by the peer, 3 failed."""
        state, readable = self._port.call(abi.NET_STATUS, stream)
        return int(state), int(readable)

    def send(self, stream: int, data: bytes) -> int:
        """How many bytes were taken; at most one message's worth is offered."""
        return int(self._port.call(abi.NET_SEND, stream, bytes(data[:BULK])))

    def receive(self, stream: int, length: int) -> bytes:
        """What has arrived, at most `length` bytes and at most one message's worth."""
        return bytes(self._port.call(abi.NET_RECEIVE, stream, min(length, BULK)))

    def close(self, stream: int) -> None:
        """Close; the number is free again."""
        self._port.call(abi.NET_CLOSE, stream)
