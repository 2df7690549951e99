"""DebugMonitor, which QEMU has not: BKPT and MON_PEND where it is enabled, and what BKPT is where it is not."""

from __future__ import annotations

import pytest

from tests.cortexm.test_machine import made

TEXT = """
reset:
 ldr r0, =0xe000edfc
 ldr r1, ={value:#x}
 str r1, [r0]
 dsb
 isb
 {cause}
 adds r7, #1
end: b end
handler:
 adds r6, #1
 mrs r5, ipsr
 ldr r4, [r0]
 {inside}
 ldr r3, [sp, #24]
 adds r3, #2
 str r3, [sp, #24]
 bx lr
"""
MON_EN, MON_PEND, CFSR, HFSR, DFSR = 1 << 16, 1 << 17, 0xE000_ED28, 0xE000_ED2C, 0xE000_ED30


def run(value: int, cause: str, inside: str = ""):
    machine = made(TEXT.format(value=value, cause=cause, inside=inside))
    return machine, str(machine.run(100))


def test_a_breakpoint_is_the_monitors_where_it_is_enabled():
    machine, reason = run(MON_EN, "bkpt #1")
    assert (reason, machine.get("r5"), machine.get("r6"), machine.get("r7")) == ("time", 12, 1, 1)
    assert (machine.read_system(CFSR), machine.read_system(HFSR), machine.read_system(DFSR)) == (0, 0, 2)


def test_a_breakpoint_is_a_hard_fault_where_it_is_not():
    machine, _ = run(0, "bkpt #1")
    assert (machine.get("r5"), machine.get("r7"), machine.read_system(HFSR)) == (3, 1, 1 << 31)


def test_a_breakpoint_in_a_hard_fault_locks_up():
    machine, reason = run(0, "bkpt #1", inside="bkpt #2")
    assert (reason, machine.get("r6")) == ("lockup", 1)


@pytest.mark.parametrize(("value", "entered"), [(MON_EN | MON_PEND, 1), (MON_PEND, 0)])
def test_what_software_pends_comes_where_it_is_enabled(value, entered):
    machine, _ = run(value, "nop", inside="subs r3, r3, #0\n ldr r3, [sp, #24]\n subs r3, #2\n str r3, [sp, #24]")
    assert (machine.get("r6"), machine.get("r7")) == (entered, 1)
    assert bool(machine.read_system(0xE000_EDFC) & MON_PEND) == (not entered)
