"""Bit-banding is there where a processor is made with it, and what is behind an alias is memory, a device or a fault."""

from __future__ import annotations

import pytest

from armillary.hal.cortexm import machine as m4
from tests.cortexm.test_machine import DEVICE, RAM, Flag, assemble

LOAD, STORE = "reset:\n ldr r0, ={alias:#x}\n ldr r1, [r0]\nend: b end\n", "reset:\n ldr r0, ={alias:#x}\n movs r1, #1\n str r1, [r0]\nend: b end\n"


def run(text: str, alias: int, device: object = None, bit_band: bool = True) -> m4.Machine:
    machine = m4.Machine(irqs=16, bit_band=bit_band)
    machine.map_rom(0, assemble(text.format(alias=alias)))
    machine.map_ram(RAM, 0x2000)
    if device is not None:
        machine.map_device(DEVICE, 0x1000, device, "device")
    machine.reset(0)
    machine.run(100)
    return machine


def fault(machine: m4.Machine) -> tuple[int, int, int]:
    """Exception, CFSR, BFAR."""
    return machine.get("xpsr") & 0x1FF, machine.read_system(0xE000_ED28), machine.read_system(0xE000_ED38)


@pytest.mark.parametrize("text", [LOAD, STORE])
@pytest.mark.parametrize("alias", [0x2200_0000 + 0x2000 * 32, 0x4200_0000 + 0x1000 * 32, 0x43FF_FFFC])
def test_an_alias_of_nothing_is_a_bus_fault(text, alias):
    assert fault(run(text, alias, Flag())) == (3, 0x8200, alias)


@pytest.mark.parametrize("text", [LOAD, STORE])
def test_there_are_no_aliases_where_the_processor_has_none(text):
    assert fault(run(text, 0x2200_0000, bit_band=False)) == (3, 0x8200, 0x2200_0000)


def test_what_a_device_refuses_its_alias_refuses():
    class Refusing:
        def read(self, offset, size):
            return 0

        def write(self, offset, size, value):
            raise m4.BusError

    assert fault(run(STORE, 0x4200_0000, Refusing()))[:2] == (3, 0x8200)


def test_a_bit_of_code_that_is_changed_changes_what_runs():
    """movs r2, #1 in memory becomes movs r2, #3 by its alias, after it has been run."""
    text = f"""reset:
 ldr r0, ={RAM + 0x400:#x}
 ldr r1, =0x47702201
 str r1, [r0]
 adds r5, r0, #1
 blx r5
 mov r3, r2
 ldr r0, ={{alias:#x}}
 movs r1, #1
 str r1, [r0]
 blx r5
end: b end
"""
    machine = run(text, 0x2200_0000 + 0x400 * 32 + 4)
    assert (machine.get("r3"), machine.get("r2")) == (1, 3)
