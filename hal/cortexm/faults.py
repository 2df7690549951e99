"""Faults in words, and the report on a program that died: registers, cause, who called whom, the last accesses.

The bits are those of the fault status registers (DDI0403E, B3.2.15 CFSR, B3.2.16 HFSR, B3.2.17 DFSR), the
frame is the one that was stacked when the fault was taken (B1.5.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .machine import LOCKUP
from .records import NAMES
from .unwind import BASIC, Unwinder, unwind_exception

if TYPE_CHECKING:
    from collections.abc import Callable

    from .machine import Machine
    from .records import Access, TakenFault
    from .symbols import Symbols
    from .unwind import Frame

CFSR, HFSR, MMFAR, BFAR, SHCSR, VTOR = 0xE000ED28, 0xE000ED2C, 0xE000ED34, 0xE000ED38, 0xE000ED24, 0xE000ED08
HARD_FAULT, FAULTS = 3, range(3, 7)
EXCEPTIONS = {
    0: "thread mode", 1: "Reset", 2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 11: "SVCall",
    12: "DebugMonitor", 14: "PendSV", 15: "SysTick",
}  # fmt: skip
BRANCH_TO_SELF, SEMIHOSTING = 0xE7FE, 0xBEAB
ACCESSES = 64  # that a report has

CFSR_BITS = {
    0: ("IACCVIOL", "an instruction was fetched from where the MPU allows no execution"),
    1: ("DACCVIOL", "a load or store was refused by the MPU"),
    3: ("MUNSTKERR", "unstacking at an exception return was refused by the MPU"),
    4: ("MSTKERR", "stacking at an exception entry was refused by the MPU: has the stack overflowed?"),
    5: ("MLSPERR", "the MPU refused the lazy stacking of floating-point registers"),
    7: ("MMARVALID", "the address is in MMFAR"),
    8: ("IBUSERR", "an instruction was fetched from where no memory is: a wild function pointer or return address?"),
    9: ("PRECISERR", "a load or store was answered by nobody, or refused"),
    10: ("IMPRECISERR", "an earlier store was refused"),
    11: ("UNSTKERR", "unstacking at an exception return met no memory"),
    12: ("STKERR", "stacking at an exception entry met no memory: has the stack overflowed?"),
    13: ("LSPERR", "the lazy stacking of floating-point registers met no memory"),
    15: ("BFARVALID", "the address is in BFAR"),
    16: ("UNDEFINSTR", "an undefined instruction"),
    17: ("INVSTATE", "a branch to an even address: this processor knows Thumb only"),
    18: ("INVPC", "an exception return with an illegal EXC_RETURN or a corrupt frame"),
    19: ("NOCP", "a floating-point instruction while CPACR keeps the unit off"),
    24: ("UNALIGNED", "an unaligned access"),
    25: ("DIVBYZERO", "a division by zero"),
}
HFSR_BITS = {
    1: ("VECTTBL", "the vector table could not be read"),
    30: ("FORCED", "another fault could not be taken (disabled, or of too low priority) and became this one"),
    31: ("DEBUGEVT", "a debug event without a debugger"),
}


class Fault(NamedTuple):
    """What the fault status registers held."""

    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int


def read_fault(machine: Machine) -> Fault:
    """The fault status registers as they are."""
    return Fault(*(machine.read_system(place) for place in (CFSR, HFSR, MMFAR, BFAR)))


def exception_name(number: int) -> str:
    """An exception in words: `IRQ 4` for number 20."""
    return EXCEPTIONS.get(number) or (f"IRQ {number - 16}" if number >= 16 else f"exception {number}")


def explain(fault: Fault) -> list[str]:
    """A line for each bit that is set."""
    lines = []
    for register, value, bits in (("CFSR", fault.cfsr, CFSR_BITS), ("HFSR", fault.hfsr, HFSR_BITS)):
        for bit in range(32):
            if value >> bit & 1:
                name, words = bits.get(bit, (f"bit {bit}", "reserved"))
                address = {"MMARVALID": fault.mmfar, "BFARVALID": fault.bfar}.get(name)
                lines.append(f"{register}.{name}: {words}" + (f": {address:#010x}" if address is not None else ""))
    return lines


def is_dead(machine: Machine) -> bool:
    """Whether the program stands still in a fault handler: a branch to itself, or a loop of two instructions."""
    if machine.get("xpsr") & 0x1FF not in FAULTS:
        return False
    try:
        code = machine.read_memory(machine.get("pc") & ~1, 4)
    except ValueError:
        return False
    first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
    return BRANCH_TO_SELF in (first, second) or second == 0xE7FD or first == 0xE7FD


class PostMortem:
    """Writes reports on a machine. `name` gives the name of the register of a device at an address."""

    def __init__(self, machine: Machine, symbols: Symbols, name: Callable[[int], str], tick_hz: int) -> None:
        self.machine = machine
        self.symbols = symbols
        self.name = name
        self.tick_hz = tick_hz
        self._unwinder: Unwinder | None = None  # made when somebody dies: it reads every function's table

    def report(self, reason: int | None = None) -> str:
        """The report, as text of several paragraphs. `reason` is why the run ended, if it did."""
        last = self.machine.last_fault()
        before = self._before(last)
        parts = [self._head(reason, last), self._cause(before), self._registers("registers", self._now())]
        if before is not None:
            parts.append(self._registers(f"when the fault was taken (frame at {last.frame:#010x})" if last else "", before))
        parts += [self._backtrace(self._now() if before is None or reason == LOCKUP else before), self._accesses()]
        return "\n\n".join(parts) + "\n"

    def seconds(self, time: int) -> str:
        """A time in ticks as seconds, to the microsecond."""
        return f"{time // self.tick_hz}.{time % self.tick_hz * 1_000_000 // self.tick_hz:06}"

    def backtrace(self, registers: dict[int, int]) -> list[Frame]:
        """The frames of `registers`, innermost first."""
        self._unwinder = self._unwinder or Unwinder(self.symbols)
        return self._unwinder.walk(registers, self.read_word, self.machine.get("psp"))

    def read_word(self, address: int) -> int:
        """A word of memory. Raises ValueError where there is none."""
        return int.from_bytes(self.machine.read_memory(address, 4), "little")

    def _head(self, reason: int | None, last: TakenFault | None) -> str:
        number = self.machine.get("xpsr") & 0x1FF
        if reason == LOCKUP:
            what = "the processor locked up: a fault in a fault handler"
        elif last is not None:
            what = f"{exception_name(last.number)} taken at {self.seconds(last.time)} s"
        else:
            what = "no fault was taken"
        return f"post-mortem at {self.seconds(self.machine.now)} s: {what}\nrunning: {exception_name(number)}, {self._where(self.machine.get('pc'))}"

    def _where(self, address: int) -> str:
        return self.symbols.describe(address & ~1)

    def _cause(self, before: dict[int, int] | None) -> str:
        fault = read_fault(self.machine)
        lines = explain(fault) or ["no fault status bit is set"]
        if fault.hfsr >> 31 and before is not None and self._half(before[15]) == SEMIHOSTING:
            lines.append("BKPT 0xAB: a semihosting call, for a debugger to answer; give the C library a _write() instead of rdimon.specs")
        head = f"cause: CFSR {fault.cfsr:#010x}, HFSR {fault.hfsr:#010x}, MMFAR {fault.mmfar:#010x}, BFAR {fault.bfar:#010x}"
        return "\n".join([head, *("  " + line for line in lines)])

    def _half(self, address: int) -> int:
        """The halfword at `address`, 0 where there is none."""
        try:
            return int.from_bytes(self.machine.read_memory(address & ~1, 2), "little")
        except ValueError:
            return 0

    def _now(self) -> dict[int, int]:
        return {number: self.machine.get(f"r{number}" if number < 13 else NAMES[number]) for number in range(16)} | {
            16: self.machine.get("xpsr")
        }

    def _before(self, last: TakenFault | None) -> dict[int, int] | None:
        """Registers when the fault was taken, from its frame; None if there is no frame to read."""
        if last is None or self.machine.get("xpsr") & 0x1FF == 0:
            return None
        registers = self._now() | dict(zip(range(4, 12), last.registers, strict=True))
        try:
            before = unwind_exception(registers, last.exc_return, self.read_word, last.frame)
            return before | {16: self.read_word(last.frame + BASIC - 4)}
        except ValueError:
            return None

    def _registers(self, title: str, registers: dict[int, int]) -> str:
        lines = [title + ":"]
        for first in range(0, 16, 4):
            cells = (f"{NAMES[number]:>4} {registers[number]:08x}" for number in range(first, first + 4))
            lines.append("  " + "  ".join(cells))
        lines.append(f"  xpsr {registers[16]:08x} ({exception_name(registers[16] & 0x1FF)})  at {self._where(registers[15])}")
        if title == "registers":
            special = ("msp", "psp", "primask", "basepri", "faultmask", "control")
            lines.append("  " + "  ".join(f"{name} {self.machine.get(name):x}" for name in special))
        return "\n".join(lines)

    def _backtrace(self, registers: dict[int, int]) -> str:
        lines = ["backtrace:"]
        for number, frame in enumerate(self.backtrace(registers)):
            mark = {"exact": "", "exception": "  <- interrupted", "guess": "  (a guess: found on the stack)"}[frame.how]
            lines.append(f"  #{number} {self._where(frame.pc)}{mark}")
        return "\n".join(lines)

    def _accesses(self) -> str:
        accesses = self.machine.accesses(ACCESSES)
        lines = [f"the last {len(accesses)} accesses to peripherals, latest last:" if accesses else "no peripheral was accessed"]
        return "\n".join(lines + ["  " + self.describe(access) for access in accesses])

    def describe(self, access: Access) -> str:
        """An access in words."""
        way = "<-" if access.is_write else "->"
        width = 2 * access.size
        text = f"{self.seconds(access.time)} {self.name(access.address):24} {way} {access.value:#0{width + 2}x}  by {self._where(access.pc)}"
        return text + (f", {access.repeats + 1} times" if access.repeats else "")
