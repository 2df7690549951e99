"""A trace shows who calls whom, what interrupts it, and which registers are touched."""

import pytest

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.machine import Machine
from armillary.hal.cortexm.symbols import Symbols
from armillary.hal.cortexm.trace import Tracer

REGION = elf.Region("TCM", 0x100000, 0x30000)


class Register:
    """A word that reads what was written, and one at 4 that counts."""

    def __init__(self):
        self.value = self.count = 0

    def read(self, offset, size):
        self.count += offset == 4
        return self.count if offset == 4 else self.value

    def write(self, offset, size, value):
        self.value = value


@pytest.fixture
def traced(compiled):
    """traced(source) is the trace of a run of it, without times."""
    def run(source, handlers="0", ticks=20000, kinds=("functions",), prepare=None):
        path = compiled(source, handlers)
        machine = Machine()
        machine.map_ram(REGION.address, REGION.size)
        machine.map_device(0x40000000, 0x1000, Register(), "REG")
        data, lines = path.read_bytes(), []
        program = elf.parse(data, [REGION])
        elf.load(program, machine)
        machine.reset(program.entry)
        tracer = Tracer(machine, Symbols(data), lines.append, lambda time: "T", lambda address: f"REG+{address & 0xFFF:x}")
        for kind in kinds:
            getattr(tracer, kind)()
        if prepare:
            prepare(machine)
        machine.run(ticks)
        tracer.finish()
        return [line.removeprefix("T ") for line in lines]
    return run


NOINLINE = "#define F __attribute__((noinline))\nvolatile int n;\n"


def test_functions_are_indented_by_who_called_them(traced):
    source = NOINLINE + """
    F int leaf(int x) { return x + n; }
    F int middle(int x) { int y = leaf(x); return y * leaf(y + 1); }
    void reset(void) { n = 1; n = middle(2) + 1; n = leaf(3) + 1; for (;;) { } }
    """
    assert traced(source) == ["reset", "  middle", "    leaf", "    leaf", "  leaf"]


def test_recursion_goes_deeper_each_time(traced):
    source = NOINLINE + "F int down(int k) { return k < 2 ? n : k + down(k - 1) * n; }\nvoid reset(void) { n = down(4); for (;;) { } }"
    assert traced(source) == ["reset", "  down", "    down", "      down", "        down"]


def test_a_loop_to_a_functions_beginning_enters_it_once(traced):
    source = NOINLINE + "F void spin(void) { for (;;) n++; }\nF void tight(void) { __asm__ volatile(\"b tight\"); }\nvoid reset(void) { %s(); }"
    assert traced(source % "spin", ticks=500) == ["reset", "  spin"]
    assert traced(source % "tight", ticks=500)[1:] == ["  tight"]


def test_a_handler_begins_at_the_left_and_says_why(traced):
    source = NOINLINE + """
    F void tell(void) { n++; }
    void tick(void) { tell(); n++; }
    F void work(void) { n++; }
    void reset(void) {
        *(volatile unsigned *)0xe000e014 = 400; *(volatile unsigned *)0xe000e018 = 0; *(volatile unsigned *)0xe000e010 = 7;
        for (;;) { __asm__ volatile("wfi"); work(); }
    }
    """
    lines = traced(source, "[15] = tick", 1000)
    assert lines[0] == "reset" and lines[1:4] == ["<SysTick> tick", "  tell", "  work"]
    assert lines.count("<SysTick> tick") == 2


def test_tasks_have_each_their_own_nesting(traced):
    source = NOINLINE + """
    int stacks[2][64]; int *saved[2]; int current;
    F void leaf(void) { n++; }
    F void one(void) { for (;;) { leaf(); __asm__ volatile("svc #0"); } }
    F void two(void) { for (;;) { leaf(); __asm__ volatile("svc #0"); } }
    F int *next(int *sp) { saved[current] = sp; current ^= 1; return saved[current]; }
    __attribute__((naked)) void svc(void) {
        __asm__ volatile("mrs r0, psp\\n stmdb r0!, {r4-r11, lr}\\n bl next\\n ldmia r0!, {r4-r11, lr}\\n msr psp, r0\\n bx lr");
    }
    void reset(void) {
        int *sp = stacks[1] + 64 - 17;
        sp[8] = 0xfffffffd; sp[15] = (int)two & ~1; sp[16] = 1 << 24;
        saved[1] = sp;
        __asm__ volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb\\n bl one" :: "r"(stacks[0] + 64) : "r0");
    }
    """
    lines = traced(source, "[11] = svc", 300)
    assert lines[:3] == ["reset", "  one", "    leaf"]
    assert [line for line in lines if line.endswith("leaf")][:4] == ["    leaf", "  leaf", "    leaf", "  leaf"]
    assert "two" in lines and "<SVCall> svc" in lines and "  next" in lines


def test_accesses_have_names_values_and_their_function(traced):
    source = NOINLINE + "#define R(o) (*(volatile unsigned *)(0x40000000 + o))\nvoid reset(void) { R(0) = 0x12; n = R(0); n = R(4); for (;;) { } }"
    assert traced(source, kinds=["accesses"]) == [
        "REG+0 <- 0x00000012  (reset)", "REG+0 -> 0x00000012  (reset)", "REG+4 -> 0x00000001  (reset)",
    ]  # fmt: skip


def test_reads_that_repeat_are_counted(traced):
    source = NOINLINE + "void reset(void) { while (!*(volatile unsigned *)0x40000000) { } }"
    lines = traced(source, kinds=["accesses"], ticks=5000, prepare=lambda machine: machine.warp(False))
    assert len(lines) <= 4 and lines[0] == "REG+0 -> 0x00000000  (reset)"
    assert any("read the same" in line for line in lines)


def test_functions_and_accesses_come_in_their_order(traced):
    source = NOINLINE + """
    F void put(int x) { *(volatile int *)0x40000000 = x; }
    void reset(void) { put(1); put(2); for (;;) { } }
    """
    assert traced(source, kinds=["functions", "accesses"]) == [
        "reset", "  put", "REG+0 <- 0x00000001  (put)", "  put", "REG+0 <- 0x00000002  (put)",
    ]  # fmt: skip


def test_a_program_runs_the_same_whether_it_is_traced_or_not(compiled):
    path = compiled(NOINLINE + "F void step(void) { n += *(volatile unsigned *)0x40000004; }\nvoid reset(void) { for (;;) step(); }")
    data, ends = path.read_bytes(), []
    for is_traced in (False, True):
        machine = Machine()
        machine.map_ram(REGION.address, REGION.size)
        machine.map_device(0x40000000, 0x1000, Register(), "REG")
        elf.load(elf.parse(data, [REGION]), machine)
        machine.reset(0x100000)
        if is_traced:
            tracer = Tracer(machine, Symbols(data), lambda line: None, str, str)
            tracer.functions()
            tracer.accesses()
        stop = machine.run(50_000)
        ends.append((stop.now, machine.cycles, [machine.get(f"r{number}") for number in range(13)], machine.read_memory(0x100000, 0x30000)))
    assert ends[0] == ends[1]
