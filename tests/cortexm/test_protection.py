"""Memory protection where QEMU 7.2 is no judge: borders inside its pages, and code in devices."""

from __future__ import annotations

import pytest

from armillary.hal.cortexm import machine as m4
from tests.cortexm.test_machine import RAM, assemble, made

# Region 0: all, for all.  Region 1: what begins at `border` and is 2 ** bits long, of which nothing is to be executed.
INTO = """
reset:
 ldr r0, =0xe000ed94
 movs r1, #0
 ldr r2, =0x0300003f
 str r1, [r0, #4]
 str r1, [r0, #8]
 str r2, [r0, #12]
 movs r1, #1
 ldr r2, ={attributes:#x}
 ldr r3, ={border:#x}
 str r1, [r0, #4]
 str r3, [r0, #8]
 str r2, [r0, #12]
 movs r1, #1
 str r1, [r0]
 dsb
 isb
 movs r2, #0
 ldr r3, ={start:#x} + 1
 bx r3
handler: b handler
"""


@pytest.mark.parametrize("bits", range(5, 11))
@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("shift", [0, 2])
def test_code_stops_at_the_border_of_what_may_be_executed(bits, is_wide, shift):
    border = RAM + 0x400 + (1 << bits)
    start = border - 0x20 + shift
    machine = made(INTO.format(attributes=0x1300_0001 | (bits - 1) << 1, border=border, start=start))
    code = b"\x02\xf1\x01\x02" if is_wide else b"\x01\x32"  # add.w r2, r2, #1; adds r2, #1
    machine.write_memory(start, code * (0x80 // len(code)))
    machine.run(200)
    frame = machine.get("msp")
    stacked = memoryview(machine.read_memory(frame, 32)).cast("I")
    at = border - (shift if is_wide else 0)
    assert (machine.get("xpsr") & 0x1FF, machine.read_system(0xE000_ED28)) == (3, 1)
    assert (stacked[6], machine.get("r2")) == (at, (at - start) // len(code))


@pytest.mark.parametrize("is_protected", [False, True])
def test_a_device_holds_no_code(is_protected):
    class Inviting:
        def read(self, offset, size):
            return 0x4770_4770  # bx lr

        def write(self, offset, size, value):
            pass

    machine = m4.Machine(irqs=16)
    text = INTO.format(attributes=0, border=RAM, start=0x3000_0000)
    machine.map_rom(0, assemble(text if is_protected else text.replace(" str r1, [r0]\n dsb", " dsb")))
    machine.map_ram(RAM, 0x2000)
    machine.map_device(0x3000_0000, 0x1000, Inviting(), "inviting")
    machine.reset(0)
    machine.run(200)
    assert (machine.get("xpsr") & 0x1FF, machine.read_system(0xE000_ED28)) == (3, 0x100)


MOVED = """
reset:
 ldr r0, =0xe000ed94
 ldr r1, =0x20001800
 ldr r2, =0x13000009
 str r1, [r0, #8]
 str r2, [r0, #12]
 movs r1, #5
 str r1, [r0]
 dsb
 isb
 ldr r3, =0x20000401
 blx r3
 blx r3
 movs r4, #1
 ldr r1, =0x20000420
 str r1, [r0, #8]
 dsb
 isb
 blx r3
handler: b handler
"""


def test_a_border_that_is_moved_into_code_stops_it_though_it_ran_before():
    machine = made(MOVED)
    machine.write_memory(RAM + 0x400, b"\x01\x32" * 20 + b"\x70\x47")  # adds r2, #1; bx lr
    before = machine.get("r2")
    machine.run(200)
    stacked = memoryview(machine.read_memory(machine.get("msp"), 32)).cast("I")
    assert (machine.get("xpsr") & 0x1FF, machine.read_system(0xE000_ED28), machine.get("r4")) == (3, 1, 1)
    assert stacked[6] == RAM + 0x420
    assert machine.get("r2") == before + 0x1300_0009 + 20 + 20 + 16
