"""Walking a stack: who called whom, out of registers and memory as they are.

A frame is left by the call frame information of its function (`.debug_frame`, DWARF 5 section 6.4), else by its
exception index entry (`.ARM.exidx`, EHABI32 section 10); through exception frames the walk goes on at what was
interrupted (DDI0403E, B1.5.6). Where nothing is known of a function, return addresses are looked for on the
stack, and what was found so is marked as a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from . import exidx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .symbols import Symbols

SP, LR, PC = 13, 14, 15
MOST_FRAMES = 64
SCANNED = 2048  # bytes of the stack that are searched for return addresses
BASIC, EXTENDED = 0x20, 0x68  # bytes of an exception frame
EXCEPTION_RETURN = 0xFFFFFFE0
STACKED = (0, 1, 2, 3, 12, LR)

Registers = dict[int, int]


class Frame(NamedTuple):
    """A function that has not returned: where it is, and how that is known: "exact", "exception" or "guess"."""

    pc: int
    sp: int
    how: str


def unwind_exception(registers: Registers, exc_return: int, read: Callable[[int], int], frame: int) -> Registers:
    """Registers as they were when the exception was taken whose frame is at `frame`. Raises ValueError."""
    before = dict(registers)
    for number, register in enumerate(STACKED):
        before[register] = read(frame + 4 * number)
    before[PC] = read(frame + 24)
    size = BASIC if exc_return & 0x10 else EXTENDED
    before[SP] = frame + size + (4 if read(frame + 28) & 1 << 9 else 0)
    return before


class Unwinder:
    """Walks stacks of the program that `symbols` is of."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self._tables = _call_frames(symbols)
        self._index = exidx.read(symbols)

    def walk(self, registers: Mapping[int, int], read: Callable[[int], int], psp: int = 0) -> list[Frame]:
        """The frames from the innermost out. `registers` are r0 to r15 by number, `psp` the other stack's pointer."""
        frames: list[Frame] = []
        now, how = dict(registers), "exact"
        while len(frames) < MOST_FRAMES:
            frames.append(Frame(now[PC] & ~1, now[SP], how))
            try:
                before = self._leave(now, read, is_first=len(frames) == 1 or how == "exception")
            except ValueError:
                break
            if before is None:
                return frames + self._scan(now, read)
            if before[PC] >= EXCEPTION_RETURN:
                try:
                    before = unwind_exception(before, before[PC], read, psp if before[PC] & 4 else before[SP])
                except ValueError:
                    break
                how = "exception"
            else:
                how = "exact"
            if before[PC] in (0, 0xFFFFFFFF) or before[SP] < now[SP] and how == "exact":
                break
            if before[PC] & ~1 == now[PC] & ~1 and before[SP] == now[SP]:
                break
            now = before
        return frames

    def _leave(self, now: Registers, read: Callable[[int], int], is_first: bool) -> Registers | None:
        """Registers of the caller, or None if nothing is known of the function. Raises ValueError."""
        place = now[PC] & ~1 if is_first else (now[PC] & ~1) - 2  # a call may be a function's last instruction
        row = self._row(place)
        if row is not None:
            return _by_call_frame(now, row, read)
        code = self._index.at(place)
        if code is not None:
            return exidx.run(now, code, read)
        return None

    def _row(self, address: int) -> Any:
        for start, end, rows in self._tables:
            if start <= address < end:
                return next((row for row in reversed(rows) if row["pc"] <= address), None)
        return None

    def _scan(self, now: Registers, read: Callable[[int], int]) -> list[Frame]:
        """What on the stack looks like a return address: odd, and after a call."""
        found: list[Frame] = []
        if self._is_after_call(now[LR], read):
            found.append(Frame(now[LR] & ~1, now[SP], "guess"))
        for place in range(now[SP] & ~3, (now[SP] & ~3) + SCANNED, 4):
            try:
                value = read(place)
            except ValueError:
                break
            if self._is_after_call(value, read) and len(found) < MOST_FRAMES:
                found.append(Frame(value & ~1, place, "guess"))
        return found

    def _is_after_call(self, value: int, read: Callable[[int], int]) -> bool:
        """Is `value` a return address: Thumb code with a BL or a BLX before it (DDI0403E, A7.7.18, A7.7.19)?"""
        if not value & 1 or (self.symbols.functions and self.symbols.function_at(value & ~1) is None):
            return False
        try:
            first, second = _half(value - 5, read), _half(value - 3, read)
        except ValueError:
            return False
        return (first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000) or second & 0xFF87 == 0x4780


def _half(address: int, read: Callable[[int], int]) -> int:
    return read(address & ~3) >> 8 * (address & 2) & 0xFFFF


def _call_frames(symbols: Symbols) -> list[tuple[int, int, list[Any]]]:
    """[(start, end, rows)] of every function that `.debug_frame` describes; nothing if it cannot be read."""
    if symbols.file is None or not symbols.file.has_dwarf_info():
        return []
    dwarf = symbols.file.get_dwarf_info()
    try:
        entries = dwarf.CFI_entries() if dwarf.has_CFI() else []
        found = []
        for entry in entries:
            if type(entry).__name__ == "FDE" and entry.header["initial_location"] >= 0x100:
                start = entry.header["initial_location"]
                found.append((start, start + entry.header["address_range"], entry.get_decoded().table))
        return found
    except Exception:  # the boundary to a library: without the table the walk goes on by other means
        return []


def _by_call_frame(now: Registers, row: Any, read: Callable[[int], int]) -> Registers | None:
    """The caller's registers by a row of a table; None if it takes an expression, which no compiler for C writes."""
    rule = row["cfa"]
    if rule.expr is not None or rule.reg not in now:
        return None
    frame = (now[rule.reg] + rule.offset) & 0xFFFFFFFF
    before = {**now, SP: frame, PC: now[LR]}
    for register, how in row.items():
        if not isinstance(register, int) or register > PC:
            continue
        if how.type == "OFFSET":
            before[register] = read((frame + how.arg) & 0xFFFFFFFF)
        elif how.type == "REGISTER":
            before[register] = now[how.arg]
        elif how.type == "UNDEFINED" and register == LR:
            raise ValueError("the outermost function")
        elif how.type in ("EXPRESSION", "VAL_EXPRESSION"):
            return None
    before[PC] = before[LR]
    return before
