"""The chip's blocks as its cores reach them: pins of the board, external interrupts, DMA of either core."""

import pytest

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import PUSH_PULL, GpioBank
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.shared import PINS
from armillary.hal.sim.realtime.time import MILLISECOND

PENDING = 0xE000_E200


def is_pending(core, irq):
    return bool(core.machine.read_system(PENDING + 4 * (irq // 32)) >> irq % 32 & 1)


def device(core, address):
    _, found, base = core.machine.device_at(address)
    return found, address - found.base


def write(core, address, value):
    found, offset = device(core, address)
    found.write(offset, 4, value)


def read(core, address):
    found, offset = device(core, address)
    return found.read(offset, 4)


@pytest.fixture
def chip():
    return Chip(cores=2)


def test_a_pin_interrupts_both_cores_and_only_by_its_edge(chip):
    chip.pins.drive(12, 1)
    assert all(is_pending(core, 32) for core in chip.cores)
    assert not any(is_pending(core, irq) for core in chip.cores for irq in range(20, 44) if irq != 32)


def test_pins_can_be_those_of_the_boards_main_core():
    bank = GpioBank(PINS, VirtualClock())
    chip = Chip(pins=bank)
    bank.configure(3, PUSH_PULL)
    bank.write(3, 1)
    assert read(chip.cores[0], 0x3801_0004) == 8


def test_either_core_sees_what_the_other_set(chip):
    write(chip.cores[0], 0x3801_0024, 1)
    write(chip.cores[0], 0x3801_0014, 1)
    assert read(chip.cores[1], 0x3801_0004) == 1


@pytest.mark.parametrize("number", [0, 1])
def test_a_core_has_results_of_the_adc_in_its_own_memory(chip, number):
    core, other = chip.cores[number], chip.cores[1 - number]
    chip.shared.inputs.set(2, 1_250_000)
    channel = 0x2108_0000 + 29 * 0x100
    for offset, value in ((0x2C, 0x2200_0000), (0x44, 4), (0x10, 1), (0x14, 2 | 1 << 4 | 1 << 15 | 1 << 18), (0x18, 1 << 15)):
        write(core, channel + offset, value)
    write(core, 0x3800_024C, 1)
    write(core, 0x3800_0100, 1 << 18 | 20 << 9 | 8 << 4 | 1)
    chip.scheduler.run(MILLISECOND)
    assert int.from_bytes(core.sysram[:4], "little") == 2047 << 4 | 2 and bytes(other.sysram[:4]) == bytes(4)
    assert is_pending(core, 77) and not is_pending(other, 77)


def test_tcm_is_out_of_reach_of_dma(chip):
    core = chip.cores[0]
    channel = 0x2108_0000 + 12 * 0x100
    for offset, value in ((0x00, 0x0010_0000), (0x04, 0x2200_0000), (0x10, 1), (0x14, 2), (0x18, 1 << 15)):
        write(core, channel + offset, value)
    chip.scheduler.run(MILLISECOND)
    assert "only SYSRAM can be" in chip.log.lines[-1]


def test_every_page_of_the_blocks_is_reached(chip):
    for windows in chip.shared.windows:
        for start, block in windows.windows:
            assert device(chip.cores[1], windows.base + start)[0] is windows and windows.find(start)[0] is block
