"""Loops that wait for a time, as compilers make them: of which rounds are counted instead of run, and the end is the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cortexm.test_machine import Flag, made, state

HEAD = """
reset:
 ldr r0, =0x40000000
 ldr r4, =0xe000e010
 ldr r1, ={reload}
 str r1, [r4, #4]
 str r1, [r4, #8]
 movs r1, #{control}
 str r1, [r4]
 ldr r1, =0xe000edfc
 mov r2, #0x01000000
 str r2, [r1]
 ldr r7, =0xe0001000
 movs r1, #1
 str r1, [r7]
 ldr r8, ={limit}
 ldr r9, ={start}
 movs r6, #0
 sub sp, #16
 str r8, [sp, #4]
 str r9, [sp, #8]
again:
 adds r6, #1
wait:
"""
TAIL = """
 b again
read:
 push {{r5, lr}}
 mov r3, r0
 ldr r3, [r3, #8]
 mov r0, r3
 pop {{r5, pc}}
fully:
 push.w {{r4, r8, r9, lr}}
 strb.w r9, [sp, #-4]!
 ldrb.w r8, [sp], #4
 ldr.w r0, [r0, #8]
 pop.w {{r4, r8, r9, pc}}
slowly:
 push {{r7}}
 sub sp, #12
 add r7, sp, #0
 str r0, [r7, #4]
 movs r1, #8
 str r1, [r7]
 ldr r2, [r7, #4]
 ldr r3, [r7]
 add r3, r2
 ldr r3, [r3]
 mov r0, r3
 adds r7, #12
 mov sp, r7
 ldr r7, [sp], #4
 bx lr
handler:
 ldr r2, =0x20000100
 ldr r3, [r2]
 adds r3, #1
 str r3, [r2]
 bx lr
"""
READS = {
    "directly": "ldr r2, [r0, #8]", "wide": "ldr.w r2, [r0, #8]", "by a call that keeps it": "push {{r0, r2, r3}}\n ldr r2, [r0, #8]\n pop {{r0, r3}}\n add sp, #4", "by a call": "push {{r0}}\n bl read\n mov r2, r0\n pop {{r0}}",
    "as without optimisation": "bl slowly\n mov r2, r0\n ldr r0, =0x40000000", "by two registers": "movs r1, #8\n ldr r2, [r0, r1]", "of cycles": "ldr r2, [r7, #4]", "of SysTick": "ldr r2, [r4, #8]",
    "by a table": "movs r1, #1\n tbb [pc, r1]\n .byte 2, 2\n nop\n movs r1, #2\n ldr.w r2, [r0, r1, lsl #2]", "by a function": "bl fully\n mov r2, r0\n ldr r0, =0x40000000",
    "over the stack": "ldr r2, [r0, #8]\n str r2, [sp]\n movs r2, #0\n ldr r2, [sp]",
    "and a device": "ldr r3, [r0]\n tst r3, #1\n bne again\n ldr r2, [r0, #8]",
    "after one of cycles": "ldr r3, [r7, #4]\n cmp r3, r9\n bhi again\n ldr r2, [r0, #8]",
}  # fmt: skip
CHANGES = {
    "not": "", "by nothing": "nop", "less the start": "subs r2, r2, r9", "the start less it": "sub.w r2, r9, r2", "more": "adds r2, #200", "less": "subw r2, r2, #1234",
    "less what is in memory": "ldr r3, [sp, #8]\n subs r2, r2, r3", "negated twice": "sub.w r2, r9, r2\n sub.w r2, r8, r2", "in a way not known": "lsrs r2, r2, #3",
    "by a constant that is rotated": "sub.w r2, r2, #0x3fc00", "and copied": "movs r3, r2\n mov r12, r3\n mov r2, r12", "by itself": "add r2, r2, r2",
    "and kept": "str r2, [sp, #12]", "and kept in a byte": "strb r2, [sp, #12]", "into a sum that stays": "add r10, r2",
}  # fmt: skip
COMPARES = {
    "a register": "cmp r2, r8", "the register first": "cmp r8, r2", "a byte": "cmp r2, #200", "memory": "ldr r3, [sp, #4]\n cmp r2, r3", "widely": "cmp.w r2, #0x8000",
    "by subtracting": "subs r3, r2, r8", "and moving": "cmp r2, r8\n movs r3, #1", "itself": "cmp r2, r2",
}  # fmt: skip
CONDITIONS = ("hs", "lo", "hi", "ls", "ge", "lt", "gt", "le", "mi", "pl", "eq", "ne")
NUMBERS = st.one_of(st.integers(0, 4000), st.integers(0, 0xFFFFFFFF), st.integers(0xFFFFF000, 0xFFFFFFFF), st.integers(0x7FFFF000, 0x80001000))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@given(
    change=st.sampled_from([*CHANGES.values()]), compare=st.sampled_from([*COMPARES.values()]), condition=st.sampled_from(CONDITIONS), limit=NUMBERS, start=NUMBERS,
    base=NUMBERS, rate=st.tuples(st.integers(1, 5), st.integers(1, 60)), is_down=st.booleans(), mask=st.sampled_from([0xFFFFFFFF, 0xFFFF]),
    reload=st.integers(3000, 0xFFFFFF), control=st.sampled_from([0, 5, 7]), until=st.integers(0, 60_000), ticks=st.sampled_from([1, 7]), end=st.integers(1, 60_000),
)  # fmt: skip
@example(change="nop", compare="cmp r2, r8", condition="lo", limit=30_000, start=0, base=0, rate=(1, 1), is_down=False, mask=0xFFFFFFFF, reload=0xFFFFFF,
         control=0, until=0, ticks=1, end=60_000)  # fmt: skip
@example(change="subs r2, r2, r9", compare="cmp r2, r8", condition="lt", limit=500, start=0xFFFFFF00, base=0xFFFFFF00, rate=(1, 26), is_down=False, mask=0xFFFFFFFF,
         reload=5000, control=7, until=0, ticks=1, end=60_000)  # fmt: skip
@example(change="", compare="cmp r2, r8", condition="hs", limit=100, start=0, base=0xFFFFF000, rate=(1, 4), is_down=False, mask=0xFFFFFFFF, reload=0xFFFFFF,
         control=0, until=60_000, ticks=1, end=60_000)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_a_wait_for_a_time_ends_in_the_same_state_counted_or_run(
    read, change, compare, condition, limit, start, base, rate, is_down, mask, reload, control, until, ticks, end
):
    text = HEAD + f" {read}\n {change}\n {compare}\n b{condition} wait\n" + TAIL
    found = []
    for is_warped in (True, False):
        flag = Flag(until * ticks)
        machine = made(text.format(reload=reload, control=control, limit=limit, start=start), flag, ticks)
        machine.publish(flag, 8, 0, (rate[0], rate[1] * ticks), base & mask, mask=mask, is_down=is_down)
        machine.warp(is_warped)
        machine.run(end * ticks // 2)
        machine.run(end * ticks)
        found.append(state(machine))
    assert found[0] == found[1]


def rounds(read, change, compare, limit=60_000, rate=(1, 26)):
    """How often the loop was run, warped and not, in a million cycles that end before its limit does."""
    found = []
    text = HEAD + f" {READS[read]}\n {CHANGES[change]}\n {COMPARES[compare]}\n blo wait\n" + TAIL
    for is_warped in (True, False):
        flag = Flag()
        machine = made(text.format(reload=0xFFFFFF, control=5, limit=limit, start=0), flag)
        machine.publish(flag, 8, 0, rate, 0)
        machine.warp(is_warped)
        machine.run(2000)
        counts, _ = machine.cover(0, 0x200, [])
        machine.run(1_000_000)
        found.append(max(counts))
    return found


@pytest.mark.parametrize("change", ["not", "less the start", "less what is in memory", "and copied", "and kept"])
@pytest.mark.parametrize("compare", ["a register", "memory", "widely", "by subtracting"])
def test_a_wait_of_any_plain_shape_costs_few_rounds(change, compare):
    counted, run = rounds("by a call", change, compare, rate=(1, 60))
    assert counted < 1000 < 20_000 < run


@pytest.mark.parametrize("read", ["directly", "wide", "by a call", "over the stack", "and a device", "as without optimisation", "by a table", "by a function", "of cycles"])
def test_a_wait_for_any_clock_costs_few_rounds(read):
    counted, run = rounds(read, "and kept", "a register", limit=2_000_000)
    assert counted < 1000 < 20_000 < run


@pytest.mark.parametrize("read", ["directly", "by a call", "and a device", "of SysTick"])
@given(first=st.integers(1, 6000), second=st.integers(1, 60_000), reload=st.integers(300, 20_000), control=st.sampled_from([0, 5, 7]))
@settings(deadline=None, max_examples=25)
def test_a_saved_machine_that_waits_for_a_time_goes_on_elsewhere_bit_for_bit(read, first, second, reload, control):
    text = HEAD + f" {READS[read]}\n {CHANGES['and kept']}\n cmp r2, r8\n blo wait\n" + TAIL
    machines = []
    for _ in range(2):
        flag = Flag(50_000)
        machine = made(text.format(reload=reload, control=control, limit=40_000, start=0), flag)
        machine.publish(flag, 8, 0, (1, 26), 0)
        machines.append(machine)
    machine, other = machines
    machine.run(first)
    other.restore(machine.save())
    assert state(other) == state(machine)
    machine.run(first + second)
    other.run(first + second)
    assert state(other) == state(machine) and other.save() == machine.save()


@pytest.mark.parametrize("read", ["directly", "by a call", "as without optimisation", "and a device"])
@given(cuts=st.lists(st.integers(1, 9000), max_size=20), reload=st.integers(300, 20_000))
@settings(deadline=None, max_examples=20)
def test_a_wait_in_pieces_ends_as_one_in_one(read, cuts, reload):
    text = HEAD + f" {READS[read]}\n {CHANGES['less the start']}\n cmp r2, r8\n blo wait\n" + TAIL
    machines = []
    for _ in range(2):
        flag = Flag(70_000)
        machine = made(text.format(reload=reload, control=7, limit=3000, start=0), flag)
        machine.publish(flag, 8, 0, (1, 26), 0)
        machines.append(machine)
    whole, pieces = machines
    at = 0
    for cut in cuts:
        at = max(at + cut, pieces.now)
        pieces.run(at)
    whole.run(max(at, 1))
    pieces.run(max(at, 1))
    assert state(whole) == state(pieces)
