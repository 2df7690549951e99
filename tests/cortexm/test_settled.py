"""Loops that write what a device has already: rounds are counted as long as the device says that the write changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm.machine import NEVER
from tests.cortexm.test_machine import Flag, made, state


class Lamp(Flag):
    """A flag, and a word at 4 that is kept; every write and every change of it is noted."""

    lit = 0

    def __init__(self, until: int = NEVER, is_open: bool = True) -> None:
        super().__init__(until)
        self.is_open = is_open
        self.changes: list[tuple[int, int]] = []

    def read(self, offset: int, size: int) -> int:
        return self.lit if offset == 4 else super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        super().write(offset, size, value)
        if offset == 4 and value != self.lit:
            self.lit = value
            self.changes.append((self.machine.now, value))

    def settled_until(self, offset: int, value: int) -> int | None:
        return NEVER if self.is_open and offset == 4 and value == self.lit else None


HEAD = """
reset:
 ldr r0, =0x40000000
 ldr r4, =0xe000e010
 movw r1, #{reload}
 str r1, [r4, #4]
 movs r1, #{control}
 str r1, [r4]
 ldr r5, =0x20000200
 movs r6, #0
again:
"""
TAIL = """
 b again
handler:
 ldr r2, [r5]
 adds r2, #1
 str r2, [r5]
 bx lr
"""
LOOPS = {
    "follows a flag": "ldr r1, [r0]\n str r1, [r0, #4]",
    "writes first": "str r1, [r0, #4]\n ldr r1, [r0]",
    "reads it back": "ldr r1, [r0]\n ldr r2, [r0, #4]\n str r1, [r0, #4]\n movs r2, #0",
    "writes twice": "ldr r1, [r0]\n str r1, [r0, #4]\n nop\n str r1, [r0, #4]",
    "in blocks": "ldr r1, [r0]\n b one\none:\n str r1, [r0, #4]\n b two\ntwo:\n nop",
    "blinks": "movs r1, #1\n str r1, [r0, #4]\n movs r1, #0\n str r1, [r0, #4]",
    "alternates": "eor r1, r1, #1\n str r1, [r0, #4]",
    "writes another": "ldr r1, [r0]\n str r1, [r0, #4]\n str r1, [r0, #8]",
    "counts": "ldr r1, [r0]\n str r1, [r0, #4]\n adds r6, #1",
    "is interrupted": "ldr r1, [r5]\n ubfx r1, r1, #1, #1\n str r1, [r0, #4]",
    "writes a byte": "ldr r1, [r0]\n strb r1, [r0, #4]",
}  # fmt: skip


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@given(until=st.integers(0, 60_000), reload=st.integers(300, 20_000), control=st.sampled_from([0, 7]), ticks=st.sampled_from([1, 7]), end=st.integers(1, 90_000))
@example(until=30_001, reload=20_000, control=0, ticks=1, end=90_000)
@settings(deadline=None, max_examples=25)
def test_what_is_written_again_ends_in_the_same_state_counted_or_run(loop, until, reload, control, ticks, end):
    found = []
    for is_warped in (True, False):
        lamp = Lamp(until * ticks)
        machine = made((HEAD + loop + TAIL).format(reload=reload, control=control), lamp, ticks)
        machine.warp(is_warped)
        machine.run(end * ticks // 2)
        machine.run(end * ticks)
        found.append((state(machine), lamp.changes))
    assert found[0] == found[1]


@pytest.mark.parametrize("loop", ["follows a flag", "writes first", "reads it back", "writes twice", "in blocks"])
def test_what_is_written_again_costs_nothing(loop):
    lamp = Lamp(500_000)
    made((HEAD + LOOPS[loop] + TAIL).format(reload=0, control=0), lamp).run(1_000_000)
    assert lamp.writes < 1000 and [value for _, value in lamp.changes] == [1]


@pytest.mark.parametrize("loop", ["blinks", "alternates", "writes another"])
def test_what_changes_something_is_written_each_time(loop):
    lamp = Lamp()
    made((HEAD + LOOPS[loop] + TAIL).format(reload=0, control=0), lamp).run(300_000)
    assert lamp.writes > 30_000


def test_a_device_that_does_not_know_is_written_each_time():
    lamp = Lamp(is_open=False)
    made((HEAD + LOOPS["follows a flag"] + TAIL).format(reload=0, control=0), lamp).run(300_000)
    assert lamp.writes > 30_000
