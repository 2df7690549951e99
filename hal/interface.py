"""What each piece of hardware promises, as protocols of a few methods.

Rings receive objects that satisfy these; they never construct them. `hal.sim` has the models,
`hal.port` the clients that reach hardware through the `bus` gate: both satisfy the same protocol.
Every method may raise `Denied` (the bus firewall), `Invalid` (out of bounds) or `Failed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Any

    from ..wire.call import Gate


class Flash(Protocol):
    """Serial NOR flash: erase a sector to ones, program turns ones into zeros."""

    size: int
    sector: int
    page: int

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; any length."""

    def program(self, offset: int, data: bytes) -> None:
        """Program `data` at `offset`; any length. Raises Failed if a zero bit would have to become one."""

    def erase(self, offset: int) -> None:
        """Erase the sector that begins at `offset`. Raises Invalid if none begins there."""


class Fuses(Protocol):
    """64 rows of 256 one-time bits, each row with a read lock (until reset) and a write lock (for ever)."""

    def read(self, row: int) -> bytes:
        """The 32 bytes of `row`. Raises Locked while it is locked for reading."""

    def blow(self, row: int, bits: bytes) -> None:
        """Set the bits that are set in `bits` (32 bytes). Raises Locked if the row is locked for writing."""

    def lock_read(self, row: int) -> None:
        """Hide `row` until the next reset."""

    def lock_write(self, row: int) -> None:
        """Freeze `row` for ever."""


class Entropy(Protocol):
    """A raw noise source. Its output is not conditioned: the reader tests its health."""

    def read(self, length: int) -> bytes:
        """`length` bytes of raw noise. Raises Failed if the source is dead."""


class Clock(Protocol):
    """Time since power-on and time of day."""

    def uptime_us(self) -> int:
        """Microseconds since power-on; never goes back."""

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""


class Uart(Protocol):
    """A serial line. Port 0 is the debug UART."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def read(self, length: int) -> bytes:
        """What has been received, at most `length` bytes."""

    def configure(self, baud: int, data_bits: int, parity: int, stop_bits: int, flow: int) -> None:
        """Settings of the line: parity 0 none, 1 even, 2 odd; flow control 0 none, 1 RTS/CTS. Not of port 0."""


class Watchdog(Protocol):
    """Resets the chip unless tended in time."""

    def start(self, timeout_ms: int) -> None:
        """Start; cannot be stopped."""

    def tend(self) -> None:
        """Begin the time-out anew."""


class Gpio(Protocol):
    """The pins of the board, seen by the owner of a pin."""

    def configure(self, pin: int, mode: int) -> None:
        """Mode: 0 input, 1 push-pull, 2 open drain, 3 open source. Raises NoDevice, Denied."""

    def read(self, pin: int) -> int:
        """The level at `pin`, 0 or 1."""

    def write(self, pin: int, level: int) -> None:
        """Drive output `pin`. Raises OutOfOrder if it is an input."""


class Buses(Protocol):
    """The main core's I2C and SPI masters, one of each for every serial unit (ISU, 0 to 5), and its converter.

    A unit, or the converter, is the caller's while it owns every pin of it; else Denied, or NoDevice if it has none.
    """

    def i2c_transfer(self, unit: int, address: int, read_length: int, data: bytes) -> tuple[int, int, bytes]:
        """Write `data`, then read `read_length` bytes: (outcome, bytes acknowledged, bytes read). Outcome: 0 the
        address was not acknowledged, 1 done, 2 a byte was not."""

    def spi_select(self, unit: int, line: int, level: int) -> None:
        """Drive select line 0 or 1."""

    def spi_transfer(self, unit: int, is_lsb_first: int, read_length: int, data: bytes) -> bytes:
        """Clock `data` out, then `read_length` bytes in."""

    def adc_read(self, channel: int) -> int:
        """The 12-bit value of an analog input (0 to 7); 4095 is 2.5 V or more."""


class Pwm(Protocol):
    """The main core's pulse width modulation: controllers 0 to 2, each the caller's while it owns all four pins of it."""

    def apply(self, controller: int, channel: int, period_ns: int, duty_ns: int, is_inverted: int, is_enabled: int) -> None:
        """Pulses of `duty_ns` every `period_ns` on pin `channel` (0 to 3) from now on; not enabled, the level between
        pulses. Raises Invalid."""


class PinOwnership(Protocol):
    """The bus firewall's table of pin owners; the monitor's alone."""

    def assign(self, pin: int, master: int) -> None:
        """Give `pin` to bus master 0 nobody, 1 kernel, 2 or 3 a real-time core. Raises Locked, NoDevice."""

    def lock(self) -> None:
        """Freeze the table until the next reset."""


class Cores(Protocol):
    """Starting the next core on bytes that its starter has verified."""

    def start(self, core: int, code: bytes) -> None:
        """Start `core` (1 monitor, 2 kernel) on `code`, a whole image package. Raises OutOfOrder if it runs."""


class RealTimeCores(Cores, Protocol):
    """The cores that run real-time apps: 3 (IO0) and 4 (IO1), started on a load of one such app's package."""

    def stop(self, core: int) -> None:
        """Stop it: memories zeroed, its blocks reset, its pins inputs, its grants and shares gone."""

    def grant(self, core: int, blocks: bytes) -> None:
        """The shared blocks it may reach (`wire.blocks`), instead of those it might.

        Raises Invalid if there is no such block or the other core has it. After `PinOwnership.lock` only what
        was granted then may be granted again; anything else raises Locked.
        """

    def share(self, core: int, address: int, length: int) -> None:
        """Open a part of the main core's SYSRAM to it; length 0 closes all. Raises Invalid, Full."""

    def status(self, core: int) -> tuple[int, str, int, int]:
        """(state, why, refused accesses, resets since its start): state 0 stopped, 1 running, 2 dead."""

    def report(self, core: int, offset: int = 0) -> tuple[int, bytes]:
        """(size of the report on its death, a part of it from byte `offset` on): UTF-8, empty while it lives."""

    def denial(self, core: int, index: int) -> tuple[int, int, int, int, str, str]:
        """Refused access `index`: (address, is it a write, pc, count, register, policy). Raises Invalid."""


class Intercore(Protocol):
    """The main core's side of what it shares with the real-time cores, 3 and 4."""

    def mailbox_read(self, core: int, offset: int) -> int:
        """The register at `offset` of the mailbox to `core`; reading CMD_POP takes the pair."""

    def mailbox_write(self, core: int, offset: int, value: int) -> None:
        """Write the register at `offset`."""

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes of the main core's SYSRAM (64 KiB). Raises Invalid."""

    def write(self, offset: int, data: bytes) -> None:
        """Write `data` at `offset` of it. Raises Invalid."""


class Chip(Protocol):
    """The chip's reset line."""

    def reset(self, reason: int) -> None:
        """Reset the chip; does not return where the caller is itself reset."""


class Task(Protocol):
    """One address space in which an app runs, and the channel its system calls come by."""

    name: str

    def status(self) -> tuple[int, int, int]:
        """(state, exit code, signal): state 0 created, 1 running, 2 ended."""

    def end(self) -> None:
        """End it now and free what it held."""


class Tasks(Protocol):
    """The memory management unit and scheduler support: makes confined address spaces."""

    def start(self, name: str, code: bytes, memory_kib: int, cpu_ms: int, gate: Gate) -> Task:
        """Run the app in image package `code` (verified by the caller), confined.

        `gate` is a `wire.call.Gate` made for this app: every request of the app goes to it, and when
        it returns None the reply is sent later with `reply(task, bytes)`.
        """

    def reply(self, task: Any, reply: bytes) -> None:  # Any: the very object that `start` returned
        """Send the reply that was put off."""


class Network(Protocol):
    """The radio with its TCP engine: streams are small integers."""

    def open(self, host: str, port: int) -> int:
        """Begin a connection. Raises Unreachable if the name is unknown, Full if all streams are taken."""

    def status(self, stream: int) -> tuple[int, int]:
        """(state, readable): state 0 connecting, 1 open, 2 closed by the peer, 3 failed."""

    def send(self, stream: int, data: bytes) -> int:
        """How many bytes were taken."""

    def receive(self, stream: int, length: int) -> bytes:
        """What has arrived, at most `length` bytes; empty if nothing."""

    def close(self, stream: int) -> None:
        """Close; the number is free again."""
