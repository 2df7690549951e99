"""I2S: sound out of a ring to a sink, from a source into a ring, at the rate of its code."""

import pytest

from armillary.hal.sim.realtime.i2s import RATES
from armillary.hal.sim.realtime.time import SECOND
from tests.realtime.rig import SYSRAM, Rig

I2S = 0x380D_0000
TX, RX = 0x2108_0000 + 25 * 0x100, 0x2108_0000 + 26 * 0x100
GLOBAL, DL, UL, DMA_IF, IRQ_ENABLE, IRQ_CLEAR, IRQ_STATUS = 0x00, 0x04, 0x08, 0x30, 0x40, 0x44, 0x48
FRAMES = 64


def start_dma(rig, channel, address, threshold, is_receive):
    rig.write(channel + 0x18, 0)
    rig.write(channel + 0x14, 2 | 1 << 4 | 1 << 15 | (1 << 18 if is_receive else 0))
    for offset, value in ((0x60, 0x380F_0000), (0x2C, SYSRAM + address), (0x5C, 0), (0x44, FRAMES), (0x10, threshold)):
        rig.write(channel + offset, value)


def play(rig, code=10):
    """The driver's order: control, DMA, its handshake, enables, and the channel last. Ten frames are in the ring."""
    rig.write(I2S + 0x0C, 2)
    rig.write(I2S + 0x0C, 0)
    rig.change(I2S + DL, 1 | 1 << 3 | code << 8)
    start_dma(rig, TX, 0, FRAMES // 4, False)
    rig.change(I2S + DMA_IF, 1 | 1 << 4 | 1 << 15)
    rig.change(I2S + GLOBAL, 1 | 2)
    for number in range(40):
        rig.memory[4 * number : 4 * number + 4] = (0x1000 + number).to_bytes(4, "little")
    rig.write(TX + 0x18, 1 << 15)
    rig.write(TX + 0x5C, 40 * 4)


@pytest.mark.parametrize("code", sorted(RATES))
def test_frames_come_out_in_order_and_in_time(rig, code):
    play(rig, code)
    rig.scheduler.run(16 * SECOND // RATES[code] + SECOND // RATES[code])
    assert list(rig.shared.sounds[0].heard) == [0x1000 + number for number in range(16)]


def test_dma_asks_for_the_first_frames_when_it_starts_and_for_more_when_the_ring_is_low(rig):
    play(rig)
    assert rig.irqs[77]
    rig.write(TX + 0x20, 1 << 15)
    assert rig.until_irq(77) > 0
    assert rig.read(TX + 0x38) <= FRAMES // 4


def test_an_empty_ring_is_silence_and_a_status(rig):
    play(rig)
    rig.write(I2S + 0x20, 0xDEAD)
    rig.write(I2S + IRQ_ENABLE, 1)
    rig.run(2)
    assert list(rig.shared.sounds[0].heard)[40:42] == [0xDEAD, 0xDEAD]
    assert rig.irqs[68] and rig.read(I2S + IRQ_STATUS) & 1
    rig.change(I2S + GLOBAL, clear=3)
    rig.write(I2S + IRQ_CLEAR, 1)
    assert not rig.irqs[68]


def test_a_source_is_recorded(rig):
    numbers = iter(range(10_000))
    rig.shared.sounds[0].source = lambda: next(numbers)
    rig.write(I2S + UL, 1 | 10 << 8)
    start_dma(rig, RX, 0x400, 48, True)
    rig.change(I2S + DMA_IF, 1 << 16)
    rig.change(I2S + GLOBAL, 1 | 4)
    rig.write(RX + 0x18, 1 << 15)
    assert rig.until_irq(77) == 6 * (8 * SECOND // 48_000)
    assert [int.from_bytes(rig.memory[0x400 + 4 * n : 0x404 + 4 * n], "little") for n in range(48)] == list(range(48))


def test_frames_may_be_moved_by_hand(rig):
    rig.write(I2S + DL, 1 | 10 << 8)
    rig.change(I2S + GLOBAL, 3)
    for value in (5, 6, 7):
        rig.write(0x380F_0000, value)
    assert rig.read(I2S + 0x14) >> 8 == 3
    rig.run(1)
    assert list(rig.shared.sounds[0].heard)[:3] == [5, 6, 7]


def test_an_unknown_rate_is_told(rig):
    play(rig, 15)
    rig.run(1)
    assert any("rate code 15 is unknown" in line for line in rig.log.lines)


def test_saved_while_it_plays_it_goes_on_the_same(rig):
    play(rig)
    rig.scheduler.run(SECOND // 3001)
    other = Rig.restored(rig.save())
    other.shared.sounds[0].heard.extend(rig.shared.sounds[0].heard)
    for each in (rig, other):
        each.run(1)
    assert rig.save() == other.save() and rig.shared.sounds[0].heard == other.shared.sounds[0].heard
