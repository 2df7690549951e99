"""The exception index table: how to leave a function, in a byte code (EHABI32, sections 6 and 10.3)."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .symbols import Symbols

SP, LR, PC = 13, 14, 15
CANNOT_UNWIND = 1
FINISH = 0xB0
MOST_ENTRIES = 65536


class Index(NamedTuple):
    """Functions in order of address, and the byte code of each; None for one that cannot be left."""

    starts: list[int]
    codes: list[bytes | None]

    def at(self, address: int) -> bytes | None:
        """The code of the function that `address` is in, or None."""
        at = bisect.bisect_right(self.starts, address) - 1
        return self.codes[at] if at >= 0 else None


def read(symbols: Symbols) -> Index:
    """The table of a program; an empty one if it has none or it is malformed."""
    index, table = symbols.section(".ARM.exidx"), symbols.section(".ARM.extab")
    starts: list[int] = []
    codes: list[bytes | None] = []
    if index is None or len(index[1]) % 8 or len(index[1]) // 8 > MOST_ENTRIES:
        return Index([], [])
    base, data = index
    for at in range(0, len(data), 8):
        start = _relative(_word(data, at), base + at)
        if starts and start < starts[-1]:
            return Index([], [])
        starts.append(start)
        codes.append(_code(_word(data, at + 4), base + at + 4, table))
    return Index(starts, codes)


def run(now: dict[int, int], code: bytes, read: Callable[[int], int]) -> dict[int, int] | None:
    """Registers of the caller, or None if `code` refuses or is unknown. Raises ValueError where memory ends."""
    before, at = dict(now), 0
    before[PC] = 0
    while at < len(code) and code[at] != FINISH:
        first = code[at]
        second = code[at + 1] if at + 1 < len(code) else 0
        if first < 0x80:
            step = (first & 0x3F) * 4 + 4
            before[SP] = (before[SP] + (step if first < 0x40 else -step)) & 0xFFFFFFFF
            at += 1
        elif first == 0xB2:
            count, at = _uleb(code, at + 1)
            before[SP] = (before[SP] + 0x204 + (count << 2)) & 0xFFFFFFFF
        elif first & 0xF0 == 0x90 and first & 15 not in (SP, PC):
            before[SP] = before[first & 15]
            at += 1
        else:
            popped = _popped(first, second)
            if popped is None:
                return None
            registers, words, used = popped
            _pop(before, registers, words, read)
            at += used
    before[PC] = before[PC] or before[LR]
    return before


def _popped(first: int, second: int) -> tuple[list[int], int, int] | None:
    """(core registers popped, words of floating-point ones, bytes of code) of a pop; None for what is unknown."""
    if first & 0xF0 == 0x80 and (first, second) != (0x80, 0):
        mask = (first & 15) << 8 | second
        return [4 + bit for bit in range(12) if mask >> bit & 1], 0, 2
    if first & 0xF0 == 0xA0:
        return [*range(4, 5 + (first & 7)), *([LR] if first & 8 else [])], 0, 1
    if first == 0xB1 and 0 < second < 16:
        return [bit for bit in range(4) if second >> bit & 1], 0, 2
    if first == 0xB3:  # FSTMFDX, with a word of padding
        return [], 2 * ((second & 15) + 1) + 1, 2
    if first & 0xF8 == 0xB8:
        return [], 2 * ((first & 7) + 1) + 1, 1
    if first in (0xC8, 0xC9):
        return [], 2 * ((second & 15) + 1), 2
    if first & 0xF8 == 0xD0:
        return [], 2 * ((first & 7) + 1), 1
    return None


def _pop(registers: dict[int, int], which: list[int], words: int, read: Callable[[int], int]) -> None:
    at = registers[SP]
    for register in which:
        registers[register] = read(at)
        at += 4
    if SP not in which:
        registers[SP] = (at + 4 * words) & 0xFFFFFFFF


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _relative(word: int, place: int) -> int:
    """A 31-bit place-relative offset (prel31)."""
    offset = word & 0x7FFFFFFF
    return (place + (offset - (1 << 31) if offset >> 30 else offset)) & 0xFFFFFFFF


def _code(word: int, place: int, table: tuple[int, bytes] | None) -> bytes | None:
    """The byte code that the second word of an entry holds or points to."""
    if word == CANNOT_UNWIND:
        return None
    if word >> 24 == 0x80:
        return word.to_bytes(4, "big")[1:]
    if word >> 31 or table is None:
        return None
    base, data = table
    at = _relative(word, place) - base
    if not 0 <= at <= len(data) - 4:
        return None
    first = _word(data, at)
    if first >> 24 == 0x80:
        return first.to_bytes(4, "big")[1:]
    if first >> 24 not in (0x81, 0x82):  # a language's own personality routine
        return None
    count = first >> 16 & 0xFF
    words = [_word(data, at + 4 * number) for number in range(1, count + 1)]
    return (first & 0xFFFF).to_bytes(2, "big") + b"".join(word.to_bytes(4, "big") for word in words)


def _uleb(code: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(code) and shift < 32:
        byte = code[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            break
    return value, at
