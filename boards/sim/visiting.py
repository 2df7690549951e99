"""What a client of the control socket brings along: parts that live in its process, and ears for serial lines.

`attach` hangs part N, a number of the client's, on the board, and from then on it is asked what the part says: {"part": N, "ask": M, "do":
[[NAME, ARGUMENT], ...]}, to be answered by {"do": "said", "ask": M, "answers": [...]} (see `distant`); without "ask" it
is told something that has no answer. `listen` sends what a UART says, as {"line": UNIT, "data": HEX}. All that ends
with the connection, and so does the connection when the client does not answer, or answers nonsense.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from armillary.hal.sim import places
from armillary.hal.sim.wires import ISUS
from armillary.wire.fault import Invalid

from .distant import Distant, Keeper

if TYPE_CHECKING:
    from armillary.hal.sim.places import Place
    from armillary.hal.sim.uart import Uart

    from .supervisor import Supervisor

COMMANDS = ("attach", "detach", "listen")
MOST_PARTS = 256


class Visitor:
    """One client's. `send` sends it a message, `end` closes its connection."""

    def __init__(self, board: Supervisor, send: Callable[[dict[str, Any]], None], end: Callable[[], None]) -> None:
        self._board, self._send, self._end = board, send, end
        self._keeper: Keeper | None = None
        self._parts: dict[int, tuple[Distant, Place]] = {}
        self._heard: list[Uart] = []

    def attach(self, part: int, at: str, active: int = 0) -> None:
        """Hang the client's part of this number at place `at`; a pin selects it by level `active`."""
        place = places.parse(str(at), self._board.silicon.gpio.pins())
        if len(self._parts) >= MOST_PARTS:
            raise Invalid(f"{MOST_PARTS} parts are the most for one client")
        if not isinstance(part, int) or part in self._parts:
            raise Invalid(f"{str(part)[:32]} is no number of another part")
        if active not in (0, 1):
            raise Invalid("a pin selects by 0 or 1")
        if self._keeper is None:
            self._keeper = Keeper(self._send, self._lost)
            self._board.keepers.append(self._keeper)
        found = Distant(self._keeper, part)
        place.attach(self._board.bench, found, active)
        self._parts[part] = found, place

    def detach(self, part: int) -> None:
        """Take it off again."""
        if not isinstance(part, int) or part not in self._parts:
            raise Invalid(f"no part {str(part)[:32]} of this client's")
        found, place = self._parts.pop(part)
        place.detach(self._board.bench, found)

    def listen(self, unit: int) -> None:
        """Send what the UART of an ISU says from now on."""
        line = serial(self._board, unit)
        if line.sink is not None:
            raise Invalid(f"somebody listens to isu{unit} already")
        line.sink = lambda data: self._send({"line": unit, "data": data.hex()})
        self._heard.append(line)

    def said(self, ask: Any = None, answers: Any = None) -> None:
        """The client's answer to what a part was asked."""
        if self._keeper is None:
            raise Invalid("this client brought no part that could be asked")
        self._keeper.said(ask, answers)

    def close(self) -> None:
        """The client is gone, and what it brought along with it."""
        while self._parts:
            self.detach(next(iter(self._parts)))
        while self._heard:
            self._heard.pop().sink = None
        if self._keeper is not None:
            keeper, self._keeper = self._keeper, None
            self._board.keepers.remove(keeper)
            keeper.close()

    def _lost(self, why: str) -> None:
        where = ", ".join(str(place) for _, place in self._parts.values())
        self._board.uart.said("board", f"[BOARD] who brought the part at {where} {why}: it is gone\n".encode())
        self._end()


def serial(board: Supervisor, unit: Any) -> Uart:
    """The line of an ISU's UART. Raises Invalid."""
    if not isinstance(unit, int) or isinstance(unit, bool) or not 0 <= unit < ISUS:
        raise Invalid(f"there are isu0 to isu{ISUS - 1}")
    return board.silicon.wires.serial[unit]
