"""Bits of a fuse row: bit n of a row is bit n % 8 of byte n // 8.

Rows are bytes; nothing here touches a fuse.
"""

from __future__ import annotations


def only(index: int, size: int) -> bytes:
    """A row of `size` bytes in which bit `index` alone is set."""
    row = bytearray(size)
    row[index // 8] = 1 << index % 8
    return bytes(row)


def first(count: int, size: int) -> bytes:
    """A row of `size` bytes whose first `count` bits are set."""
    row = bytearray(size)
    for index in range(count):
        row[index // 8] |= 1 << index % 8
    return bytes(row)


def has(row: bytes, index: int) -> bool:
    """Whether bit `index` is set."""
    return row[index // 8] >> index % 8 & 1 == 1


def highest(row: bytes) -> int:
    """One more than the index of the highest bit set; 0 if none is."""
    for at in range(len(row) - 1, -1, -1):
        if row[at]:
            top = 7
            while not row[at] >> top & 1:
                top -= 1
            return at * 8 + top + 1
    return 0


def missing(row: bytes, wanted: bytes) -> bytes:
    """The bits of `wanted` that `row` has not."""
    return bytes([want & ~have & 0xFF for have, want in zip(row, wanted)])


def is_within(row: bytes, limit: bytes) -> bool:
    """Whether every bit of `row` is also in `limit`."""
    return not any([have & ~most & 0xFF for have, most in zip(row, limit)])


def is_empty(row: bytes) -> bool:
    """Whether no bit is set."""
    return not any(row)
