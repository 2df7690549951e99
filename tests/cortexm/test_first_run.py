"""Memory in which code has not run yet: the first instruction there runs, however it is come to, protected or not."""

from __future__ import annotations

import pytest

from tests.cortexm.test_machine import RAM, made, state

CHUNK = 0x1000
# add.w r2, r2, #1 from two bytes before a chunk's end, then adds r2, #1 and bx lr.
CODE = b"\x02\xf1\x01\x02" + b"\x01\x32" + b"\x70\x47"
PROTECT = """
reset:
 ldr r0, =0xe000ed94
 movs r1, #{mpu}
 str r1, [r0]
 dsb
 isb
"""
CALL = PROTECT + """
 ldr r0, =0x20000010
 ldr r3, ={target:#x} + 1
 movs r2, #0
again:
 str r2, [r0]
 blx r3
 str r2, [r3, #0x13]
 b again
"""
PRIVDEFENA = 5


@pytest.mark.parametrize("mpu", [0, PRIVDEFENA])
@pytest.mark.parametrize("offset", [CHUNK - 6, CHUNK - 4, CHUNK - 2, CHUNK, 0x100])
def test_code_runs_and_steps_where_none_has_run(mpu, offset):
    run, stepped = (made(CALL.format(target=RAM + offset, mpu=mpu)) for _ in range(2))
    for machine in (run, stepped):
        machine.write_memory(RAM + offset, CODE)
    run.run(500)
    while stepped.now < run.now:
        stepped.step(run.now)
    assert run.get("r2") > 80
    assert state(run) == state(stepped)


@pytest.mark.parametrize("mpu", [0, PRIVDEFENA])
def test_a_write_beside_code_that_has_run_changes_what_runs_next(mpu):
    """The loop's own store turns the called `adds r2, #1` into `adds r2, #2` and on: each call adds one more."""
    text = PROTECT + """
 ldr r3, =0x20000800 + 1
 ldr r4, =0x3200
 ldr r5, =0x4770
 strh r5, [r3, #1]
again:
 adds r4, #1
 strh r4, [r3, #-1]
 blx r3
 cmp r4, r6
 bne again
end: b end
"""
    machine = made(text.format(mpu=mpu))
    machine.set("r6", 0x3200 + 100)
    machine.run(5000)
    assert machine.get("r2") == sum(range(1, 101))
