"""Loops that depend on more than what they read, and loops of kernels that have nothing to do: skipped or run, the end is the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cortexm.test_machine import Flag, made, state

BEFORE = """
reset:
 ldr r0, =0x40000000
 ldr r4, =0xe000e010
 ldr r5, =0x20000200
 movw r1, #{reload}
 str r1, [r4, #4]
 str r1, [r4, #8]
 movs r1, #{control}
 str r1, [r4]
 ldr r7, =0xe0001000
 movs r1, #1
 str r1, [r7]
 ldr r3, =0xe000edfc
 mov r1, #0x01000000
 str r1, [r3]
 movs r1, #1
 str r1, [r7]
 vmov.f32 s0, #1.0
 vmov.f32 s1, #1.0
 movs r6, #0
"""
AFTER = """
handler:
 ldr r2, =0x20000100
 ldr r3, [r2]
 adds r3, #1
 str r3, [r2]
 str r3, [r5]
 bx lr
"""
POLL = """
again:
 ldr r2, [r0]
 {more}
 tst r2, #1
 beq again
 adds r6, #1
 vcvt.u32.f32 s2, s0
 mrs r3, primask
 b again
over:
 adds r6, #16
 b .
"""
MORE = {
    "a published counter is a limit": "ldr r1, [r0, #8]\n cmp r1, #250\n bhi over\n movs r1, #0",
    "the cycle counter is a limit": "ldr r1, [r7, #4]\n ubfx r1, r1, #0, #13\n cmp r1, #8000\n bhi over\n movs r1, #0",
    "SysTick's value is a limit": "ldr r1, [r4, #8]\n cmp r1, #99\n blo over\n movs r1, #0",
    "SysTick's flag is a limit": "ldr r1, [r4]\n lsls r1, r1, #15\n bmi over\n movs r1, #0",
    "floating point counts": "vadd.f32 s0, s0, s1",
    "a mask alternates": "mrs r3, primask\n eor r3, r3, #1\n msr primask, r3\n movs r3, #0",
    "a priority alternates": "mrs r3, basepri\n eor r3, r3, #0x20\n msr basepri, r3\n movs r3, #0",
    "the other stack alternates": "mrs r3, psp\n eor r3, r3, #8\n msr psp, r3\n movs r3, #0",
    "SysTick begins anew each round": "str r2, [r4, #8]",
    "nothing": "nop",
}


def both(text: str, end: int, until: int, ticks: int = 1) -> list[object]:
    found: list[object] = []
    for is_warped in (True, False):
        flag = Flag(until * ticks)
        machine = made(text, flag, ticks)
        machine.publish(flag, 8, 0, (1, 26 * ticks), 0)
        machine.warp(is_warped)
        machine.run(end * ticks)
        found.append(state(machine))
    return found


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
@given(until=st.integers(0, 40_000), end=st.integers(1, 50_000), reload=st.integers(200, 0xFFFF), control=st.sampled_from([0, 5, 7]))
@example(until=30_000, end=40_001, reload=60_000, control=5)
@example(until=30_000, end=40_002, reload=5000, control=7)
@settings(deadline=None, max_examples=12)
def test_a_loop_that_depends_on_more_than_its_reads_ends_in_the_same_state_skipped_or_run(more, until, end, reload, control):
    warped, run = both((BEFORE + POLL + AFTER).format(more=more, reload=reload, control=control), end, until)
    assert warped == run


IDLE = """
again:
 {lock}
 ldr r1, [r5]
 {more}
 cmp r1, #0
 bne found
 {unlock}
 b again
found:
 movs r1, #0
 str r1, [r5]
 adds r6, #1
 {unlock}
 b again
"""
LOCKS = {
    "PRIMASK": ("cpsid i", "cpsie i"), "FAULTMASK": ("cpsid f", "cpsie f"),
    "BASEPRI": ("movs r2, #0x20\n msr basepri, r2", "movs r2, #0\n msr basepri, r2"),
    "PRIMASK kept": ("mrs r2, primask\n cpsid i", "msr primask, r2"),
}  # fmt: skip
KEPT = {
    "nothing": "nop", "a store": "str r1, [r5, #4]", "counting": "adds r3, #1", "counting in memory": "ldr r2, [r5, #8]\n adds r2, #1\n str r2, [r5, #8]\n movs r2, #0",
    "a call": "push {r1, r2}\n pop {r1, r2}", "SysTick": "ldr r2, [r4, #8]\n movs r2, #0", "a device": "ldr r2, [r0]\n cbnz r2, found\n movs r2, #0", "floating point": "vadd.f32 s0, s0, s1",
}  # fmt: skip


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
@given(more=st.sampled_from([*KEPT.values()]), end=st.integers(1, 120_000), reload=st.integers(150, 60_000), control=st.sampled_from([0, 7]),
       until=st.integers(0, 120_000), ticks=st.sampled_from([1, 7]))  # fmt: skip
@example(more="nop", end=120_000, reload=20_000, control=7, until=0, ticks=1)
@settings(deadline=None, max_examples=25)
def test_a_kernel_with_nothing_to_do_ends_in_the_same_state_skipped_or_run(lock, more, end, reload, control, until, ticks):
    text = (BEFORE + IDLE + AFTER).format(lock=lock[0], unlock=lock[1], more=more, reload=reload, control=control)
    warped, run = both(text, end, until, ticks)
    assert warped == run


def test_a_kernel_with_nothing_to_do_costs_nothing():
    text = (BEFORE + IDLE + AFTER).format(lock="cpsid i", unlock="cpsie i", more="nop", reload=0xFFFF, control=7)
    rounds = []
    for is_warped in (True, False):
        machine = made(text, Flag())
        machine.warp(is_warped)
        machine.run(40_000)  # it is known by then
        counts, _ = machine.cover(0, 0x200, [])
        machine.run(2_000_000)
        rounds.append(max(counts))
    assert rounds[0] < 1000 < 200_000 < rounds[1]
