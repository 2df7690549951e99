"""States of the machine: saved whole whoever runs, and checked before they are believed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm import machine as m4
from tests.cortexm.test_machine import RAM, assemble

USER = """
reset:
 ldr r0, =0x20000800
 msr psp, r0
 movs r0, #0x40
 msr basepri, r0
 movs r0, #3
 msr control, r0
 isb
 vmov s1, r0
loop:
 adds r4, #1
 push {r4}
 pop {r5}
 svc #0
 b loop
handler:
 ldr r0, =0x20000f00
 str sp, [r0]
 ldr r1, [r0, #4]
 adds r1, #1
 str r1, [r0, #4]
 bx lr
"""
PRIVILEGE = """
reset:
 mrs r6, control
 movs r0, #1
 msr control, r0
 isb
 b .
"""


def made(text: str) -> m4.Machine:
    machine = m4.Machine(irqs=8)
    machine.map_rom(0, assemble(text).ljust(4096, b"\0"))
    machine.map_ram(RAM, 0x1000)
    machine.reset(0)
    return machine


@given(first=st.integers(5, 300), second=st.integers(1, 300))
@settings(deadline=None, max_examples=40)
def test_an_unprivileged_program_goes_on_with_both_of_its_stacks(first: int, second: int) -> None:
    machine, other = made(USER), made(USER)
    machine.run(first)
    other.run(50)  # unprivileged itself
    other.restore(machine.save())
    assert other.save() == machine.save()
    machine.run(first + second)
    other.run(first + second)
    assert other.save() == machine.save()


def test_registers_of_an_unprivileged_program_are_shown_as_they_are() -> None:
    machine = made(USER)
    machine.run(16)
    assert (machine.get("control") & 3, machine.get("msp"), machine.get("basepri")) == (3, 0x2000_1000, 0x40)


def test_a_reset_ends_the_lack_of_privilege() -> None:
    machine = made(PRIVILEGE)
    machine.run(100)
    assert machine.get("control") & 1
    machine.reset(0)
    machine.run(200)
    assert machine.get("r6") == 0 and machine.get("msp") == 0x2000_1000


def test_a_state_is_the_same_bytes_each_time() -> None:
    machine = made(USER)
    machine.run(123)
    assert machine.save() == machine.save()


@given(at=st.integers(4, 5000), byte=st.integers(0, 255))
@settings(deadline=None, max_examples=300)
def test_a_damaged_state_is_refused_at_its_offset_or_runs(at: int, byte: int) -> None:
    machine = made(USER)
    machine.run(60)
    state, loop = machine.save_state()
    at = 4 + at % (len(state) - 4)
    damaged = state[:at] + bytes([byte]) + state[at + 1 :]
    problem = machine.check_state(damaged)
    if problem is None:
        machine.restore_state(damaged, loop)
        machine.run(machine.now + 500)
    else:
        assert 0 < problem[1] < len(state)
        with pytest.raises(ValueError, match="no processor|another version"):
            machine.restore_state(damaged, loop)
        assert machine.save_state() == (state, loop)


def test_a_value_that_cannot_be_is_refused_where_it_stands() -> None:
    machine = made(USER)
    state, _ = machine.save_state()
    flag = 4 + 4 * 56 + 8 + 8 + 8 + 4  # the first one, after the version, registers, and time
    assert machine.check_state(state[:flag] + b"\2" + state[flag + 1 :]) == ("a value that no processor has", flag)


MONITOR = """
reset:
 ldr r0, =0xe000edfc
 ldr r1, =0x10000
 str r1, [r0]
 movs r4, #0
 bkpt #0
loop:
 b loop
handler:
 mrs r4, ipsr
 ldr r0, [sp, #24]
 adds r0, #2
 str r0, [sp, #24]
 bx lr
"""


def test_a_breakpoint_without_a_debugger_is_the_debug_monitors_if_it_is_enabled() -> None:
    machine = made(MONITOR)
    machine.run(200)
    assert machine.get("r4") == 12 and machine.get("xpsr") & 0x1FF == 0


def test_a_state_of_another_length_is_refused() -> None:
    machine = made(USER)
    state, _ = machine.save_state()
    for wrong in (b"", state[:-1], state + b"\0"):
        assert machine.check_state(wrong) is not None


CONDITIONS = """
reset:
 ldr r5, =0x20000800
 ldr r0, =0xe000ed94
 movs r1, #0
 str r1, [r0, #4]
 ldr r1, ={base}
 str r1, [r0, #8]
 ldr r1, =0x03000009
 str r1, [r0, #12]
 movs r1, #5
 str r1, [r0]
 dsb
 isb
 movs r4, #0
loop:
 cmp r4, #3
 ite lt
 ldrlt r2, [r5]
 ldrge r2, [r5, #4]
 b next
 nop
next:
 adds r6, #1
 adds r4, #1
 cmp r4, #6
 bne loop
 mrs r7, apsr
 b .
"""


@pytest.mark.parametrize("base", ["0x20000c00", "0x20000800"])
def test_accesses_in_it_blocks_leave_nothing_behind_wherever_a_border_or_a_watch_is(base: str) -> None:
    machine = made(CONDITIONS.format(base=base))
    if base == "0x20000c00":
        machine.watch("w", RAM + 0xF00, 4)
    machine.run(400)
    assert (machine.get("r4"), machine.get("r6"), machine.get("xpsr") & 0x0600_FC00) == (6, 6, 0)
