"""Traces: functions as they are entered, indented by who called them, and accesses to devices by name.

Who called is found by the return address: the caller is the live function with the nearest stack pointer that
holds it. So each task has its own nesting, whatever the scheduler does. A handler begins at the left, with the
exception's name. Reads that repeat are counted, not repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .faults import exception_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from .machine import Machine
    from .records import Access, Call
    from .symbols import Function, Symbols

EXCEPTION_RETURN = 0xFFFFFFE0
MOST_LIVE = 512


class Live:
    """A function that was entered and may not have returned yet."""

    __slots__ = ("caller", "depth", "function", "sp")

    def __init__(self, function: Function, sp: int, caller: Live | None) -> None:
        self.function = function
        self.sp = sp
        self.caller = caller
        self.depth: int = 0 if caller is None else caller.depth + 1


class Tracer:
    """Writes lines for `functions` and `accesses` of `machine` to `write`. `name` names a device's register."""

    def __init__(
        self, machine: Machine, symbols: Symbols, write: Callable[[str], None], seconds: Callable[[int], str],
        name: Callable[[int], str],
    ) -> None:  # fmt: skip
        self.machine = machine
        self.symbols = symbols
        self.write = write
        self.seconds = seconds
        self.name = name
        self._live: dict[int, list[Live]] = {}  # by exception number; what is live, in order of entry
        self._last: tuple[int, int, int] | None = None  # the read that may repeat: pc, address, value
        self._repeats = 0

    def functions(self) -> None:
        """From now on tell of functions. Raises ValueError if somebody traces them already."""
        self.machine.trace([function.address for function in self.symbols.functions], self._calls)

    def accesses(self) -> None:
        """From now on tell of accesses to devices."""
        self.machine.observe(self._access)

    def finish(self) -> None:
        """Tell the rest."""
        self.machine.flush()
        self._tell_repeats()

    def _calls(self, calls: list[Call]) -> None:
        for call in calls:
            self._call(call)

    def _call(self, call: Call) -> None:
        function = self.symbols.function_at(call.address)
        if function is None or self._is_loop(function, call):
            return
        self._tell_repeats()
        depth = self._enter(function, call)
        why = f"<{exception_name(call.exception)}> " if call.exception and not depth else ""
        self.write(f"{self.seconds(call.time)} {'  ' * depth}{why}{function.name}")

    def _is_loop(self, function: Function, call: Call) -> bool:
        """A branch back to a function's first instruction enters nothing; a call leaves where it came from in LR."""
        is_inside = function.address <= call.previous < function.address + function.size
        return is_inside and call.lr & ~1 != call.previous_end

    def _enter(self, function: Function, call: Call) -> int:
        """Note the entry; returns how deep it is."""
        live = self._live.setdefault(call.exception, [])
        if call.exception and call.lr >= EXCEPTION_RETURN:
            live.clear()
        caller = self.symbols.function_at((call.lr & ~1) - 2)
        above = [each for each in live if each.sp >= call.sp and each.function is caller]
        parent = min(above, key=lambda each: each.sp, default=None)
        if parent is not None:
            _forget_callees(live, parent)
        live.append(Live(function, call.sp, parent))
        del live[:-MOST_LIVE]
        return live[-1].depth

    def _access(self, access: Access) -> None:
        self.machine.flush()  # what was entered before comes before
        key = (access.pc, access.address, access.value)
        if not access.is_write and key == self._last:
            self._repeats += 1
            return
        self._tell_repeats()
        self._last = None if access.is_write else key
        width = 2 * access.size + 2
        arrow = "<-" if access.is_write else "->"
        function = self.symbols.function_at(access.pc & ~1)
        place = function.name if function is not None else f"{access.pc:#010x}"
        self.write(f"{self.seconds(access.time)} {self.name(access.address)} {arrow} {access.value:#0{width}x}  ({place})")

    def _tell_repeats(self) -> None:
        repeats, self._repeats, self._last = self._repeats, 0, None
        if repeats:
            self.write(f"  ... read the same {repeats} times more")


def _forget_callees(live: list[Live], caller: Live) -> None:
    """What `caller` called before has returned, if it calls again. Callers stand before whom they called."""
    gone: set[Live] = set()
    for each in live:
        if each.caller is caller or each.caller in gone:
            gone.add(each)
    for each in gone:
        each.caller = None
    live[:] = [each for each in live if each not in gone]
