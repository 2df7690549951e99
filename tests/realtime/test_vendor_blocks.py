"""Where drivers of several vendors differ from one another: orders of writing that must work as well."""

import pytest

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.shared import PINS
from armillary.hal.sim.realtime.time import MILLISECOND, SECOND, TWO_MHZ
from tests.realtime.private import PrivateRig
from tests.realtime.rig import SYSRAM

DMA = 0x2108_0000
I2S, PWM, I2C, IRQ_CONFIG = 0x380D_0000, 0x3801_1000, 0x3807_0200, 0x2100_0000
RUN, DONE, TO_MEMORY = 1 << 15, 1 << 15, 1 << 18


def ring(rig, channel, address, items, threshold, direction):
    at = DMA + 0x100 * channel
    rig.write(at + 0x14, 2 | 1 << 4 | DONE | direction)
    for offset, value in ((0x60, 0x380F_0000), (0x2C, SYSRAM + address), (0x44, items), (0x10, threshold), (0x5C, 0)):
        rig.write(at + offset, value)
    rig.write(at + 0x18, RUN)
    return at


def test_i2s_loops_back_every_frame_in_order_with_no_more_than_its_enables(rig):
    for number in range(64):
        rig.memory[4 * number : 4 * number + 4] = (0xCAFE_0000 + number).to_bytes(4, "little")
    rig.write(I2S, 1 << 31)
    rig.write(I2S + 4, 10 << 8)
    rig.write(I2S + 8, 10 << 8)
    out = ring(rig, 25, 0, 64, 1, 0)
    into = ring(rig, 26, 0x400, 64, 40, TO_MEMORY)
    rig.write(out + 0x5C, 48 * 4)
    rig.change(I2S, 1)
    rig.change(I2S + 4, 1)
    rig.change(I2S + 8, 1)
    rig.scheduler.run(40 * SECOND // 48_000)
    assert rig.read(into + 0x1C) == DONE
    heard = [int.from_bytes(rig.memory[0x400 + 4 * n : 0x404 + 4 * n], "little") for n in range(40)]
    assert heard == [0xCAFE_0000 + number for number in range(40)]


def test_nothing_is_sent_before_i2s_is_enabled(rig):
    out = ring(rig, 25, 0, 64, 1, 0)
    rig.write(out + 0x5C, 48 * 4)
    rig.run(5)
    assert rig.read(out + 0x38) == 48 and not rig.shared.sounds[0].heard


def test_a_kick_before_the_clock_is_taken_over_with_the_clock(rig):
    rig.write(PWM, 0xE400 | 1 << 1)
    rig.write(PWM + 0x104, 750 << 16 | 250)
    rig.write(PWM + 0x108, 750 << 16 | 250)
    rig.write(PWM + 0x100, 4 | 2 | 1 << 8 | 1 << 20)
    rig.change(PWM + 0x100, 1)
    rig.run(1)
    assert not rig.edges
    begin = rig.scheduler.now
    rig.change(PWM + 0x100, 1 << 4)
    rig.scheduler.run(begin + 2500 * TWO_MHZ)
    edges = [(at - begin, level) for at, pin, level in rig.edges if pin == 0]
    assert edges == [(n * 1000 * TWO_MHZ + high * TWO_MHZ, level) for n in range(3) for high, level in ((0, 1), (250, 0))]


def test_a_kick_is_taken_over_once(rig):
    rig.write(PWM + 0x104, 500 << 16 | 500)
    rig.write(PWM + 0x100, 4 | 1)
    rig.change(PWM + 0x100, 1 << 4)
    rig.change(PWM + 0x100, clear=1 << 4)
    rig.run(1)
    del rig.edges[:]
    rig.change(PWM + 0x100, 1 << 4)
    rig.run(50)
    assert rig.edges == []


def transfer(rig, count):
    """Read `count` bytes by DMA, as a driver that goes by DMA's interrupt."""
    rig.write(I2C + 0x70, 1 << 15 | 1 << 14)
    rig.write(I2C + 0x60, 0x50)
    rig.write(I2C + 0x68, 1)
    rig.write(I2C + 0x54, count)
    rig.write(I2C, 2)
    at = DMA + 0x100
    rig.write(at + 0x14, 1 << 3 | 1 << 4 | DONE | TO_MEMORY)
    for offset, value in ((0x2C, SYSRAM), (0x60, I2C + 0x90), (0x10, count), (0x18, RUN)):
        rig.write(at + offset, value)
    rig.write(I2C + 0xC0, 1 << 4)
    rig.change(I2C + 0x70, 1)


class Numbers:
    at = 0

    def start(self, is_read):
        return True

    def write(self, byte):
        return True

    def read(self):
        self.at += 1
        return self.at

    def stop(self):
        pass


@pytest.mark.parametrize("count", [1, 8, 9, 100])
def test_who_hears_from_dma_finds_the_i2c_engine_ready(rig, count):
    rig.shared.isus[0].i2c_bus.attach(0x50, Numbers())
    transfer(rig, count)
    rig.until_irq(77)
    assert rig.read(I2C + 0x74) & 4 and rig.irqs[44]
    assert rig.memory[:count] == bytes(range(1, count + 1)) and rig.read(I2C + 0x80) == 0x11


@pytest.fixture
def core():
    """A core of a chip, started on nothing: its NVIC can be looked at."""
    chip = Chip()
    return chip.cores[0]


def sense(core, line, polarity, is_level):
    config = core.irq_config
    config.write(4 * line, 4, 1 << 8 if polarity else 0)
    number = 20 + line
    config.write(0x200 + 4 * (number // 32), 4, (1 << number % 32) if is_level else 0)


def is_pending(core, line):
    core.machine.write_system(0xE000_E280 + 4 * ((20 + line) // 32), 1 << (20 + line) % 32)  # forget what was
    return bool(core.machine.read_system(0xE000_E200 + 4 * ((20 + line) // 32)) >> (20 + line) % 32 & 1)


@pytest.mark.parametrize("line", [0, 11, 12, 23])
def test_a_level_pends_for_as_long_as_the_pin_is_there(core, line):
    sense(core, line, polarity=1, is_level=True)
    assert is_pending(core, line)
    core.irq_config.change(line, 1)
    assert not is_pending(core, line)
    core.irq_config.change(line, 0)
    assert is_pending(core, line) and is_pending(core, line)


def test_an_edge_pends_once_and_a_level_that_was_there_before_is_none(core):
    sense(core, 3, polarity=1, is_level=False)
    assert not is_pending(core, 3)
    core.irq_config.change(3, 1)
    core.irq_config.change(3, 0)
    assert core.machine.read_system(0xE000_E200) >> 23 & 1
    assert not is_pending(core, 3)


def test_pins_that_are_high_before_the_chip_is_made_are_no_edges():
    bank = GpioBank(PINS, VirtualClock())
    bank.drive(5, 1)
    chip = Chip(pins=bank)
    assert chip.cores[0].irq_config.levels[5] == 1
    bank.drive(5, 0)
    assert chip.cores[0].irq_config.levels[5] == 0


def test_the_crystal_is_told_by_its_strap_and_nothing_is_logged(rig):
    assert rig.read(0x3009_0190) & 3 == 2
    for offset in (0x200, 0x240, 0x280):
        rig.change(0x3106_0000 + offset, 1 << 17)
        assert rig.read(0x3106_0000 + offset) == 1 << 17
    assert rig.log.lines == []


@pytest.mark.parametrize("base", [0x2000_0000, 0x2008_0000, 0x2009_0000, 0x2107_0000])
def test_a_block_that_nothing_is_known_of_keeps_words_and_tells_once(core, base):
    _, block, offset = core.machine.device_at(base + 0x2C)
    for value in (1, 3):
        block.write(offset, 4, value)
        assert block.read(offset, 4) == value
    assert [line for line in core.blocks[0].log.lines if hex(base + 0x2C)[2:] in line] == core.blocks[0].log.lines and len(core.blocks[0].log.lines) == 1


def test_the_input_register_of_i2s_pins_stands_at_both_places(rig):
    rig.bank.drive(59, 1)
    assert rig.read(0x380D_0100) == rig.read(0x380D_0104) == 1 << 3


def test_a_chip_that_saved_an_early_kick_goes_on_the_same(rig):
    rig.write(PWM + 0x104, 500 << 16 | 500)
    rig.write(PWM + 0x100, 4 | 1)
    other = type(rig).restored(rig.save())
    for each in (rig, other):
        each.change(PWM + 0x100, 1 << 4)
        each.scheduler.run(each.scheduler.now + 5 * MILLISECOND)
    assert rig.save() == other.save() and other.bank.read(0) == rig.bank.read(0)


@pytest.mark.parametrize("is_fast", [False, True])
@pytest.mark.parametrize("wait", [0, 1, 120_000, 5_000_000])
def test_a_slow_count_reads_the_same_until_it_says_and_another_then(is_fast, wait):
    rig = PrivateRig()
    rig.write(0x2103_0014, 0xFFFF)
    rig.write(0x2103_0010, 1 | 8 | 4 * is_fast)
    rig.write(0x2103_0030, 1 | 2 * is_fast)
    rig.scheduler.run(rig.scheduler.now + wait)
    for offset in (0x40, 0x34):
        quiet, value = rig.gpt.quiet_until(offset), rig.gpt.read(offset, 4)
        rig.scheduler.run(quiet - 1)
        assert rig.gpt.read(offset, 4) == value
        rig.scheduler.run(quiet)
        assert rig.gpt.read(offset, 4) != value
