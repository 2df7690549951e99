"""The report on a program that died tells what it died of, where, and what it did before."""

import re

import pytest

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.faults import Fault, PostMortem, exception_name, explain, is_dead
from armillary.hal.cortexm.machine import LOCKUP, Machine
from armillary.hal.cortexm.symbols import Symbols

HANG = "void hang(void) { for (;;) { } }\n"
REGIONS = [elf.Region("TCM", 0x100000, 0x30000)]


class Register:
    """A device with a word that reads what was written."""

    def __init__(self):
        self.value = 0

    def read(self, offset, size):
        return self.value

    def write(self, offset, size, value):
        self.value = value


def run(path, ticks=20000):
    """A machine that ran the program, its post-mortem, and why it ended."""
    data = path.read_bytes()
    machine = Machine()
    machine.map_ram(0x100000, 0x30000)
    machine.map_device(0x40000000, 0x1000, Register(), "REG")
    program = elf.parse(data, REGIONS)
    elf.load(program, machine)
    machine.reset(program.entry)
    stop = machine.run(ticks)
    return machine, PostMortem(machine, Symbols(data), lambda address: f"REG+{address & 0xFFF:#x}", 1_000_000), stop


FAULTY = HANG + """
__attribute__((noinline)) int inner(volatile int *at) { int value = *at; return value + 1; }
__attribute__((noinline)) int outer(volatile int *at) { int value = inner(at); return value * 3; }
void reset(void) {
    *(volatile unsigned *)0x40000000 = 0x1234;
    outer((volatile int *)0x50000010);
    for (;;) { }
}
"""


def backtrace(report):
    lines = report.split("backtrace:\n")[1].split("\n\n")[0].split("\n")
    return [line.split()[2].split("+")[0] for line in lines]


@pytest.mark.parametrize("flags", [(), ("-fno-omit-frame-pointer",), ("-g0", "-funwind-tables"), ("-O2",), ("-O0",)])
def test_a_fault_is_traced_to_the_function_and_its_callers(compiled, flags):
    machine, mortem, _ = run(compiled(FAULTY, "0, hang", flags))
    report = mortem.report()
    assert is_dead(machine)
    assert backtrace(report)[:3] == ["inner", "outer", "reset"]
    assert "guess" not in report


def test_without_tables_callers_are_found_on_the_stack_and_marked(compiled):
    _, mortem, _ = run(compiled(FAULTY, "0, hang", ["-g0", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-O0"]))
    report = mortem.report()
    assert backtrace(report)[:1] == ["inner"] and {"outer", "reset"} <= set(backtrace(report))
    assert "(a guess: found on the stack)" in report


def test_the_cause_is_told_in_words_with_the_address(compiled):
    report = run(compiled(FAULTY, "0, hang"))[1].report()
    assert "HardFault taken at" in report
    assert "CFSR.PRECISERR: a load or store was answered by nobody" in report
    assert "CFSR.BFARVALID: the address is in BFAR: 0x50000010" in report
    assert "HFSR.FORCED" in report
    assert "inner" in report and "(program.c:3)" in report


def test_the_registers_are_those_when_the_fault_was_taken(compiled):
    report = run(compiled(FAULTY, "0, hang"))[1].report()
    frame = report.split("when the fault was taken")[1].split("\n")
    assert "r0 50000010" in frame[1]


def test_the_last_accesses_are_named(compiled):
    assert "REG+0x0                  <- 0x00001234  by" in run(compiled(FAULTY, "0, hang"))[1].report()


def test_polling_does_not_push_out_what_was_before(compiled):
    poll = "for (volatile int n = 0; n < 200; n++) (void)*(volatile unsigned *)0x40000000;\n    outer("
    report = run(compiled(FAULTY.replace("outer((", poll + "("), "0, hang"))[1].report()
    accesses = report.split("latest last:\n")[1].split("\n")
    assert "REG+0x0                  <- 0x00001234" in accesses[0] and len(accesses) < 6
    assert any(re.search(r", (199|200) times$", line) for line in accesses)


def test_a_lock_up_is_called_so(compiled):
    source = "void fault(void) { *(volatile int *)0x50000000 = 1; }\nvoid reset(void) { __asm__ volatile(\"udf #0\"); }"
    _, mortem, stop = run(compiled(source, "0, fault"))
    assert stop.reason == LOCKUP
    report = mortem.report(stop.reason)
    assert "the processor locked up: a fault in a fault handler" in report
    assert "CFSR.UNDEFINSTR" in report and "fault" in backtrace(report)[0]


def test_a_program_at_work_is_not_dead(compiled):
    machine, mortem, _ = run(compiled("void reset(void) { for (;;) { } }"))
    assert not is_dead(machine)
    assert "no fault was taken" in mortem.report()


def test_a_fault_in_a_task_is_traced_on_its_own_stack(compiled):
    source = HANG + """
    int stack[64];
    __attribute__((noinline)) int inner(volatile int *at) { int value = *at; return value + 1; }
    __attribute__((naked)) void reset(void) {
        __asm__ volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb\\n ldr r0, =0x50000010\\n bl inner\\n b ." :: "r"(stack + 64));
    }
    """
    report = run(compiled(source, "0, hang"))[1].report()
    assert backtrace(report)[:2] == ["inner", "reset"]


@pytest.mark.parametrize("bit, name", [(0, "IACCVIOL"), (1, "DACCVIOL"), (8, "IBUSERR"), (16, "UNDEFINSTR"), (17, "INVSTATE"),
                                       (18, "INVPC"), (19, "NOCP"), (24, "UNALIGNED"), (25, "DIVBYZERO"), (31, "bit 31: reserved")])  # fmt: skip
def test_every_bit_has_its_words(bit, name):
    assert [line for line in explain(Fault(1 << bit, 0, 0, 0)) if line.startswith("CFSR." + name)]


def test_exceptions_have_names():
    assert [exception_name(number) for number in (0, 3, 15, 16, 95, 9)] == ["thread mode", "HardFault", "SysTick", "IRQ 0", "IRQ 79", "exception 9"]
