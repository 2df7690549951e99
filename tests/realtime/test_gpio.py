"""GPIO: both styles of driver, aliases, offsets of each block, pulls; the same pins for everybody."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.time import MILLISECOND
from tests.realtime.rig import Rig

GROUP = 0x3801_0000
# block, its first pin, where its input register stands
BLOCKS = [(GROUP, 0, 4), (0x3804_0000, 12, 4), (0x3806_0000, 20, 4), (0x3800_0000, 41, 4), (0x3807_0000, 26, 12), (0x380A_0000, 66, 12),
          (0x380D_0100, 56, 0), (0x380E_0100, 61, 0)]  # fmt: skip


@pytest.mark.parametrize("block, first, din", BLOCKS)
def test_masks_drive_and_read_pins(rig, block, first, din):
    rig.write(block + 0x24, 2)
    rig.write(block + 0x68, 2)
    rig.write(block + 0x14, 2)
    assert rig.bank.read(first + 1) == 1 and rig.read(block + din) == 2
    rig.write(block + 0x18, 2)
    assert rig.bank.read(first + 1) == 0
    rig.write(block + 0x28, 2)
    rig.bank.drive(first + 1, 1)
    assert rig.read(block + din) == 2 and rig.bank.contention == set()


@pytest.mark.parametrize("block, first, din", BLOCKS)
def test_read_modify_write_of_every_register_leaves_the_neighbours(rig, block, first, din):
    for pin in (0, 1, 3):
        rig.change(block + 0x68, 1 << pin)
        rig.change(block + 0x24, 1 << pin)
        rig.change(block + 0x10, 1 << pin)
    rig.change(block + 0x18)
    rig.write(block + din, rig.read(block + din)) if din else None
    assert rig.read(block + din) == 0b1011
    rig.change(block + 0x28, 1)
    assert rig.read(block + 0x20) == 0b1010
    assert [rig.read(block + offset) for offset in (0x14, 0x18, 0x24, 0x28)] == [0] * 4


def test_an_output_that_starts_high_has_no_low_edge(rig):
    rig.write(GROUP + 0x14, 1)
    rig.bank.pull(0, 1)
    rig.edges.clear()
    rig.write(GROUP + 0x24, 1)
    assert rig.edges == [] and rig.bank.read(0) == 1


@pytest.mark.parametrize("bit, pin", [(0, 24), (1, 25), (2, 49), (8, 55), (9, 81), (21, 93)])
def test_the_block_of_the_a7_has_its_registers_apart(rig, bit, pin):
    base = 0x3002_0000
    rig.write(base + 0x34, 1 << bit)
    rig.write(base + 0x14, 1 << bit)
    assert rig.bank.read(pin) == 1 and rig.read(base) == 1 << bit and rig.read(base + 0x30) == 1 << bit


def test_pulls_count_where_software_has_them(rig):
    block = GROUP + 3 * 0x1_0000
    rig.write(block + 0x34, 1)
    assert rig.read(block + 4) == 0
    rig.write(block + 0x30, 0x8000_0000)
    rig.write(block + 0x40, 0x8000_0000)
    rig.write(block + 0x38, 1)
    rig.write(block + 0x34, 3)
    assert rig.read(block + 4) == 3
    rig.write(block + 0x44, 2)
    assert rig.read(block + 4) == 1, "both at once hold nothing"


def test_a_resistor_on_the_board_is_stronger_than_the_chips(rig):
    block = GROUP + 3 * 0x1_0000
    rig.bank.pull(12, 1)
    rig.write(block + 0x40, 0x8000_0001)
    assert rig.read(block + 4) & 1 == 1


def test_reset_lets_go_of_what_was_driven_and_of_nothing_else(rig):
    rig.write(GROUP + 0x24, 1)
    rig.write(GROUP + 0x14, 1)
    rig.bank.drive(1, 1)
    rig.shared.gpio[0].reset()
    assert rig.bank.read(0) == 0 and rig.bank.read(1) == 1


def test_the_pin_multiplexer_keeps_its_words(rig):
    rig.change(0x3001_0020 + 4, 5 << 16)
    assert rig.read(0x3001_0024) == 5 << 16 and rig.shared.pinmux.mode(12) == 5


PLACES = [windows.base for windows in Rig().shared.windows]
WORDS = st.one_of(st.integers(0, 0xFFFFFFFF), st.sampled_from([0, 1, 0xFFFFFFFF, 1 << 15, 1 << 8, 0x301]))


ACCESSES = st.tuples(st.sampled_from(PLACES), st.integers(0, 0x6FF), st.sampled_from([1, 2, 4]), WORDS, st.booleans())


@given(st.lists(ACCESSES, max_size=60))
@settings(max_examples=150, deadline=None)
def test_nothing_that_is_written_breaks_a_block_and_what_is_saved_goes_on_the_same(accesses):
    rig = Rig()
    for place, offset, size, value, is_write in accesses:
        offset -= offset % size
        if is_write:
            rig.write(place + offset, value & ((1 << 8 * size) - 1), size)
        else:
            assert 0 <= rig.read(place + offset, size) < 1 << 8 * size
        rig.scheduler.run(min(rig.scheduler.next(), rig.scheduler.now + MILLISECOND // 100))
    other = Rig.restored(rig.save())
    assert other.save() == rig.save()
    levels = [[each.bank.read(pin) for pin in each.bank.pins()] for each in (rig, other)]
    assert levels[0] == levels[1]


def settled(rig, address, value):
    device, offset = rig._find(address)
    return device.settled_until(offset, value) is not None


@pytest.mark.parametrize("offset, value, expected", [
    (0x10, 2, True), (0x14, 2, True), (0x14, 0, True), (0x18, 1, True), (0x20, 3, True), (0x24, 1, True), (0x04, 5, True),
    (0x10, 3, False), (0x14, 1, False), (0x18, 2, False), (0x20, 1, False), (0x28, 2, False), (0x30, 0, False), (0x1C, 0, False), (0x200, 0, False),
])  # fmt: skip
def test_an_output_is_settled_if_it_is_set_to_what_it_is(rig, offset, value, expected):
    rig.write(GROUP + 0x20, 3)
    rig.write(GROUP + 0x10, 2)
    before = rig.save()
    assert settled(rig, GROUP + offset, value) is expected
    if expected:
        rig.write(GROUP + offset, value)
        assert rig.save() == before


def test_an_output_that_pwm_has_taken_over_is_not_settled(rig):
    rig.write(GROUP + 0x20, 1)
    assert settled(rig, GROUP + 0x14, 0)
    rig.write(GROUP + 0x1104, 1000)
    rig.write(GROUP + 0x1100, 0x15)
    assert rig.bank.read(0) == 1 and not settled(rig, GROUP + 0x14, 0)
