"""Polling loops of which rounds are counted instead of run end in the state of those that are run."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cortexm.test_machine import Flag, made, state

POLL = """
reset:
 ldr r0, =0x40000000
 ldr r4, =0xe000e010
 movw r1, #{reload}
 str r1, [r4, #4]
 movs r1, #{control}
 str r1, [r4]
 movs r6, #0
again:
 movs r5, #3
wait:
 ldr r1, [r0]
 {extra}
 tst r1, #1
 beq wait
 adds r6, #1
 ldr r7, [r4, #8]
 b again
handler:
 ldr r2, =0x20000200
 ldr r3, [r2]
 adds r3, #1
 str r3, [r2]
 bx lr
"""


@given(
    until=st.integers(0, 60000), reload=st.integers(300, 20000), control=st.sampled_from([0, 5, 7]), ticks=st.sampled_from([1, 7, 152]),
    extra=st.sampled_from(["nop", "ldr r3, [r0, #4]", "subs r5, #0", "add r8, r8, #1", "push {r1}\n pop {r3}"]), end=st.integers(1, 90000),
)  # fmt: skip
@example(until=49, reload=300, control=0, ticks=1, extra="ldr r3, [r0, #4]", end=56)  # changes between a read and the look
@example(until=452, reload=446, control=7, ticks=1, extra="nop", end=452)  # an interrupt is due at the limit
@settings(deadline=None, max_examples=60)
def test_a_polling_loop_ends_in_the_same_state_warped_or_spun(until, reload, control, ticks, extra, end):
    found = []
    for is_warped in (True, False):
        machine = made(POLL.format(reload=reload, control=control, extra=extra), Flag(until * ticks), ticks)
        machine.warp(is_warped)
        machine.run(end * ticks)
        found.append(state(machine))
    assert found[0] == found[1]


@pytest.mark.parametrize("until", [1000, 20_001, 33_333])
def test_a_register_that_is_read_after_another_at_once_changes_when_it_does(until):
    found = []
    for is_warped in (True, False):
        machine = made(POLL.replace(" ldr r1, [r0]\n", " ldr r3, [r0, #4]\n ldr r1, [r0]\n").format(reload=300, control=0, extra="nop"), Flag(until))
        machine.warp(is_warped)
        machine.run(90_000)
        found.append(state(machine))
    assert found[0] == found[1]


def test_a_warped_loop_does_not_ask_each_time():
    warped, spun = Flag(1_000_000), Flag(1_000_000)
    for flag, is_warped in ((warped, True), (spun, False)):
        machine = made(POLL.format(reload=0, control=0, extra="nop"), flag)
        machine.warp(is_warped)
        machine.run(1_000_000)
    assert warped.reads < 100 < 200_000 < spun.reads


BEFORE = """
reset:
 ldr r0, =0x40000000
 ldr r1, [r0, #4]
 ldr r1, [r0, #4]
 movs r5, #{rounds}
first:
 ldr r1, [r0, #8]
 subs r5, #1
 bne first
wait:
 bl look
 tst r1, #1
 beq wait
 b wait
look:
 ldr r1, [r0]
 bx lr
"""


@pytest.mark.parametrize("rounds", [1, 17, 18, 50], ids=["once", "as one is wanted", "as one is looked at", "often"])
def test_what_was_read_before_a_loop_keeps_none_of_it_from_being_counted(rounds):
    found = []
    for is_warped in (True, False):
        flag = Flag(1_000_000)
        machine = made(BEFORE.format(rounds=rounds), flag)
        machine.warp(is_warped)
        machine.run(900_000)
        found.append((state(machine), flag.reads))
    assert found[0][0] == found[1][0]
    assert found[0][1] < 300 < 100_000 < found[1][1]


def test_memory_that_is_added_after_a_warp_is_watched_by_the_next():
    found = []
    for is_warped in (True, False):
        machine = made(POLL.format(reload=0, control=0, extra="nop"), Flag(900_000))
        machine.warp(is_warped)
        machine.run(400_000)
        machine.map_ram(0x6000_0000, 16 << 20)
        machine.run(1_000_000)
        found.append(state(machine))
    assert found[0] == found[1]


COUNTING = """
reset:
 ldr r0, =0x40000000
 ldr r6, =0x20000300
 movw r3, #{distance}
again:
 ldr r1, [r0, #8]
wait:
 ldr r2, [r0, #8]
 subs r2, r2, r1
 cmp r2, r3
 bcc wait
 str r2, [r6]
 adds r5, #1
 b again
"""


@given(distance=st.integers(1, 3000), rate=st.tuples(st.integers(1, 3), st.integers(1, 900)), is_down=st.booleans(), end=st.integers(1, 200000))
@settings(deadline=None, max_examples=60)
def test_a_wait_on_a_published_counter_ends_in_the_same_state_warped_or_spun(distance, rate, is_down, end):
    found = []
    for is_warped in (True, False):
        flag = Flag()
        machine = made(COUNTING.format(distance=distance), flag)
        machine.publish(flag, 8, 0, rate, 1000, is_down=is_down)
        machine.warp(is_warped)
        machine.run(end)
        found.append(state(machine))
        assert not flag.reads
    assert found[0] == found[1]


DELAYS = """
reset:
 ldr r0, =0xe000e010
 ldr r6, =0x20000300
 ldr r3, =#{reload}
 str r3, [r0, #4]
 str r3, [r0, #8]
 movs r1, #{control}
 str r1, [r0]
 ldr r3, =#{distance}
again:
 ldr r1, [r0, #8]
 subs r1, r1, r3
 bcc over
wait:
 ldr r2, [r0, #8]
 cmp r2, r1
 bhi wait
 str r2, [r6]
 adds r5, #1
over:
 ldr r2, [r0, #8]
 cmp r2, r3
 bhi over
 adds r7, #1
 b again
handler:
 ldr r4, [r6, #4]
 adds r4, #1
 str r4, [r6, #4]
 bx lr
"""


@given(reload=st.integers(200, 60_000), distance=st.integers(1, 3000), control=st.sampled_from([4, 5, 7]), end=st.integers(1, 200_000))
@settings(deadline=None, max_examples=60)
@example(reload=60_000, distance=3000, control=7, end=200_000)
@example(reload=200, distance=142, control=5, end=1335)
def test_a_delay_by_systick_ends_in_the_same_state_warped_or_spun(reload, distance, control, end):
    found = []
    for is_warped in (True, False):
        machine = made(DELAYS.format(reload=reload, distance=distance, control=control))
        machine.warp(is_warped)
        machine.run(end // 3)
        machine.set_clock(3)
        machine.run(end)
        found.append(state(machine))
    assert found[0] == found[1]


def test_a_withdrawn_counter_is_asked_again():
    flag = Flag()
    machine = made(COUNTING.format(distance=10), flag)
    machine.publish(flag, 8, 0, (1, 1), 0)
    machine.run(100)
    machine.withdraw(flag, 8)
    machine.run(200)
    assert flag.reads
