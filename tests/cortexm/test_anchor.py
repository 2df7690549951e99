"""Loops in memory that ask no device and change no mask: skipped or run, the end is the same, and skipped they cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cortexm.test_idle import AFTER, BEFORE
from tests.cortexm.test_machine import RAM, Flag, made, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.hal.cortexm.machine import Machine

WAITS = {
    "a variable": "again:\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "a task that calls": "again:\n bl part\n ldr r1, [r5]\n cmp r1, #1\n bls again\n",
    "a copy is written": "again:\n ldr r1, [r5]\n str r1, [r5, #4]\n cmp r1, #0\n beq again\n",
    "registers alternate": "again:\n eor r3, r3, #1\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "rounds are counted": "again:\n adds r3, #1\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "rounds are counted in memory": "again:\n ldr r1, [r5, #8]\n adds r1, #1\n str r1, [r5, #8]\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "floating point counts": "again:\n vadd.f32 s0, s0, s1\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "the cycle counter ends it": "again:\n ldr r1, [r7, #4]\n ubfx r1, r1, #0, #16\n movw r3, #65000\n cmp r1, r3\n it hi\n strhi r1, [r5]\n"
                                 " movs r1, #0\n movs r3, #0\n cmp r1, r3\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "a device ends it": "again:\n ldr r1, [r5]\n ldr r2, [r0]\n orrs r1, r2\n beq again\n",
    "an interrupt is kept out": "again:\n movs r3, #2\n ldr r2, =0xe000e100\n str r3, [r2, #0x80]\n ldr r1, [r5]\n str r3, [r2]\n cmp r1, #0\n beq again\n",
    "interrupts take turns": "again:\n ldr r2, =0xe000e100\n ldr r3, [r2]\n str r3, [r2, #0x80]\n eor r3, r3, #2\n str r3, [r2]\n movs r3, #0\n"
                             " ldr r1, [r5]\n cmp r1, #0\n beq again\n",
    "a loop in a loop": "again:\n movs r1, #3\ninner:\n subs r1, #1\n bne inner\n ldr r1, [r5]\n cmp r1, #0\n beq again\n",
}  # fmt: skip
REST = """
 movs r1, #0
 str r1, [r5]
 adds r6, #1
 b again
part:
 push {{r4, lr}}
 ldr r4, [r5, #4]
 pop {{r4, pc}}
"""


def program(wait: str, reload: int, control: int) -> str:
    return (BEFORE + wait + REST + AFTER).format(reload=reload, control=control)


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
@given(ends=st.lists(st.integers(1, 400_000), min_size=1, max_size=6), reload=st.integers(200, 0xFFFF), control=st.sampled_from([0, 7]),
       until=st.integers(0, 400_000), ticks=st.sampled_from([1, 7]))  # fmt: skip
@example(ends=[60_000, 130_000, 400_000], reload=0xFFFF, control=7, until=390_000, ticks=1)
@example(ends=[60_000, 130_000, 400_000], reload=0xFFFF, control=0, until=390_000, ticks=7)
@settings(deadline=None, max_examples=12)
def test_a_wait_ends_in_the_same_state_skipped_or_run(wait, ends, reload, control, until, ticks):
    found = []
    for is_warped in (True, False):
        flag = Flag(until * ticks)
        machine = made(program(wait, reload, control), flag, ticks)
        machine.warp(is_warped)
        for end in sorted(ends):
            machine.run(end * ticks)
            machine.pulse_irq(1)
            found.append((is_warped, state(machine)))
    half = len(found) // 2
    assert [state for _, state in found[:half]] == [state for _, state in found[half:]]


PURE = ("a variable", "a task that calls", "a copy is written", "an interrupt is kept out")


@pytest.mark.parametrize("wait", PURE)
def test_a_wait_that_changes_nothing_costs_nothing(wait):
    rounds = []
    for is_warped in (True, False):
        machine = made(program(WAITS[wait], 0xFFFF, 7), Flag())
        machine.warp(is_warped)
        machine.run(1_000_000)  # it is known by then
        counts, _ = machine.cover(0, 0x200, [])
        machine.run(3_000_000)
        rounds.append(max(counts))
    assert rounds[0] < 1000 < 100_000 < rounds[1]


@pytest.mark.parametrize("wait", ["rounds are counted", "registers alternate", "floating point counts", "interrupts take turns"])
def test_a_loop_at_work_is_run(wait):
    machine = made(program(WAITS[wait], 0xFFFF, 7), Flag())
    machine.run(150_000)
    counts, _ = machine.cover(0, 0x200, [])
    machine.run(2_000_000)
    assert max(counts) > 100_000


def test_what_is_known_of_a_wait_is_saved():
    text = program(WAITS["a variable"], 0xFFFF, 7)
    machine, other = made(text, Flag()), made(text, Flag())
    machine.run(300_000)
    other.restore(machine.save())
    assert other.save() == machine.save()
    for each in (machine, other):
        each.run(900_000)
    assert other.save() == machine.save() and state(other) == state(machine)


def flag_by_memory(machine: Machine) -> None:
    machine.write_memory(RAM + 0x200, (1).to_bytes(4, "little"))


def flag_by_others(machine: Machine) -> None:
    """As DMA does: the memory itself, and then a word of it."""
    machine.memories[-1][1][0x200] = 1
    machine.written(RAM + 0x200, 4)


def flag_unsaid(machine: Machine) -> None:
    machine.memories[-1][1][0x200] = 1
    machine.doubt()


OUTSIDE: dict[str, Callable[[Machine], None]] = {
    "nothing": lambda machine: None, "memory": flag_by_memory, "others": flag_by_others, "nobody told": flag_unsaid,
    "a register": lambda machine: machine.set("r6", machine.get("r6") + 5), "an interrupt": lambda machine: machine.pulse_irq(0),
    "a register of the system": lambda machine: machine.write_system(0xE000E014, 0x1234),
    "a breakpoint": lambda machine: machine.unwatch(machine.watch("x", 0x2, 2)),
    "one step": lambda machine: machine.step(machine.now + 1) and None, "saved": lambda machine: machine.restore(machine.save()),
}  # fmt: skip


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
@given(turn=st.sampled_from([300, 5000, 10_000, 20_000]), reload=st.integers(2000, 0xFFFF), control=st.sampled_from([0, 7]),
       changes=st.lists(st.tuples(st.integers(1, 40), st.sampled_from(sorted(OUTSIDE))), max_size=5), until=st.integers(0, 400_000))  # fmt: skip
@example(turn=10_000, reload=0xFFFF, control=7, changes=[(20, "memory"), (5, "others"), (5, "a register")], until=1 << 40)
@example(turn=10_000, reload=0xFFFF, control=0, changes=[(20, "nobody told"), (10, "one step"), (5, "an interrupt")], until=1 << 40)
@settings(deadline=None, max_examples=15)
def test_a_wait_over_many_turns_ends_in_the_same_state_whatever_happens_between_them(wait, turn, reload, control, changes, until):
    found = []
    for is_warped in (True, False):
        machine = made(program(wait, reload, control), Flag(until))
        machine.warp(is_warped)
        machine.write_system(0xE000E100, 1)
        states = []
        for turns, change in [*changes, (10, "nothing")]:
            for _ in range(turns):
                machine.run(machine.now + turn)
            OUTSIDE[change](machine)
            states.append(state(machine))
        found.append(states)
    assert found[0] == found[1]


@pytest.mark.parametrize("wait", PURE)
def test_a_wait_costs_nothing_over_turns_that_are_too_short_to_look_in_each(wait):
    rounds = []
    for is_warped in (True, False):
        machine = made(program(WAITS[wait], 0xFFFF, 7), Flag())
        machine.warp(is_warped)
        for turn in range(1, 401):
            if turn == 100:  # it is known by then
                counts, _ = machine.cover(0, 0x200, [])
            machine.run(10_000 * turn)
        rounds.append(max(counts))
    assert 20 * rounds[0] < rounds[1]


def test_a_wait_that_never_lasts_is_tried_ever_less_often():
    machine = made(program(WAITS["a variable"], 5000, 7), Flag())
    machine.run(3_000_000)
    counts, _ = machine.cover(0, 0x200, [])
    machine.run(6_000_000)
    assert max(counts) > 300_000
