"""Parts of a test on a boxed board: they live in the test's process, and the board asks them over a connection of its own.

A thread serves it. What a part raises is the test's failure: it is kept, and raised when the test next lets time pass.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary.boards.sim import client
from armillary.hal.sim.places import I2C, LINE, PIN, Place
from armillary.wire.fault import Invalid

if TYPE_CHECKING:
    from armillary.hal.sim.gpio import GpioBank

ANSWER_S = 30.0


class Server:
    """The connection, and the thread that answers on it."""

    def __init__(self, folder: Path) -> None:
        self.failure: BaseException | None = None
        self._stream = client.connect(folder)
        self._stream.settimeout(None)
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._turn = threading.Lock()
        self._parts: dict[int, Any] = {}
        self._sinks: dict[int, Callable[[bytes], None]] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def attach(self, place: Place, part: Any, active: int) -> int:
        """Hang `part` on the board. Its number. Raises BoardProblem."""
        number = len(self._parts) + 1
        self._parts[number] = part  # one that is selected at once is told so at once
        self._do("attach", part=number, at=str(place), active=active)
        return number

    def detach(self, number: int) -> None:
        """Take it off."""
        self._do("detach", part=number)

    def listen(self, unit: int, sink: Callable[[bytes], None]) -> None:
        """Give `sink` what the UART of an ISU says."""
        is_first = unit not in self._sinks
        self._sinks[unit] = sink
        if is_first:
            self._do("listen", unit=unit)

    def close(self) -> None:
        """Let the board go. Whoever closed first, all is over."""
        try:
            self._stream.shutdown(2)
        except OSError:
            pass  # the board was quicker
        self._thread.join()
        self._stream.close()

    def _do(self, command: str, **arguments: Any) -> dict[str, Any]:
        with self._turn:
            try:
                self._send({"do": command, **arguments})
                answer = self._answers.get(timeout=ANSWER_S)
            except OSError:
                answer = None
        if answer is None:
            self._answers.put(None)  # and nothing will come any more
            raise client.BoardProblem("the board let go of the parts; its debug UART says why")
        return client.checked(answer)

    def _send(self, message: dict[str, Any]) -> None:
        self._stream.sendall(json.dumps(message).encode() + b"\n")

    def _serve(self) -> None:
        with self._stream.makefile("rb") as lines:
            try:
                for line in lines:
                    self._take(json.loads(line))
            except OSError:
                pass  # one of us closed it
        self._answers.put(None)

    def _take(self, message: dict[str, Any]) -> None:
        if "ok" in message:
            self._answers.put(message)
            return
        try:
            if "line" in message:
                self._sinks[message["line"]](bytes.fromhex(message["data"]))
                return
            answers: list[Any] = []
            perform(self._parts[message["part"]], message["do"], answers)
        except Exception as failure:  # the boundary: it is the test's, which is told at its next turn
            self.failure = self.failure or failure
        if "ask" in message:
            self._send({"do": "said", "ask": message["ask"], "answers": answers})


def perform(part: Any, operations: list[list[Any]], answers: list[Any]) -> None:
    """Do `operations` (see `boards.sim.distant`) to `part` until one is refused; their answers go to `answers`."""
    for name, argument in operations:
        answer = PERFORM[name](part, argument)
        if answer is not None:
            answers.append(answer)
        if (name == "start" and not answer) or (name == "write" and answer < len(argument) // 2):
            return


def _write(part: Any, data: str) -> int:
    count = 0
    for byte in bytes.fromhex(data):
        if not part.write(byte):
            break
        count += 1
    return count


PERFORM: dict[str, Callable[[Any, Any], Any]] = {
    "start": lambda part, is_read: int(bool(part.start(bool(is_read)))),
    "write": _write,
    "read": lambda part, count: bytes([part.read() & 0xFF for _ in range(count)]).hex(),
    "exchange": lambda part, data: bytes([part.exchange(byte) & 0xFF for byte in bytes.fromhex(data)]).hex(),
    "stop": lambda part, _: part.stop(),
    "select": lambda part, _: part.select(),
    "deselect": lambda part, _: part.deselect(),
}


class Parts:
    """All parts of a test's on one boxed board. Before it runs they are only remembered."""

    def __init__(self) -> None:
        self.hands: client.Board | None = None
        self._server: Server | None = None
        self._wanted: list[tuple[Place, Any, int]] = []
        self._numbers: dict[int, int] = {}  # by id of the part: its number there
        self._sinks: dict[int, Callable[[bytes], None]] = {}

    def begin(self, hands: client.Board) -> None:
        """The board runs."""
        self.hands = hands
        if self._wanted or self._sinks:
            server = self._serving()
            for place, part, active in self._wanted:
                self._numbers[id(part)] = server.attach(place, part, active)
            for unit, sink in self._sinks.items():
                server.listen(unit, sink)

    def attach(self, place: Place, part: Any, active: int = 0) -> None:
        """Hang `part` at `place`. Raises Invalid if another one of the test's is there, BoardProblem if one of the board's."""
        if any(place == other for other, _, _ in self._wanted):
            raise Invalid(f"{place} is taken")
        if self.hands is not None:
            self._numbers[id(part)] = self._serving().attach(place, part, active)
        self._wanted.append((place, part, active))

    def detach(self, part: Any) -> None:
        """Take `part` off."""
        self._wanted = [entry for entry in self._wanted if entry[1] is not part]
        number = self._numbers.pop(id(part), None)
        if number is not None:
            self._serving().detach(number)

    def listen(self, unit: int, sink: Callable[[bytes], None]) -> None:
        """Give `sink` what the UART of an ISU says."""
        self._sinks[unit] = sink
        if self.hands is not None:
            self._serving().listen(unit, sink)

    def at(self, unit: int, number: int) -> Any:
        """The test's part at an I2C address."""
        return next((part for place, part, _ in self._wanted if place == Place(unit, I2C, number)), None)

    def check(self) -> None:
        """Raise what a part raised."""
        if self._server is not None and self._server.failure is not None:
            failure, self._server.failure = self._server.failure, None
            raise failure

    def close(self) -> None:
        """Let the board go."""
        if self._server is not None:
            self._server.close()

    def _serving(self) -> Server:
        if self._server is None:
            assert self.hands is not None
            self._server = Server(self.hands.folder)
        return self._server


class I2c:
    """The I2C bus of an ISU, as `hal.sim.buses.I2cBus` to whoever hangs parts on it."""

    def __init__(self, parts: Parts, unit: int) -> None:
        self._parts, self._unit = parts, unit

    @property
    def log(self) -> list[str]:
        """The latest transfers."""
        return [] if self._parts.hands is None else list(self._parts.hands.do("i2c_log", unit=self._unit)["log"])

    def attach(self, address: int, device: Any) -> None:
        """Put `device` at `address`. Raises Invalid if that is no address or is taken."""
        if not 0 <= address <= 0x7F:
            raise Invalid("no 7-bit I2C address " + hex(address))
        self._parts.attach(Place(self._unit, I2C, address), device)

    def detach(self, device: Any) -> None:
        """Take `device` off the bus."""
        self._parts.detach(device)

    def part_at(self, address: int) -> Any:
        """The test's part at `address`."""
        return self._parts.at(self._unit, address)

    def is_taken(self, address: int) -> bool:
        """Whether a part is at `address`."""
        hands = self._parts.hands
        return self.part_at(address) is not None if hands is None else address in hands.do("i2c_log", unit=self._unit)["taken"]


class Spi:
    """The SPI bus of an ISU, as `hal.sim.buses.SpiBus` to whoever hangs parts on it."""

    def __init__(self, parts: Parts, unit: int) -> None:
        self._parts, self._unit = parts, unit

    def attach(self, line: int, device: Any) -> None:
        """Put `device` behind select `line`. Raises Invalid."""
        if line not in (0, 1):
            raise Invalid("no SPI select line " + str(line) + ": an engine has 0 and 1")
        self._parts.attach(Place(self._unit, LINE, line), device)

    def attach_pin(self, bank: GpioBank | None, pin: int, device: Any, active: int = 0) -> None:
        """Put `device` behind pin `pin` of the board; `bank` is what a board in this process has its pins in."""
        self._parts.attach(Place(self._unit, PIN, pin), device, active)

    def detach(self, device: Any) -> None:
        """Take `device` off the bus."""
        self._parts.detach(device)


class Line:
    """The line of an ISU's UART, as `hal.sim.uart.Uart` to the host's end of it."""

    def __init__(self, parts: Parts, unit: int) -> None:
        self._parts, self._unit = parts, unit
        self._sink: Callable[[bytes], None] | None = None

    @property
    def sink(self) -> Callable[[bytes], None] | None:
        """Who hears at once what the device sends; without, it waits for `take`."""
        return self._sink

    @sink.setter
    def sink(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._parts.listen(self._unit, sink)

    def inject(self, data: bytes) -> int:
        """Send `data` to the device; returns how many bytes its buffer took."""
        return int(self._do(data=bytes(data).hex())["taken"])

    def take(self) -> bytes:
        """What the device has sent since the last take."""
        return b"" if self._parts.hands is None else bytes.fromhex(self._do(is_taken=True)["said"])

    def _do(self, **arguments: Any) -> dict[str, Any]:
        if self._parts.hands is None:
            raise client.BoardProblem("the boxed device has never been powered on: do that first")
        return self._parts.hands.do("serial", unit=self._unit, **arguments)
