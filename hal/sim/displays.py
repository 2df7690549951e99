"""Two small displays for the buses of a simulated board: what they show can be looked at, and saved as a picture.

Each is written from what its public data sheet says of the interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parts import Part, buffer
from .state import BYTE, HALF, flag, items, optional, row, whole

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ARGUMENTS = 33


class Ssd1306(Part):
    """A SSD1306: 128 x 64 points, addressed in any of its three modes. Satisfies `I2cDevice`, and `SpiDevice` where
    `is_data` tells the level of its D/C pin."""

    WIDTH, HEIGHT = 128, 64
    ARGUMENTS = {  # bytes after a command
        0x20: 1, 0x21: 2, 0x22: 2, 0x26: 6, 0x27: 6, 0x29: 5, 0x2A: 5, 0x81: 1, 0x8D: 1, 0xA3: 2, 0xA8: 1,
        0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
    }  # fmt: skip
    STATE = {
        "memory": buffer(WIDTH * HEIGHT // 8), "is_on": flag, "is_inverse": flag, "_mode": whole(3), "_column": whole(127),
        "_page": whole(7), "_columns": row(whole(127), whole(127)), "_pages": row(whole(7), whole(7)),
        "_command": items(BYTE, MOST_ARGUMENTS), "_control": optional(BYTE),
    }  # fmt: skip
    SIZED = ("memory",)

    def __init__(self, is_data: Callable[[], bool] = lambda: False) -> None:
        self._is_data = is_data
        self.memory = bytearray(self.WIDTH * self.HEIGHT // 8)
        self.is_on = self.is_inverse = False
        self._mode, self._column, self._page = 2, 0, 0
        self._columns, self._pages = (0, 127), (0, 7)
        self._command: list[int] = []
        self._control: int | None = None

    def start(self, is_read: bool) -> bool:
        """A control byte comes first."""
        self._control = None
        return True

    def write(self, byte: int) -> bool:
        """A control byte, then commands or data as it says; bit 7 says one only."""
        if self._control is None:
            self._control = byte
            return True
        if self._control & 0x40:
            self._store(byte)
        else:
            self._take(byte)
        if self._control & 0x80:
            self._control = None
        return True

    def read(self) -> int:
        """Status: bit 6 is set while it is off."""
        return 0 if self.is_on else 0x40

    def stop(self) -> None:
        """Done."""

    def select(self) -> None:
        """Commands may go on after a pause."""

    def exchange(self, byte: int) -> int:
        """SPI: a command byte or eight points, as the pin says; nothing comes back."""
        if self._is_data():
            self._store(byte)
        else:
            self._take(byte)
        return 0xFF

    def deselect(self) -> None:
        """Done."""

    def lit(self, x: int, y: int) -> bool:
        """Whether the point is lit."""
        bit = self.memory[y // 8 * self.WIDTH + x] >> y % 8 & 1
        return self.is_on and bool(bit) != self.is_inverse

    def points(self) -> bytes:
        """The picture: three bytes a point, line by line."""
        return b"".join((b"\xff" * 3 if self.lit(x, y) else b"\0" * 3) for y in range(self.HEIGHT) for x in range(self.WIDTH))

    def ppm(self) -> bytes:
        """The picture as a portable pixmap."""
        return b"P6 %d %d 255\n" % (self.WIDTH, self.HEIGHT) + self.points()

    def _take(self, byte: int) -> None:
        self._command.append(byte)
        if len(self._command) > self.ARGUMENTS.get(self._command[0], 0):
            command, self._command = self._command, []
            self._do(command[0], command[1:])

    def _do(self, code: int, arguments: list[int]) -> None:
        if code < 0x20:
            shift = 4 if code & 0x10 else 0
            self._column = (self._column & (0x0F if shift else 0x70)) | (code & (7 if shift else 15)) << shift
        elif code == 0x20:
            self._mode = arguments[0] & 3
        elif code == 0x21:
            self._columns = (arguments[0] & 127, arguments[1] & 127)
            self._column = self._columns[0]
        elif code == 0x22:
            self._pages = (arguments[0] & 7, arguments[1] & 7)
            self._page = self._pages[0]
        elif code in (0xA6, 0xA7):
            self.is_inverse = code == 0xA7
        elif code in (0xAE, 0xAF):
            self.is_on = code == 0xAF
        elif code & 0xF8 == 0xB0:
            self._page = code & 7

    def _store(self, byte: int) -> None:
        self.memory[self._page * self.WIDTH + self._column] = byte
        if self._mode == 2:  # pages: the column counts on in its page
            self._column = (self._column + 1) % self.WIDTH
        elif self._mode == 1:
            self._page, is_round = _next(self._page, self._pages)
            self._column = _next(self._column, self._columns)[0] if is_round else self._column
        else:
            self._column, is_round = _next(self._column, self._columns)
            self._page = _next(self._page, self._pages)[0] if is_round else self._page


class Ssd1331(Part):
    """A SSD1331 on SPI: 96 x 64 points of 65536 colours. `is_data` tells the level of its D/C pin. Satisfies `SpiDevice`."""

    WIDTH, HEIGHT = 96, 64
    ARGUMENTS = {  # bytes after a command
        0x15: 2, 0x75: 2, 0x81: 1, 0x82: 1, 0x83: 1, 0x87: 1, 0x8A: 1, 0x8B: 1, 0x8C: 1, 0xA0: 1, 0xA1: 1, 0xA2: 1,
        0xA8: 1, 0xAB: 5, 0xAD: 1, 0xB0: 1, 0xB1: 1, 0xB3: 1, 0xB8: 32, 0xBB: 1, 0xBE: 1, 0xFD: 1,
        0x21: 7, 0x22: 10, 0x23: 6, 0x24: 4, 0x25: 4, 0x26: 1, 0x27: 5,
    }  # fmt: skip
    STATE = {
        "memory": items(HALF, WIDTH * HEIGHT), "is_on": flag, "_columns": row(whole(95), whole(95)), "_rows": row(whole(63), whole(63)),
        "_column": whole(95), "_row": whole(63), "_command": items(BYTE, MOST_ARGUMENTS), "_high": optional(BYTE),
        "_shows": whole(3), "_format": BYTE, "_drawing": BYTE,
    }  # fmt: skip
    DRAWING = {0x21: "_line", 0x22: "_rectangle", 0x23: "_copy", 0x25: "_clear"}
    NORMAL, ALL_ON, ALL_OFF, INVERSE = range(4)  # commands 0xA4 to 0xA7
    VERTICAL, COLOURS = 0x01, 0xC0  # of command 0xA0: which way it counts on, bytes a point (0: one)
    FILLS, REVERSES = 0x01, 0x10  # of command 0x26: rectangles, copies
    SIZED = ("memory",)

    def __init__(self, is_data: Callable[[], bool]) -> None:
        self._is_data = is_data
        self.memory = [0] * (self.WIDTH * self.HEIGHT)
        self.is_on = False
        self._columns, self._rows = (0, 95), (0, 63)
        self._column = self._row = 0
        self._command: list[int] = []
        self._high: int | None = None
        self._shows, self._format, self._drawing = self.NORMAL, 0x40, 0

    def select(self) -> None:
        """A word of data begins with its high byte."""
        self._high = None

    def exchange(self, byte: int) -> int:
        """A command byte or half a point; nothing comes back."""
        if self._is_data():
            self._store(byte)
        else:
            self._take(byte)
        return 0xFF

    def deselect(self) -> None:
        """Commands may go on after it."""

    def points(self) -> bytes:
        """The picture: three bytes a point, line by line; black while it is off."""
        return b"".join(_rgb(self._shown(word)) for word in self.memory)

    def _shown(self, word: int) -> int:
        if not self.is_on or self._shows == self.ALL_OFF:
            return 0
        return 0xFFFF if self._shows == self.ALL_ON else word ^ (0xFFFF if self._shows == self.INVERSE else 0)

    def ppm(self) -> bytes:
        """The picture as a portable pixmap."""
        return b"P6 %d %d 255\n" % (self.WIDTH, self.HEIGHT) + self.points()

    def _take(self, byte: int) -> None:
        self._command.append(byte)
        if len(self._command) <= self.ARGUMENTS.get(self._command[0], 0):
            return
        code, *arguments = self._command
        self._command = []
        if code == 0x15:
            self._columns = (min(arguments[0], 95), min(arguments[1], 95))
            self._column = self._columns[0]
        elif code == 0x75:
            self._rows = (min(arguments[0], 63), min(arguments[1], 63))
            self._row = self._rows[0]
        elif code in (0xAC, 0xAE, 0xAF):  # on and dim, off, on
            self.is_on = code != 0xAE
        elif 0xA4 <= code <= 0xA7:
            self._shows = code - 0xA4
        elif code == 0xA0:
            self._format, self._high = arguments[0], None
        elif code == 0x26:
            self._drawing = arguments[0]
        elif code in self.DRAWING:
            getattr(self, self.DRAWING[code])(arguments)

    # --- what it draws by itself ---

    def _point(self, column: int, line: int, word: int) -> None:
        if column < self.WIDTH and line < self.HEIGHT:
            self.memory[line * self.WIDTH + column] = word

    def _line(self, arguments: list[int]) -> None:
        """As many points as the longer of width and height, both ends included."""
        left, top, right, bottom = arguments[:4]
        steps = max(abs(right - left), abs(bottom - top))
        for step in range(steps + 1):
            part = [(2 * step * (last - first) + steps) // (2 * steps) if steps else 0 for first, last in ((left, right), (top, bottom))]
            self._point(left + part[0], top + part[1], _word(arguments[4:]))

    def _rectangle(self, arguments: list[int]) -> None:
        left, top, right, bottom = arguments[:4]
        for line in range(top, bottom + 1):
            for column in range(left, right + 1):
                if column in (left, right) or line in (top, bottom):
                    self._point(column, line, _word(arguments[4:7]))
                elif self._drawing & self.FILLS:
                    self._point(column, line, _word(arguments[7:]))

    def _copy(self, arguments: list[int]) -> None:
        left, top, right, bottom, to_left, to_top = arguments
        before, mask = list(self.memory), 0xFFFF if self._drawing & self.REVERSES else 0
        for line in range(top, min(bottom, 63) + 1):
            for column in range(left, min(right, 95) + 1):
                self._point(to_left + column - left, to_top + line - top, before[line * self.WIDTH + column] ^ mask)

    def _clear(self, arguments: list[int]) -> None:
        left, top, right, bottom = arguments
        for line in range(top, min(bottom, 63) + 1):
            for column in range(left, min(right, 95) + 1):
                self._point(column, line, 0)

    # --- what it is sent ---

    def _store(self, byte: int) -> None:
        if not self._format & self.COLOURS:
            self._keep(_expanded(byte))
        elif self._high is None:
            self._high = byte
        else:
            self._keep(self._high << 8 | byte)
            self._high = None

    def _keep(self, word: int) -> None:
        self.memory[self._row * self.WIDTH + self._column] = word
        if self._format & self.VERTICAL:
            self._row, is_round = _next(self._row, self._rows)
            self._column = _next(self._column, self._columns)[0] if is_round else self._column
        else:
            self._column, is_round = _next(self._column, self._columns)
            self._row = _next(self._row, self._rows)[0] if is_round else self._row


def _next(value: int, limits: tuple[int, int]) -> tuple[int, bool]:
    """One on within `limits`, and whether it went round."""
    first, last = limits
    return (first, True) if value >= last else (value + 1, False)


def _word(colours: list[int]) -> int:
    """A point of the three colours of a command, six bits each, red first."""
    red, green, blue = colours
    return (red >> 1 & 31) << 11 | (green & 63) << 5 | blue >> 1 & 31


def _expanded(byte: int) -> int:
    """A point of one byte: three bits red, three green, two blue."""
    return (byte >> 5) * 31 // 7 << 11 | (byte >> 2 & 7) * 9 << 5 | (byte & 3) * 31 // 3


def _rgb(word: int) -> bytes:
    red, green, blue = word >> 11, word >> 5 & 63, word & 31
    return bytes((red * 255 // 31, green * 255 // 63, blue * 255 // 31))
