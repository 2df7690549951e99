"""UART: a serial line with a bounded buffer each way, and a host at the other end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

BUFFER = 65536  # bytes kept each way
LONGEST_LINE = 512  # bytes that a `Speaker` puts together


class Uart:
    """One port. Satisfies `hal.interface.Uart`; `inject` and `take` are the host's side.

    With a `sink`, what is sent goes to it at once. Without, it waits for `take`; past `limit` bytes the
    oldest are dropped and counted in `dropped`. What arrives past `limit` is refused: `overrun`.
    A `taker` is asked first with what arrives: if a real-time core has the line it says how many bytes it took, else None.
    `arrived` is called when bytes came that wait for `read`: it interrupts whose line it is.
    A `witness` is told (bus master, data) beside: on the wire nobody can tell who speaks, the bus can.
    """

    def __init__(self, sink: Callable[[bytes], None] | None = None, limit: int = BUFFER) -> None:
        self.sink = sink
        self.witness: Callable[[str, bytes], None] | None = None
        self.taker: Callable[[bytes], int | None] | None = None
        self.arrived: Callable[[], None] | None = None
        self.limit = limit
        self.dropped = 0
        self.overrun = 0
        self._sent = bytearray()
        self._arrived = bytearray()
        self.settings: tuple[int, int, int, int, int] | None = None  # see `configure`

    def write(self, data: bytes, master: str = "") -> None:
        """Send all of `data`, on behalf of bus master `master` where it came over the bus."""
        if self.witness is not None:
            self.witness(master, bytes(data))
        if self.sink is not None:
            self.sink(bytes(data))
            return
        self._sent.extend(data)
        excess = len(self._sent) - self.limit
        if excess > 0:
            self.dropped += excess
            self._sent = self._sent[excess:]

    def configure(self, baud: int, data_bits: int, parity: int, stop_bits: int, flow: int) -> None:
        """How the device set its end of the line: `settings`. Bytes go whole here, whatever it is."""
        self.settings = (baud, data_bits, parity, stop_bits, flow)

    def read(self, length: int) -> bytes:
        """What has arrived, at most `length` bytes."""
        if length < 0:
            raise Invalid("a length of " + str(length))
        data = bytes(self._arrived[:length])
        self._arrived = self._arrived[length:]
        return data

    def inject(self, data: bytes) -> int:
        """Send `data` to the device from the host; returns how many bytes its buffer took."""
        taken = self.taker(bytes(data)) if self.taker is not None else None
        if taken is None:
            taken = min(self.limit - len(self._arrived), len(data))
            self._arrived.extend(data[:taken])
            if taken and self.arrived is not None:
                self.arrived()
        self.overrun += len(data) - taken
        return taken

    def take(self) -> bytes:
        """What the device has sent since the last take."""
        data = bytes(self._sent)
        self._sent = bytearray()
        return data

    def reset(self) -> None:
        """What a reset does: bytes not yet read are lost; those already sent are out."""
        self._arrived = bytearray()


class Speaker:
    """What somebody with a debug UART of its own says, on ours: line by line, each with `name` before it."""

    def __init__(self, uart: Uart, name: str) -> None:
        self._uart = uart
        self._name = name
        self._line = bytearray()

    def say(self, data: bytes) -> None:
        """Take some bytes; a line that does not end is cut."""
        for byte in data:
            if byte == 10 or len(self._line) >= LONGEST_LINE:
                self._uart.write(b"[" + self._name.upper().encode() + b"] " + bytes(self._line) + b"\n", self._name)
                self._line = bytearray()
            if byte not in (10, 13):
                self._line.append(byte)
