"""Parts that live in another process: their answers are asked for before the bus does what needs them.

A bus is worked at one moment, and a part elsewhere cannot answer in one. So whoever works the bus says first what it
will do there (`Plan`), goes on with other things, and does it when all answers are in: the part then gives them out
one by one. Nobody waits, and a part whose owner does not answer in time is gone.

Operations are [name, argument]: "start" 0 or 1 (to be read), "write" and "exchange" bytes in hexadecimal, "read" a
number of bytes; "stop", "select" and "deselect" have no answer and are told when they happen. Answers: of "start" 0 or
1, of "write" how many bytes were acknowledged, of the others bytes. After a refusal nothing further is done.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from armillary.hal.sim.buses import RELEASED, I2cBus, SpiBus
from armillary.hal.sim.masters import Masters, mirror
from armillary.hal.sim.wires import Wires
from armillary.wire.fault import Fault, Invalid

from .asking import Answer, Later

PATIENCE_S = 2.0  # for an answer: no real part thinks so long, but tests run on busy machines

Operation = tuple[str, "int | str"]
Then = Callable[[list[int]], None]


class Distant:
    """A part in another process. Satisfies `I2cDevice` and `SpiDevice`: what was not foreseen is not acknowledged."""

    def __init__(self, keeper: Keeper, number: int) -> None:
        self.number = number  # by which its owner knows it
        self._keeper = keeper
        self._known: deque[int] = deque()

    def foresee(self, operations: Sequence[Operation], arrived: Callable[[], None]) -> None:
        """Ask what it will say to `operations`; `arrived` is called when that is known."""

        def then(answers: list[int]) -> None:
            self._known = deque(answers)
            arrived()

        self._keeper.ask(self, operations, then)

    def forget(self) -> None:
        """What was foreseen has happened."""
        self._known.clear()

    def start(self, is_read: bool) -> bool:
        """What it said."""
        return bool(self._next(0))

    def write(self, byte: int) -> bool:
        """What it said."""
        return bool(self._next(0))

    def read(self) -> int:
        """What it said."""
        return self._next(RELEASED)

    def exchange(self, byte: int) -> int:
        """What it said."""
        return self._next(RELEASED)

    def stop(self) -> None:
        """It is told."""
        self._keeper.tell(self, "stop")

    def select(self) -> None:
        """It is told."""
        self._keeper.tell(self, "select")

    def deselect(self) -> None:
        """It is told."""
        self._keeper.tell(self, "deselect")

    def _next(self, otherwise: int) -> int:
        return self._known.popleft() if self._known else otherwise


class Question:
    """What a part was asked."""

    def __init__(self, operations: Sequence[Operation], then: Then) -> None:
        self.operations = operations
        self.then = then


class Keeper:
    """The parts of one client. `send` sends it a message; `lost(why)` is called when it does not answer as it should."""

    def __init__(self, send: Callable[[dict[str, Any]], None], lost: Callable[[str], None]) -> None:
        self._send, self._lost = send, lost
        self._asked: dict[int, Question] = {}  # oldest first: a client answers one after the other
        self._number = 0
        self._since = 0.0
        self.is_gone = False

    def ask(self, part: Distant, operations: Sequence[Operation], then: Then) -> None:
        """Have `part` do `operations`; `then` gets the answers, none if it is gone."""
        if self.is_gone:
            then([])
            return
        if not self._asked:
            self._since = time.monotonic()
        self._number += 1
        self._asked[self._number] = Question(operations, then)
        self._send({"part": part.number, "ask": self._number, "do": [list(operation) for operation in operations]})

    def tell(self, part: Distant, name: str) -> None:
        """Have it do something that has no answer."""
        if not self.is_gone:
            self._send({"part": part.number, "do": [[name, 0]]})

    def said(self, number: Any, answers: Any) -> None:
        """The client answers question `number`."""
        question = self._asked.pop(number, None) if isinstance(number, int) else None
        if question is None:
            self._lost("answered what nobody asked")
            return
        self._since = time.monotonic()
        try:
            found = flat(question.operations, answers)
        except Invalid as fault:
            question.then([])
            self._lost("answered what is no answer: " + fault.reason)
            return
        question.then(found)

    def look(self) -> None:
        """To be called now and then: is its patience at an end?"""
        if self.due_s() == 0:
            self._lost(f"did not answer within {PATIENCE_S:g} s")

    def due_s(self) -> float | None:
        """In how many seconds its patience ends; None while nothing is asked."""
        return max(0.0, self._since + PATIENCE_S - time.monotonic()) if self._asked else None

    def close(self) -> None:
        """No more: who waits for an answer gets none."""
        self.is_gone = True
        left, self._asked = list(self._asked.values()), {}
        for question in left:
            question.then([])


def flat(operations: Sequence[Operation], answers: Any) -> list[int]:
    """What each byte and each start got. Raises Invalid if that does not answer `operations`."""
    if not isinstance(answers, list) or len(answers) > len(operations):
        raise Invalid("a list is needed, with an answer for each operation at most")
    found: list[int] = []
    for (name, argument), answer in zip(operations, answers, strict=False):
        found += FLAT[name](argument, answer)
    return found


def _start(_argument: Any, answer: Any) -> list[int]:
    if answer not in (0, 1):
        raise Invalid("a start is acknowledged, 1, or not, 0")
    return [int(answer)]


def _write(argument: Any, answer: Any) -> list[int]:
    count = len(argument) // 2
    if not isinstance(answer, int) or not 0 <= answer <= count:
        raise Invalid(f"of {count} bytes written 0 to {count} are acknowledged")
    return [1] * int(answer)


def _bytes(count: int, answer: Any) -> list[int]:
    try:
        data = bytes.fromhex(answer)
    except (TypeError, ValueError):
        raise Invalid("bytes are written in hexadecimal") from None
    if len(data) != count:
        raise Invalid(f"{len(data)} bytes instead of {count}")
    return list(data)


FLAT: dict[str, Callable[[Any, Any], list[int]]] = {
    "start": _start, "write": _write, "read": _bytes, "exchange": lambda argument, answer: _bytes(len(argument) // 2, answer),
}  # fmt: skip


class Plan(NamedTuple):
    """Something to be done on a bus: what it is, the parts that it asks, and what it will do to each of them."""

    action: Callable[[], Any]
    parts: Sequence[object]
    operations: Sequence[Operation]


def carry_out(plan: Plan, put_off: Callable[[], Answer]) -> Any:
    """What a method of a gate returns that does what is planned: its result, or LATER.

    `put_off` gives what is to be called with a late result.
    """
    asked = [part for part in plan.parts if isinstance(part, Distant)]
    if not asked:
        return plan.action()
    later, left = Later(put_off()), [len(asked)]

    def arrived() -> None:
        left[0] -= 1
        if not left[0]:
            later(*_outcome(plan.action))
            for part in asked:
                part.forget()

    for part in asked:
        part.foresee(plan.operations, arrived)
    return later.result()


def _outcome(action: Callable[[], Any]) -> tuple[Any, Fault | None]:
    try:
        return action(), None
    except Fault as fault:
        return 0, fault


class PatientMasters(Masters):
    """The main core's masters on a board whose parts may be distant: a transfer is put off until they have answered."""

    def __init__(self, wires: Wires, clock: Any, put_off: Callable[[], Answer]) -> None:
        super().__init__(wires, clock)
        self._put_off = put_off
        self._resets = 0

    def reset(self) -> None:
        """See `Masters.reset`; what was put off is not done: the wires may be another's by then."""
        super().reset()
        self._resets += 1

    def _in_this_life(self, action: Callable[[], Any]) -> Callable[[], Any]:
        resets = self._resets
        return lambda: action() if self._resets == resets else None

    def i2c_transfer(self, unit: int, address: int, read_length: int, data: bytes) -> Any:
        """See `Masters.i2c_transfer`; the result may come later."""
        action, bus = super().i2c_transfer, self._i2c(unit)
        operations: list[Operation] = []
        if data or not read_length:
            operations += [("start", 0), ("write", data.hex())]
        if read_length:
            operations += [("start", 1), ("read", read_length)]
        return carry_out(Plan(self._in_this_life(lambda: action(unit, address, read_length, data)), [bus.part_at(address)], operations), self._put_off)

    def spi_transfer(self, unit: int, is_lsb_first: int, read_length: int, data: bytes) -> Any:
        """See `Masters.spi_transfer`; the result may come later."""
        action, bus = super().spi_transfer, self._spi(unit)
        out = bytes(map(mirror, data)) if is_lsb_first else bytes(data)
        operations = [("exchange", (out + b"\xff" * read_length).hex())]
        return carry_out(Plan(self._in_this_life(lambda: action(unit, is_lsb_first, read_length, data)), bus.selected(), operations), self._put_off)


def i2c_start(bus: I2cBus, address: int, is_read: int) -> Plan:
    """A start on `bus`: whether it was acknowledged."""
    return Plan(lambda: int(bus.start(address, bool(is_read))), [bus.part_at(address)], [("start", is_read)])


def i2c_write(bus: I2cBus, byte: int) -> Plan:
    """A byte to the part that was addressed: whether it was acknowledged."""
    return Plan(lambda: int(bus.write(byte)), [bus.addressed()], [("write", f"{byte:02x}")])


def i2c_read(bus: I2cBus) -> Plan:
    """A byte of it."""
    return Plan(bus.read, [bus.addressed()], [("read", 1)])


def spi_transfer(bus: SpiBus, data: bytes) -> Plan:
    """Bytes to the parts that are selected: what they send meanwhile."""
    return Plan(lambda: bus.transfer(data), bus.selected(), [("exchange", data.hex())])
