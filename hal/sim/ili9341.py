"""An ILI9341 for the SPI bus of a simulated board: a display of 240 x 320 points, written from what its public data sheet says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parts import Part, buffer
from .state import BYTE, flag, items, row, whole

if TYPE_CHECKING:
    from collections.abc import Callable

SOFTWARE_RESET, SLEEP, AWAKE, NORMAL, INVERTED, OFF, ON = 0x01, 0x10, 0x11, 0x20, 0x21, 0x28, 0x29
COLUMNS, PAGES, WRITE, ORDER, FORMAT, GO_ON = 0x2A, 0x2B, 0x2C, 0x36, 0x3A, 0x3C
ARGUMENTS = {COLUMNS: 4, PAGES: 4, ORDER: 1, FORMAT: 1}  # those of the others change nothing that can be seen here
MY, MX, MV, BGR = 0x80, 0x40, 0x20, 0x08  # bits of ORDER: rows mirrored, columns mirrored, both exchanged; colours of the glass
PLACE = whole(511)  # nine bits are kept of a column or a page


class Ili9341(Part):
    """The picture is that of the glass, upright and seen from its front, as common modules mount it: with MX and BGR in
    the memory's order (0x48) a program's point (0, 0) is at the upper left, with MV and BGR (0x28) at the upper right.
    `is_data` tells the level of the D/C pin. Nothing can be read. Satisfies `SpiDevice`."""

    WIDTH, HEIGHT = 240, 320
    STATE = {
        "memory": buffer(3 * WIDTH * HEIGHT), "is_awake": flag, "is_lit": flag, "is_inverse": flag, "_order": BYTE, "_is_short": flag,
        "_columns": row(PLACE, PLACE), "_pages": row(PLACE, PLACE), "_column": PLACE, "_page": PLACE,
        "_code": BYTE, "_given": items(BYTE, 4),
    }  # fmt: skip
    SIZED = ("memory",)

    def __init__(self, is_data: Callable[[], bool]) -> None:
        self._is_data = is_data
        self.memory = bytearray(3 * self.WIDTH * self.HEIGHT)  # red, green, blue of each point of the glass
        self._reset()

    def _reset(self) -> None:
        """What power on or the command does; the memory stays."""
        self.is_awake = self.is_lit = self.is_inverse = False
        self._order, self._is_short = 0, False
        self._columns, self._pages = (0, 239), (0, 319)
        self._column = self._page = 0
        self._code, self._given = 0, list[int]()

    @property
    def is_on(self) -> bool:
        """Whether it shows anything."""
        return self.is_awake and self.is_lit

    def select(self) -> None:
        """A pause between any two bytes changes nothing."""

    def deselect(self) -> None:
        """Likewise."""

    def exchange(self, byte: int) -> int:
        """A command, or what belongs to it, as the pin says; nothing comes back."""
        if not self._is_data():
            self._code, self._given = byte, []
            self._do(byte)
        elif self._code in (WRITE, GO_ON):
            self._store(byte)
        elif len(self._given) < ARGUMENTS.get(self._code, 0):
            self._given.append(byte)
            if len(self._given) == ARGUMENTS[self._code]:
                self._set(self._code, self._given)
        return 0xFF

    def points(self) -> bytes:
        """The picture: three bytes a point, line by line; black while it is off."""
        if not self.is_on:
            return bytes(len(self.memory))
        seen = bytearray(self.memory)
        if not self._order & BGR:
            seen[0::3], seen[2::3] = seen[2::3], seen[0::3]
        return bytes(seen.translate(bytes(range(255, -1, -1))) if self.is_inverse else seen)

    def _do(self, code: int) -> None:
        if code == SOFTWARE_RESET:
            self._reset()
        elif code in (SLEEP, AWAKE):
            self.is_awake = code == AWAKE
        elif code in (NORMAL, INVERTED):
            self.is_inverse = code == INVERTED
        elif code in (OFF, ON):
            self.is_lit = code == ON
        elif code == WRITE:
            self._column, self._page = self._columns[0], self._pages[0]

    def _set(self, code: int, given: list[int]) -> None:
        if code == ORDER:
            self._order = given[0]
        elif code == FORMAT:
            self._is_short = given[0] & 7 == 5
        else:
            limits = ((given[0] << 8 | given[1]) & 511, (given[2] << 8 | given[3]) & 511)
            if code == COLUMNS:
                self._columns = limits
            else:
                self._pages = limits

    def _store(self, byte: int) -> None:
        given = self._given
        given.append(byte)
        if len(given) < 3 - self._is_short:
            return
        if self._is_short:
            word = given[0] << 8 | given[1]
            red, green, blue = word >> 11, word >> 5 & 63, word & 31
            point = bytes((red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2))
        else:
            point = bytes(level & 0xFC | level >> 6 for level in given[:3])
        self._given = []
        self._put(point)

    def _put(self, point: bytes) -> None:
        """One point at the place that is next; one off the glass is lost."""
        across, down = (self._page, self._column) if self._order & MV else (self._column, self._page)
        if across < self.WIDTH and down < self.HEIGHT:
            x = across if self._order & MX else self.WIDTH - 1 - across  # the glass stands mirrored to the memory
            y = self.HEIGHT - 1 - down if self._order & MY else down
            at = 3 * (y * self.WIDTH + x)
            self.memory[at : at + 3] = point
        if self._column < self._columns[1]:
            self._column += 1
            return
        self._column = self._columns[0]
        self._page = self._page + 1 if self._page < self._pages[1] else self._pages[0]
