"""Every instruction counts as one cycle, however unicorn cuts the program into blocks and whatever it keeps of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cortexm.test_machine import BUSY, Flag, made, state

# Code in RAM whose first words stay and whose number of instructions changes: two narrow ones, or one wide.
CHANGING = """
reset:
 ldr r0, =0x20000400
 ldr r1, =0x30013001
 ldr r2, =0xbf00bf00
 ldr r3, =0x8000f3af
 ldr r4, =0x47704770
 str r1, [r0]
 str r4, [r0, #8]
again:
 str r2, [r0, #4]
 adds r6, r0, #1
 blx r6
 subs r0, #2
 eor r5, r2, r3
 eors r2, r5
 eors r3, r5
 b again
"""

# A function that ends sooner for those who may mask interrupts, called by both.
TWO_WAYS = """
reset:
 ldr r0, =mask + 1
again:
 blx r0
 movs r1, #1
 msr control, r1
 isb
 blx r0
 svc #0
 adds r6, #1
 b again
mask:
 cpsid i
 cpsie i
 nop
 nop.w
 bx lr
handler:
 movs r1, #0
 msr control, r1
 bx lr
"""

# Divisions by what a loop counts down to: those in IT blocks and those outside trap at the right one.
DIVIDING = """
reset:
 ldr r0, =0xe000ed14
 movs r1, #0x10
 str r1, [r0]
 isb
 movs r2, #100
 movs r3, #{start}
again:
 cmp r2, #0
 it {condition}
 addeq r4, #1
 udiv r5, r2, r3
 cmp r2, #100
 ite {condition}
 sdiveq r6, r2, r3
 addne r7, #1
 subs r3, #1
 b again
handler:
 mrs r8, ipsr
 ldr r9, [sp, #24]
 ldr r10, [sp, #28]
end: b end
"""

# More blocks than are known at once, some of which fall on the same place.
MANY = "reset:\n .rept 6000\n adds r1, #1\n b.n 1f\n1:\n .endr\n b.w reset\n"


# Two instructions of three in an IT block are run, the last of them with the trap on division looking on.
CONDITIONAL = """
reset:
 ldr r0, =0xe000ed14
 movs r1, #0x10
 str r1, [r0]
 movs r2, #9
 movs r3, #2
again:
 cmp r2, #9
 itet eq
 addeq r4, #1
 addne r5, #1
 udiveq r6, r2, r3
 adds r7, #1
 b again
"""


@pytest.mark.parametrize("text", [BUSY.format(reload=60000), CHANGING, TWO_WAYS, CONDITIONAL], ids=["busy", "changing", "two ways", "conditional"])
def test_a_program_that_is_run_is_where_it_is_when_stepped(text):
    run, stepped = made(text), made(text)
    run.run(3000)
    while stepped.now < run.now:
        before = stepped.now
        stepped.step(run.now)
        assert stepped.now == before + 1
    assert state(run) == state(stepped)


IT = 0x8C  # where the block begins in CONDITIONAL


def test_an_it_block_is_stepped_one_instruction_at_a_time():
    machine = made(CONDITIONAL)
    found = []
    while len(found) < 5:
        machine.step(1000)
        if machine.get("pc") >= IT:
            found.append((machine.get("pc") - IT, machine.get("xpsr") & 0x0600FC00))
    assert found == [(0, 0), (2, 0x0400_0800), (4, 0x1400), (6, 0x800), (10, 0)]


@pytest.mark.parametrize(("offset", "r4"), [(0, [0, 1, 2]), (2, [0, 1, 2]), (4, [1, 2, 3]), (6, [1, 2, 3]), (10, [1, 2, 3])])
def test_a_breakpoint_in_an_it_block_stops_there_each_time(offset, r4):
    machine = made(CONDITIONAL)
    machine.watch("x", IT + offset, 2)
    found = []
    for _ in range(3):
        assert str(machine.run(1000)) == "breakpoint"
        assert machine.get("pc") == IT + offset
        found.append(machine.get("r4"))
    assert found == r4


@pytest.mark.parametrize("start", [1, 2, 40])
def test_a_division_by_zero_traps_where_it_is(start):
    machine = made(DIVIDING.format(start=start, condition="eq"))
    machine.run(2000)
    assert (machine.get("r8"), machine.get("r9"), machine.get("r3"), machine.read_system(0xE000_ED28)) == (3, 0x94, 0, 1 << 25)
    assert machine.get("r6") == 100


def test_a_division_in_an_it_block_traps_there():
    machine = made(DIVIDING.format(start=0, condition="eq").replace(" udiv r5, r2, r3\n", " nop.w\n"))
    machine.run(2000)
    assert (machine.get("r8"), machine.get("r9"), machine.get("r10") & 0x0600FC00) == (3, 0x9C, 0xC00)


def test_divisions_are_run_without_the_trap_where_they_were_trapped_with_it():
    text = DIVIDING.format(start=2, condition="eq").replace("handler:\n", "handler:\n ldr r0, =0xe000ed14\n movs r1, #0\n str r1, [r0]\n ldr r9, [sp, #24]\n cmp r9, #0\n it ne\n bxne lr\n")
    machine = made(text)
    machine.run(2000)
    assert (machine.get("r8"), machine.get("r5"), machine.get("r7")) == (0, 0, 0)
    assert machine.get("r3") > 1 << 31  # it went on below zero


def test_a_program_of_many_blocks_counts_each_of_them():
    machine = made(MANY)
    machine.run(100_000)
    rounds, rest = divmod(machine.now, 12_001)
    assert machine.get("r1") == rounds * 6000 + (rest + 1) // 2


def test_the_count_is_the_same_where_everything_known_is_forgotten_on_the_way():
    whole, forgetful = made(CHANGING), made(CHANGING)
    whole.run(5000)
    for end in range(70, 5001, 70):
        forgetful.run(end)
        forgetful.write_memory(0x2000_1C00, b"\0")
    forgetful.run(5000)
    assert state(whole) == state(forgetful)


def written(values: list[tuple[bool, int]]) -> str:
    """A program that writes BASEPRI, or BASEPRI_MAX, and keeps in memory what it then reads."""
    lines = [f" movs r1, #{value}\n msr {'basepri_max' if is_max else 'basepri'}, r1\n mrs r2, basepri\n str r2, [r0], #4" for is_max, value in values]
    return "reset:\n ldr r0, =0x20000100\n" + "\n".join(lines) + "\nend: b end\n"


def expected(values: list[tuple[bool, int]]) -> list[int]:
    """What three bits of priority make of it (DDI0403E, B5.2.3)."""
    found, now = [], 0
    for is_max, value in values:
        bits = value & 0xE0
        if not is_max or (bits and (bits < now or not now)):
            now = bits
        found.append(now)
    return found


@given(values=st.lists(st.tuples(st.booleans(), st.integers(0, 255)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=40)
def test_basepri_has_the_bits_that_priorities_have(values):
    machine = made(written(values))
    machine.run(500)
    words = memoryview(machine.read_memory(0x2000_0100, 4 * len(values))).cast("I")
    assert list(words) == expected(values)
    assert machine.get("basepri") == expected(values)[-1]


def test_a_debugger_sees_basepri_as_the_program_does():
    machine = made(written([(False, 0x1F)]))
    while machine.get("r1") != 0x1F:
        machine.step(100)
    machine.step(100)
    assert machine.get("basepri") == 0


# Two blocks that fall on the same place of what is known; the second is looked at each time, as it changes a mask.
NEIGHBOURS = """
reset:
 ldr r0, =0x40000000
 b again
again:
 ldr r1, [r0]
 adds r3, #1
 b mask
 .space 26
mask:
 cpsie i
 b again
"""


class Listening(Flag):
    """A device that notes when it is read."""

    def __init__(self):
        super().__init__()
        self.times = []

    def read(self, offset, size):
        self.times.append(self.machine.now)
        return 0


def test_a_block_is_not_taken_for_another_on_its_place():
    device = Listening()
    machine = made(NEIGHBOURS, device)
    machine.run(100)
    assert device.times == list(range(device.times[0], device.times[0] + 5 * len(device.times), 5)) and len(device.times) > 15
