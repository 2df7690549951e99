"""ADC: periodic by DMA, once by the FIFO and its interrupt, in real time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.time import MICROSECOND, TWO_MHZ
from tests.realtime.rig import SYSRAM, Rig

ADC, IRQ, DMA_IRQ = 0x3800_0000, 70, 77
CHANNEL = 0x2108_0000 + 29 * 0x100
CTL0, PERIOD, CTL3, RBR, IER, IIR, LSR, DMA_EN, RTOCNT, LEVEL, POINTERS = (
    0x100, 0x104, 0x10C, 0x200, 0x204, 0x208, 0x214, 0x24C, 0x254, 0x260, 0x2D4)  # fmt: skip
TIMING = 20 << 9 | 8 << 4


@pytest.fixture
def volts(rig):
    for channel in range(8):
        rig.shared.inputs.set(channel, 250_000 * channel)
    return rig


def start_dma(rig, size, threshold):
    rig.write(CHANNEL + 0x18, 0)
    for offset, value in ((0x2C, SYSRAM), (0x44, size), (0x10, threshold), (0x60, ADC + RBR), (0x5C, 0), (0x20, 1 << 15)):
        rig.write(CHANNEL + offset, value)
    rig.write(ADC + DMA_EN, 1)
    rig.write(CHANNEL + 0x14, 2 | 1 << 4 | 1 << 15 | 1 << 18)
    rig.write(CHANNEL + 0x18, 1 << 15)


def results(rig, count):
    words = [int.from_bytes(rig.memory[4 * n : 4 * n + 4], "little") for n in range(count)]
    return [(word & 15, word >> 4) for word in words]


def test_periodic_scans_come_by_dma_at_their_rate(volts):
    volts.write(ADC, 0)
    volts.write(ADC, 1)
    volts.write(ADC + CTL3, 1 << 31)
    volts.write(ADC + CTL0, TIMING)
    while volts.read(ADC + POINTERS) & 31 != volts.read(ADC + POINTERS) >> 5:
        volts.read(ADC + RBR)
    start_dma(volts, 8, 6)
    volts.write(ADC + PERIOD, 2_000_000 // 1000 - 1)
    volts.write(ADC + CTL0, 0b1010 << 16 | TIMING | 1 << 8 | 1)
    took = volts.until_irq(DMA_IRQ)
    scan = (20 + 2 * (8 + 13)) * TWO_MHZ
    assert took == scan + 2 * 2000 * TWO_MHZ, "the third of three scans of two channels"
    assert volts.read(CHANNEL + 0x38) == 6
    assert results(volts, 6) == [(1, 250_000 * 4095 // 2_500_000), (3, 750_000 * 4095 // 2_500_000)] * 3
    volts.write(CHANNEL + 0x5C, 6 << 2)
    volts.write(CHANNEL + 0x20, 1 << 15)
    assert volts.read(CHANNEL + 0x38) == 0 and not volts.irqs[DMA_IRQ]
    assert volts.until_irq(DMA_IRQ) == 3 * 2000 * TWO_MHZ


def test_once_by_the_fifo_and_the_interrupt_of_its_level(volts):
    """Bit fields read, changed and written; the level is the number of channels."""
    volts.change(ADC + DMA_EN, clear=1)
    volts.change(ADC + IER, 1)
    volts.write(ADC + LEVEL, 3 << 2)
    volts.change(ADC + CTL0, 0b10000011 << 16, 0xFFFF << 16)
    volts.change(ADC + CTL0, 1)
    assert volts.read(ADC + IIR) == 1
    assert volts.until_irq(IRQ) == (20 + 3 * 21) * TWO_MHZ
    assert volts.read(ADC + IIR) == 4 and volts.read(ADC + LSR) == 1
    pointers = volts.read(ADC + POINTERS)
    assert (pointers >> 5) - (pointers & 31) == 3
    assert [volts.read(ADC + RBR) & 15 for _ in range(3)] == [0, 1, 7]
    assert not volts.irqs[IRQ] and volts.read(ADC + IIR) == 1


def test_a_scan_can_be_started_again_by_the_same_write(volts):
    for _ in range(3):
        volts.change(ADC + CTL0, 1 << 16, 0xFFFF << 16)
        volts.change(ADC + CTL0, 1)
        assert volts.read(ADC + CTL0) & 1
        volts.run(1)
        assert volts.read(ADC + LSR) == 1 and not volts.read(ADC + CTL0) & 1
        volts.read(ADC + RBR)


def test_too_few_for_the_level_time_out(volts):
    volts.write(ADC + IER, 5)
    volts.write(ADC + RTOCNT, 100)
    volts.write(ADC + CTL0, 1 << 16 | TIMING | 1)
    assert volts.until_irq(IRQ) == (20 + 21 + 100) * TWO_MHZ
    assert volts.read(ADC + IIR) == 12
    volts.read(ADC + RBR)
    assert not volts.irqs[IRQ]


def test_averaging_takes_longer(volts):
    volts.write(ADC + IER, 1)
    volts.write(ADC + LEVEL, 1 << 2)
    volts.write(ADC + CTL0, 1 << 16 | TIMING | 3 << 1 | 1)
    assert volts.until_irq(IRQ) == (20 + 8 * 21) * TWO_MHZ


LEVELS = [(2_500_000, 2_500_000, 4095), (2_500_000, 1_250_000, 2047), (1_800_000, 1_800_000, 4095), (1_800_000, 900_000, 2047),
          (2_500_000, 9_000_000, 4095), (2_500_000, -5, 0)]  # fmt: skip


@pytest.mark.parametrize("common_mode", [0, 1 << 31])
@pytest.mark.parametrize("reference, microvolts, value", LEVELS)
def test_full_scale_is_what_the_board_puts_on_the_reference_pin(rig, reference, microvolts, value, common_mode):
    """Two vendors give the bit of the common mode opposite meanings, and both compute with the board's 2.5 V."""
    rig.shared.adc.reference = reference
    rig.shared.inputs.set(4, microvolts)
    rig.write(ADC + CTL3, common_mode)
    rig.write(ADC + CTL0, 1 << 20 | TIMING | 1)
    rig.run(1)
    assert rig.read(ADC + RBR) == value << 4 | 4


def test_a_board_has_2_5_volts_there_and_a_reset_of_the_block_leaves_them(rig):
    assert rig.shared.adc.reference == 2_500_000
    rig.shared.adc.reference = 1_800_000
    rig.write(ADC, 0)
    rig.write(ADC, 1)
    assert rig.shared.adc.reference == 1_800_000


def test_a_voltage_may_change_with_time(rig):
    rig.shared.inputs.set(0, lambda time_us: 1000 * time_us)
    rig.write(ADC + PERIOD, 1999)
    rig.write(ADC + CTL0, 1 << 16 | TIMING | 1 << 8 | 1)
    rig.run(3)
    first, second, third = (rig.read(ADC + RBR) >> 4 for _ in range(3))
    assert second - first == pytest.approx(1000 * 1000 * 4095 / 2_500_000, abs=1) and third > second


def test_a_full_fifo_loses_what_comes_and_says_so(volts):
    volts.write(ADC + PERIOD, 199)
    volts.write(ADC + CTL0, 0xFF << 16 | TIMING | 1 << 8 | 1)
    volts.run(5)
    pointers = volts.read(ADC + POINTERS)
    assert (pointers >> 5) - (pointers & 31) == 31 and "FIFO is full" in volts.log.lines[-1]


def test_stopping_and_reset_end_the_scans(volts):
    volts.write(ADC + CTL0, 1 << 16 | TIMING | 1 << 8 | 1)
    volts.run(0.1)
    volts.change(ADC + CTL0, clear=1)
    volts.write(ADC, 0)
    volts.write(ADC, 1)
    volts.run(1)
    assert volts.read(ADC + POINTERS) == 0


def test_without_channels_nothing_is_scanned(volts):
    volts.write(ADC + CTL0, 1 << 16 | TIMING | 1 << 8 | 1)
    volts.write(ADC + CTL0, 1 << 8 | 1)
    assert not volts.scheduler.waiting()
    volts.write(ADC + CTL0, 1 << 17 | TIMING | 1)
    volts.run(1)
    assert volts.read(ADC + RBR) & 15 == 1


@given(st.integers(0, 3000))
@settings(max_examples=20, deadline=None)
def test_saved_at_any_time_it_goes_on_the_same(microseconds):
    rig = Rig()
    start_dma(rig, 16, 8)
    rig.write(ADC + PERIOD, 399)
    rig.write(ADC + CTL0, 7 << 16 | TIMING | 1 << 8 | 1)
    rig.scheduler.run(microseconds * MICROSECOND)
    other = Rig.restored(rig.save())
    for each in (rig, other):
        each.scheduler.run(4000 * MICROSECOND)
    assert rig.save() == other.save()
