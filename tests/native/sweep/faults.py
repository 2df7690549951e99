"""One fault at a time, put into a call on the emulated Cortex-M4: what becomes of it, counted by function."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Iterable
from typing import NamedTuple

from tests.native.emulator.m4 import CODE_SIZE, MEMORY_SIZE, STACK, Machine, Program

ACCEPT = 0x5A3C96C5
SKIP, FLIP, FLAG = range(3)
KINDS = ("skip", "flip", "flag")
OUTCOMES = ("same", "reject", "crash", "hang", "accept")
GROUPS = 64
SP, PC = 13, 15


class Fault(ctypes.Structure):
    """struct fault of sweep.h."""

    _fields_ = [
        ("step", ctypes.c_uint32), ("kind", ctypes.c_uint8), ("which", ctypes.c_uint8), ("bit", ctypes.c_uint8),
        ("padding", ctypes.c_uint8),
    ]  # fmt: skip


class Found(ctypes.Structure):
    """struct found."""

    _fields_ = [("fault", Fault), ("pc", ctypes.c_uint32)]


class Count(NamedTuple):
    """How the faults in one function ended."""

    function: str
    same: int
    reject: int
    crash: int
    hang: int
    accept: int

    @property
    def injected(self) -> int:
        """All of them."""
        return sum(self[1:])


class Sweep:
    """A call, recorded; then faults in it. The call itself must refuse."""

    def __init__(self, library, program: Program, function: str, *arguments: int | bytes, wanted: int = ACCEPT):
        self.wanted = wanted
        self.library, self.program, self.function = library, program, function
        self.names = ["elsewhere"]
        self.groups = bytearray(CODE_SIZE // 2)
        machine = Machine(library, program)
        words = machine.words(arguments)
        memory = bytes(machine.memory)
        machine.close()
        self.start = (memory, words)
        self.handle = None
        self.open()

    def open(self) -> None:
        """Record the call."""
        memory, words = self.start
        assert len(memory) == MEMORY_SIZE
        library, code = self.library, self.program.code
        for name in ("sweep_new", "sweep_trace", "sweep_counts", "sweep_found"):
            getattr(library, name).restype = ctypes.c_void_p
        self.handle = ctypes.c_void_p(library.sweep_new(
            code, ctypes.c_size_t(len(code)), memory, self.program.functions[self.function].address, STACK,
            (ctypes.c_uint32 * 12)(*words), ctypes.c_size_t(len(words)), bytes(self.groups), ctypes.c_uint32(self.wanted),
        ))  # fmt: skip
        assert self.handle, f"{self.function} does not return"
        self.steps = library.sweep_steps(self.handle)
        self.result = library.sweep_result(self.handle) & 0xFFFFFFFF
        at = library.sweep_trace(self.handle)
        self.trace = list((ctypes.c_uint32 * self.steps).from_address(at))

    def close(self) -> None:
        """Free the record."""
        self.library.sweep_free(self.handle)
        self.handle = None

    def count_in(self, functions: Iterable[str]) -> None:
        """Count the faults in these functions apart from one another; to be said before any is put in."""
        for name in functions:
            symbol = self.program.functions[name]
            self.names.append(name)
            for at in range(symbol.address, symbol.address + symbol.size, 2):
                self.groups[at // 2] = len(self.names) - 1
        assert len(self.names) <= GROUPS
        self.close()
        self.open()

    def executed(self) -> list[str]:
        """The functions that the call goes through, without a fault."""
        ran = set(self.trace)
        return sorted(
            name for name, one in self.program.functions.items()
            if not ran.isdisjoint(range(one.address, one.address + one.size, 2))
        )  # fmt: skip

    def steps_in(self, functions: Iterable[str], helpers: Iterable[str] = ()) -> list[int]:
        """The steps at which one of these functions is executed, or one of `helpers` that one of them called."""
        of = self._names_by_address()
        inside, helping, found, caller = set(functions), set(helpers), [], {}
        before = ""
        for step, pc in enumerate(self.trace):
            name = of.get(pc, "")
            if name in helping and pc == self.program.functions[name].address:
                caller[name] = before
            if name in inside or (name in helping and caller.get(name) in inside):
                found.append(step)
            before = name
        return found

    def _names_by_address(self) -> dict[int, str]:
        return {
            pc: name for name, one in self.program.functions.items()
            for pc in range(one.address, one.address + one.size, 2)
        }  # fmt: skip

    def without_loops(self, steps: Iterable[int]) -> list[int]:
        """Of each instruction in each activation of its function: the first time and the last."""
        of, entries = self._names_by_address(), {one.address for one in self.program.functions.values()}
        activation: dict[str, int] = {}
        times: dict[tuple[str, int, int], list[int]] = {}
        for step in steps:
            pc = self.trace[step]
            name = of[pc]
            if pc in entries:
                activation[name] = step
            times.setdefault((name, activation.get(name, -1), pc), []).append(step)
        return sorted({step for each in times.values() for step in (each[0], each[-1])})

    def all_at(self, steps: Iterable[int]) -> None:
        """Every fault at each of these steps."""
        words = list(steps)
        self.library.sweep_all(self.handle, (ctypes.c_uint32 * len(words))(*words), ctypes.c_size_t(len(words)))

    def some(self, faults: Iterable[tuple[int, int, int, int]]) -> None:
        """These faults: (step, kind, which register, which bit)."""
        chosen = [Fault(*fault, 0) for fault in faults]
        self.library.sweep_some(self.handle, (Fault * len(chosen))(*chosen), ctypes.c_size_t(len(chosen)))

    def skips_and_flags(self, steps: Iterable[int]) -> list[tuple[int, int, int, int]]:
        """At each of these steps: the instruction skipped, and each flag inverted."""
        return [
            fault for step in steps for fault in ((step, SKIP, 0, 0), *((step, FLAG, 0, bit) for bit in range(28, 32)))
        ]

    def skips(self, steps: Iterable[int], more: int, seed: int) -> list[tuple[int, int, int, int]]:
        """For each instruction executed in `steps`: skip it the first time, the last, and `more` times between."""
        chance, when = random.Random(seed), {}
        for step in steps:
            when.setdefault(self.trace[step], []).append(step)
        chosen = [
            {times[0], times[-1], *chance.sample(times, min(more, len(times)))} for _, times in sorted(when.items())
        ]
        return [(step, SKIP, 0, 0) for steps in chosen for step in sorted(steps)]

    def flips(self, steps: list[int], count: int, seed: int) -> list[tuple[int, int, int, int]]:
        """`count` bits of registers at random steps."""
        chance, chosen = random.Random(seed), []
        while len(chosen) < count:
            which, bit = chance.randrange(16), chance.randrange(32)
            if not (which == SP and bit < 2 or which == PC and bit < 1):
                chosen.append((chance.choice(steps), FLIP, which, bit))
        return chosen

    def counts(self) -> list[Count]:
        """What became of the faults so far, by function."""
        table = (ctypes.c_uint32 * 5 * 3 * GROUPS).from_address(self.library.sweep_counts(self.handle))
        rows = []
        for group, name in enumerate(self.names):
            ends = [sum(table[group][kind][outcome] for kind in range(3)) for outcome in range(5)]
            if any(ends):
                rows.append(Count(name, *ends))
        return rows

    def accepted(self) -> list[str]:
        """The first faults that led to acceptance, readable."""
        count = ctypes.c_uint32()
        at = self.library.sweep_found(self.handle, ctypes.byref(count))
        found = (Found * count.value).from_address(at) if count.value else []
        return [
            f"step {one.fault.step} of {self.steps} at {self.where(one.pc)}: {KINDS[one.fault.kind]}"
            f" r{one.fault.which} bit {one.fault.bit}" for one in found
        ]  # fmt: skip

    def where(self, pc: int) -> str:
        """An address as function + offset."""
        for symbol in self.program.functions.values():
            if symbol.address <= pc < symbol.address + symbol.size:
                return f"{symbol.name}+{pc - symbol.address:#x}"
        return f"{pc:#x}"
