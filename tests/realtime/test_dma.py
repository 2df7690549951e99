"""DMA against plain models: copies, rings in SYSRAM, the status of thirty channels, and its one interrupt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.channel import Channel
from armillary.hal.sim.realtime.time import MILLISECOND, XTAL
from tests.realtime.rig import SYSRAM, Rig

DMA, GLOBAL, IRQ, COPY = 0x2108_0000, 0x2108_4000, 77, 12
SRC, DST, WPPT, WPTO, COUNT, CON, START, INTSTA, ACK, RLCT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
MEMORY, FILLED, STATE, SIZE, HARDWARE, SOFTWARE, FIXED = 0x2C, 0x38, 0x3C, 0x44, 0x58, 0x5C, 0x60
RUN, DONE, TO_MEMORY, SOURCE, TARGET = 1 << 15, 1 << 15, 1 << 18, 1 << 2, 1 << 3
WRAP = 1 << 16  # of a ring's pointers
ADC, ADC_DMA = 0x3800_0100, 29


def at(channel, offset):
    return DMA + 0x100 * channel + offset


def set_up(rig, channel, **registers):
    for name, value in registers.items():
        rig.write(at(channel, globals()[name]), value)


@given(st.sampled_from([0, 1, 2]), st.integers(1, 200), st.integers(0, 0x200), st.integers(0x1000, 0x1200), st.booleans(), st.booleans(), st.binary(min_size=1, max_size=64))
@settings(max_examples=80, deadline=None)
def test_a_copy_is_that_of_a_plain_loop_and_takes_two_clocks_an_item(shift, count, source, target, moves_source, moves_target, pattern):
    rig, size = Rig(), 1 << shift
    source, target = source & -size, target & -size
    rig.memory[:0x1000] = (pattern * 0x1000)[:0x1000]
    expected = bytearray(rig.memory)
    for item in range(count):
        given_at, taken_at = target + item * size * moves_target, source + item * size * moves_source
        expected[given_at : given_at + size] = expected[taken_at : taken_at + size]
    control = shift | SOURCE * moves_source | TARGET * moves_target | DONE
    set_up(rig, COPY, SRC=SYSRAM + source, DST=SYSRAM + target, COUNT=count, CON=control, START=RUN)
    assert rig.read(GLOBAL) >> 2 * COPY & 3 == 1 and rig.read(at(COPY, RLCT)) == count
    assert rig.until_irq(IRQ) == 2 * XTAL * count
    assert rig.memory == expected and rig.read(at(COPY, RLCT)) == 0
    assert rig.read(GLOBAL) >> 2 * COPY & 3 == 2, "it no longer runs, and interrupts"
    rig.write(at(COPY, ACK), DONE)
    assert not rig.irqs[IRQ] and rig.read(GLOBAL) == 0


@pytest.mark.parametrize("place", [SYSRAM - 4, SYSRAM + 0x1_0000, 0x0010_0000, 0x1000_0000, 0xE000_E000, 0xFFFF_FFFC])
@pytest.mark.parametrize("side", ["SRC", "DST"])
def test_a_copy_out_of_reach_moves_nothing_and_ends(place, side):
    rig = Rig()
    before = bytes(rig.memory)
    set_up(rig, COPY, **{"SRC": SYSRAM, "DST": SYSRAM + 0x100, side: place}, COUNT=4, CON=2 | SOURCE | TARGET | DONE, START=RUN)
    rig.run(1)
    assert bytes(rig.memory) == before and not rig.read(at(COPY, START)) and "only SYSRAM can be" in rig.log.lines[0]


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=20))
@settings(max_examples=80, deadline=None)
def test_a_receiving_ring_is_a_queue(ring, rounds):
    """Results of the ADC arrive four bytes each; the program takes some, by its pointer."""
    rig, sent, taken, waiting = Rig(), 0, 0, []
    set_up(rig, ADC_DMA, MEMORY=SYSRAM + 0x400, FIXED=0x3800_0200, SIZE=ring, COUNT=max(1, ring * 3 // 4), CON=2 | 1 << 4 | DONE | TO_MEMORY, START=RUN)
    rig.write(ADC + 0x14C, 1)
    for come, take in rounds:
        for _ in range(min(come, ring - len(waiting))):
            sent += 1
            rig.shared.inputs.set(0, sent * 1000)
            rig.write(ADC, 1 << 16 | 1)  # one result of channel 0
            rig.run(0.1)
            waiting.append(sent * 1000 * 4095 // 2_500_000 << 4)
        state = rig.read(at(ADC_DMA, STATE))
        assert rig.read(at(ADC_DMA, FILLED)) == len(waiting)
        assert (state & 1, state >> 1 & 1) == (len(waiting) == ring, not waiting)
        assert bool(state & 4) == (len(waiting) >= max(1, ring * 3 // 4))
        for _ in range(min(take, len(waiting))):
            pointer = rig.read(at(ADC_DMA, SOFTWARE))
            place, half = pointer & 0xFFFF, pointer & WRAP
            assert int.from_bytes(rig.memory[0x400 + place : 0x404 + place], "little") == waiting.pop(0)
            taken += 1
            rig.write(at(ADC_DMA, SOFTWARE), place + 4 | half if place + 4 < 4 * ring else half ^ WRAP)
    assert taken + len(waiting) == sent


@given(st.integers(1, 64), st.lists(st.binary(max_size=70), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_a_sending_ring_sends_what_is_put_into_it_in_order(ring, texts):
    rig, sent = Rig(), bytearray()
    isu, channel = rig.shared.isus[0], 13
    isu.uart.sent = sent.append
    for offset, value in ((0x24, 3), (0x28, 24), (0x0C, 3), (0x08, 7), (0x64, 2)):
        rig.write(0x3807_0500 + offset, value)
    set_up(rig, channel, MEMORY=SYSRAM, FIXED=0x3807_0500, SIZE=ring, COUNT=0, CON=1 << 4, START=RUN)
    for byte in b"".join(texts):
        while rig.read(at(channel, STATE)) & 1:
            rig.scheduler.run(rig.scheduler.next())
        pointer = rig.read(at(channel, SOFTWARE))
        place, half = pointer & 0xFFFF, pointer & WRAP
        rig.memory[place] = byte
        rig.write(at(channel, SOFTWARE), place + 1 | half if place + 1 < ring else half ^ WRAP)
    rig.scheduler.run(rig.scheduler.now + 200 * MILLISECOND)
    assert bytes(sent) == b"".join(texts) and rig.read(at(channel, STATE)) & 2


PLACES = st.sampled_from([SYSRAM, SYSRAM + 2, SYSRAM + 0xFFF0])


@given(st.integers(0, 2), st.integers(1, 30), st.integers(0, 30), st.integers(0, 60), PLACES, st.lists(st.integers(0, 40), min_size=1, max_size=12), st.booleans())
@settings(max_examples=80, deadline=None)
def test_items_that_move_in_a_row_are_those_that_move_one_by_one(shift, ring, threshold, begin, place, steps, turns):
    """I2S plays a ring into itself, and what comes in goes into another ring; pointers may stand anywhere, also between items."""
    states = []
    for most in (1, 256):
        with pytest.MonkeyPatch.context() as patch:
            plain = Channel._in_a_row
            patch.setattr(Channel, "_in_a_row", lambda channel, ready, most=most, plain=plain: plain(channel, min(ready, most)))
            rig = Rig()
            rig.memory[:] = bytes(range(256)) * 256
            for channel, way in ((25, 0), (26, TO_MEMORY)):
                set_up(rig, channel, MEMORY=place, FIXED=0x380F_0000, SIZE=ring, COUNT=threshold, CON=shift | DONE | way, START=RUN)
                rig.write(at(channel, HARDWARE), begin | (WRAP if turns else 0))
            for offset, value in ((0x04, 0xA01), (0x08, 0xA01), (0x00, 0x8000_0001)):
                rig.write(0x380D_0000 + offset, value)
            for step in steps:
                rig.run(0.2)
                rig.write(at(25, SOFTWARE), step << shift | WRAP * (step % 2))
                rig.write(at(26, SOFTWARE), rig.read(at(26, HARDWARE)))
            states.append((rig.save(), rig.irqs, rig.log.lines))
    assert states[0] == states[1]


@pytest.mark.parametrize("channel", range(30))
def test_every_channel_has_its_bits_in_the_status_and_is_stopped_by_its_bit(channel):
    rig = Rig()
    set_up(rig, channel, COUNT=0xFFFF, SIZE=16, CON=0, START=RUN)
    words = [rig.read(GLOBAL), rig.read(GLOBAL + 4)]
    assert words[channel // 16] == 1 << 2 * (channel % 16) and not words[1 - channel // 16]
    rig.write(GLOBAL + 0x24, 1 << channel)
    assert rig.read(GLOBAL + 0x20) == 1 << channel
    rig.write(GLOBAL + 0x28, 1 << channel)
    assert rig.read(GLOBAL + 0x20) == 0 and [rig.read(GLOBAL), rig.read(GLOBAL + 4)] == [0, 0]


def test_the_one_interrupt_stays_until_every_channel_is_acknowledged():
    rig = Rig()
    for channel in (13, 15):  # two sending rings that ask for their first items
        set_up(rig, channel, SIZE=16, COUNT=8, CON=DONE, START=RUN)
    assert rig.irqs[IRQ] and rig.read(GLOBAL) >> 26 == 0b110011
    rig.write(at(13, ACK), DONE)
    assert rig.irqs[IRQ]
    rig.write(at(15, ACK), DONE)
    assert not rig.irqs[IRQ]


def test_the_shortest_and_the_longest_copy_end():
    for count in (0, 0xFFFF):
        rig = Rig()
        set_up(rig, COPY, SRC=SYSRAM, DST=SYSRAM, COUNT=count, CON=DONE, START=RUN)
        assert rig.until_irq(IRQ) == 2 * XTAL * max(1, count)
