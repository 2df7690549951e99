"""The world as the process of the real-time cores asks for it: its questions, answered from what hangs on the board's wires.

The process is not believed: a question is laid out and checked as a call of a gate is, and answered only for what a
real-time core was granted by ring 0's own table. Its guard lets no other through, so one that comes all the same is a
denial and ends it; while the process has not yet taken note of a change of that table, the bus is empty to it.
Ring 0 answers one question at a time and waits for nobody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from armillary.hal.sim.box import realtime_calls as calls
from armillary.hal.sim.box.machine import answer
from armillary.hal.sim.buses import RELEASED
from armillary.hal.sim.firewall import REAL_TIME_CORES
from armillary.hal.sim.masters import LINES
from armillary.hal.sim.wires import ISUS
from armillary.wire import blocks as kinds
from armillary.wire.call import Gate
from armillary.wire.fault import Denied, Fault

from . import distant
from .asking import Answer, receive

if TYPE_CHECKING:
    from armillary.hal.sim.silicon import Silicon
    from armillary.wire.call import Call

RUNNING = 1  # of `core_status`
MOST_LINE = 65536  # bytes that wait on the line to an ISU's UART
MOST_AT_ONCE = 4000
MOST_MICROVOLTS = 0x7FFF_FFFF


class Cores(Protocol):
    """What is needed of those whose process it is."""

    def is_settled(self) -> bool:
        """Whether the process has taken note of all that it was told."""

    def hear(self) -> bool:
        """Take what the process told before it asked. False if there is more than is taken at once."""

    def failed(self, how: str) -> None:
        """It has to go."""

    def arrived(self, unit: int, data: bytes, taken: Answer) -> bool:
        """Tell it what arrived on a line; `taken` is called when it has. False if there is no process."""


class World:
    """Answers on the channel that `open` gives it, until `close`."""

    def __init__(self, silicon: Silicon, cores: Cores) -> None:
        self._silicon, self._cores = silicon, cores
        self._channel = -1
        self._gate: Gate | None = None
        self._refusal: Fault | None = None
        self._coming: list[bytearray] = [bytearray() for _ in silicon.wires.serial]  # and not yet taken
        self._told: set[int] = set()  # lines of which the process was told something that it has not taken yet
        for unit, line in enumerate(silicon.wires.serial):
            line.taker = self._taker(unit)

    def open(self, channel: int) -> None:
        """A process is there."""
        self._channel = channel
        self._gate = Gate("hal", "real-time", self._table(), self._observed)
        self._told.clear()
        for coming in self._coming:
            coming.clear()

    def close(self) -> None:
        """It is gone, and what it had under way on the wires with it."""
        self._channel, self._gate = -1, None
        units = (*range(kinds.I2C, kinds.I2C + ISUS), *range(kinds.SPI, kinds.SPI + ISUS))
        self.let_go(block for block in units if self._is_granted(block))

    @property
    def is_waiting(self) -> bool:
        """Whether the process waits for a part: then it cannot answer."""
        return self._gate is not None and self._gate.is_waiting

    def let_go(self, blocks: Iterable[int]) -> None:
        """These change hands: what their core had under way on the wires ends."""
        for block in blocks:
            if kinds.kind(block) == "I2C":
                self._silicon.wires.i2c[block - kinds.I2C].stop()
            elif kinds.kind(block) == "SPI":
                for line in LINES:
                    self._silicon.wires.spi[block - kinds.SPI].select(line, False)

    def _is_granted(self, block: int) -> bool:
        return any(self._silicon.firewall.has_block(core, block) for core in REAL_TIME_CORES)

    # --- questions ---

    def asked(self) -> None:
        """Take a question: to be called when the channel can be read."""
        if not self._cores.hear() or self._gate is None:  # what the engines did to pins comes first
            return
        request = receive(self._channel)
        if request is None:
            return
        if not request:
            self._cores.failed("ended")
            return
        self._refusal = None
        reply = answer(self._gate, request)
        if self._refusal is not None:
            self._refused(self._refusal)
        elif reply is not None:
            self._send(reply)

    def _send(self, reply: bytes) -> None:
        try:
            os.write(self._channel, reply)
        except OSError:
            self._cores.failed("does not take the answers to its questions")

    def _observed(self, _caller: str, _call: Call | None, _arguments: tuple[Any, ...], fault: Fault | None) -> None:
        self._refusal = fault

    def _refused(self, fault: Fault) -> None:
        if isinstance(fault, Denied):
            running = [core for core in REAL_TIME_CORES if self._silicon.realtime.core_status(core)[0] == RUNNING]
            self._silicon.refused((running or REAL_TIME_CORES)[0] - REAL_TIME_CORES[0], fault)  # of two nobody knows which
        self._cores.failed("asked for what it may not have: " + fault.reason)

    def _put_off(self) -> Answer:
        """What is to be called with the answer to the question that is being served, when it is known."""
        gate = self._gate

        def give(value: Any, fault: Fault | None) -> None:
            if gate is not None and self._gate is gate:
                self._send(gate.complete(value, fault))

        return give

    def _do(self, plan: distant.Plan) -> Any:
        """Carry it out for the process that asked; if that is gone when distant parts have answered, not at all."""
        gate = self._gate
        return distant.carry_out(plan._replace(action=lambda: plan.action() if self._gate is gate else 0), self._put_off)

    def _table(self) -> dict[Call, Callable[..., Any]]:
        i2c, spi, do = self._silicon.wires.i2c, self._silicon.wires.spi, self._do
        return {
            calls.I2C_START: self._of(kinds.I2C, lambda unit, at, is_read: do(distant.i2c_start(i2c[unit], at, is_read)), _silence),
            calls.I2C_WRITE: self._of(kinds.I2C, lambda unit, byte: do(distant.i2c_write(i2c[unit], byte)), _silence),
            calls.I2C_READ: self._of(kinds.I2C, lambda unit: do(distant.i2c_read(i2c[unit])), lambda unit: RELEASED),
            calls.I2C_STOP: self._of(kinds.I2C, lambda unit: i2c[unit].stop(), _nothing),
            calls.SPI_SELECT: self._of(kinds.SPI, lambda unit, line, level: spi[unit].select(line, bool(level)), _nothing),
            calls.SPI_TRANSFER: self._of(kinds.SPI, lambda unit, data: do(distant.spi_transfer(spi[unit], data)), _released),
            calls.ANALOG: self._analog,
        }  # fmt: skip

    def _of(self, first: int, method: Callable[..., Any], empty: Callable[..., Any]) -> Callable[..., Any]:
        """A question about a unit; `first` is the block of unit 0, `empty` what an empty bus answers."""
        return lambda unit, *arguments: (method if self._may(first + unit) else empty)(unit, *arguments)

    def _analog(self, channel: int) -> int:
        silicon = self._silicon
        if not self._may(kinds.ADC):
            return 0
        return max(-MOST_MICROVOLTS, min(MOST_MICROVOLTS, silicon.wires.analog.microvolts(channel, silicon.clock.uptime_us())))

    def _may(self, block: int) -> bool:
        """Whether a core was granted `block`; if not, and the process ought to know, raises Denied."""
        if self._is_granted(block):
            return True
        if self._cores.is_settled():
            raise Denied("the real-time cores were not granted " + kinds.name(block), "hal", "firewall.real_time",
                         kinds.name(block) + " of no real-time core")  # fmt: skip
        return False

    # --- lines ---

    def sent(self, unit: int, data: bytes) -> None:
        """The UART of an ISU sent `data`, says the process."""
        try:
            if self._may(kinds.UART + unit):
                self._silicon.wires.serial[unit].write(data, "real-time")
        except Denied as fault:
            self._refused(fault)

    def _taker(self, unit: int) -> Callable[[bytes], int | None]:
        def take(data: bytes) -> int | None:
            if not self._is_granted(kinds.UART + unit):
                return None
            if self._gate is None:
                return 0
            taken = min(MOST_LINE - len(self._coming[unit]), len(data))
            self._coming[unit] += data[:taken]
            if unit not in self._told:
                self._tell(unit)
            return taken

        return take

    def _tell(self, unit: int) -> None:
        """Tell the process the next part of what arrived: one part of a line at a time, as it may be slower."""
        part, gate = bytes(self._coming[unit][:MOST_AT_ONCE]), self._gate

        def passed(_value: Any, _fault: Fault | None) -> None:
            if self._gate is gate:
                self._told.discard(unit)
                del self._coming[unit][: len(part)]
                self._tell(unit)

        if part and self._cores.arrived(unit, part, passed):
            self._told.add(unit)


def _silence(*_arguments: Any) -> int:
    """Nobody acknowledges."""
    return 0


def _nothing(*_arguments: Any) -> None:
    """Nobody hears."""


def _released(_unit: int, data: bytes) -> bytes:
    """Nobody drives the line."""
    return bytes((RELEASED,)) * len(data)
