"""A FIFO as the I2C engine has four of: eight bytes, pointers that programs read, flags for what went wrong."""

from __future__ import annotations

from typing import Any

from ..state import BYTE, flag, items, row, whole

DEPTH = 8  # bytes
POINTERS = 16  # a pointer has one bit more than the depth needs, so that a full FIFO differs from an empty one
EMPTY, FULL, UNDER, OVER = 1, 2, 4, 8
STATE = row(items(BYTE, DEPTH), whole(POINTERS - 1), whole(POINTERS - 1), flag, flag)


class Fifo:
    """Bytes in order. `is_under` and `is_over` stay until it is cleared."""

    def __init__(self) -> None:
        self.data: list[int] = []
        self.read_pointer = self.write_pointer = 0
        self.is_under = self.is_over = False

    def __len__(self) -> int:
        return len(self.data)

    @property
    def room(self) -> int:
        """Bytes that still fit."""
        return DEPTH - len(self.data)

    def clear(self) -> None:
        """Empty, pointers 0, flags gone."""
        self.data.clear()
        self.read_pointer = self.write_pointer = 0
        self.is_under = self.is_over = False

    def put(self, byte: int) -> bool:
        """Append; a byte too many is lost. Returns whether it fitted."""
        if not self.room:
            self.is_over = True
            return False
        self.data.append(byte & 0xFF)
        self.write_pointer = (self.write_pointer + 1) % POINTERS
        return True

    def take(self) -> int:
        """The oldest byte, or 0 from an empty FIFO."""
        if not self.data:
            self.is_under = True
            return 0
        self.read_pointer = (self.read_pointer + 1) % POINTERS
        return self.data.pop(0)

    def status(self) -> int:
        """Four bits: empty, full, read when empty, written when full."""
        value = EMPTY if not self.data else 0 if self.room else FULL
        return value | (UNDER if self.is_under else 0) | (OVER if self.is_over else 0)

    def pointers(self) -> int:
        """3:0 read, 7:4 write."""
        return self.read_pointer | self.write_pointer << 4

    def save(self) -> tuple[Any, ...]:
        """The state, as plain values."""
        return (list(self.data), self.read_pointer, self.write_pointer, self.is_under, self.is_over)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Go on from what `save` gave."""
        data, self.read_pointer, self.write_pointer, self.is_under, self.is_over = state
        self.data = list(data)
