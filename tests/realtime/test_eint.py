"""External interrupts: edges, polarity, both styles of set-up, and debounce to the tick."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.time import MILLISECOND, SECOND
from tests.realtime.private import PrivateRig

IRQ_CONFIG = 0x2100_0000
DUAL, FALLING, DEBOUNCE = 0x80, 0x100, 0x200
MILLIHZ = [8_000_000, 4_000_000, 2_000_000, 1_000_000, 500_000, 250_000, 125_000, 62_500]


@pytest.fixture
def rig():
    return PrivateRig()


def control(pin):
    return IRQ_CONFIG + 4 * pin


def toggle(rig, pin, times, each=MILLISECOND):
    """Turn a pin over `times` times, `each` ticks apart."""
    for _ in range(times):
        rig.scheduler.run(rig.scheduler.now + each)
        rig.bank.drive(pin, 1 - rig.bank.read(pin))


@pytest.mark.parametrize("bits, edges", [(0, [1, 3]), (FALLING, [2, 4]), (DUAL, [1, 2, 3, 4]), (DUAL | FALLING, [1, 2, 3, 4])])
@pytest.mark.parametrize("pin", [0, 11, 23])
def test_edges_pend_once_each_by_polarity(rig, pin, bits, edges):
    rig.write(control(pin), bits)
    toggle(rig, pin, 4)
    assert rig.pulses == [(edge * MILLISECOND, 20 + pin) for edge in edges]


def test_enabled_first_and_then_set_up_field_by_field_it_works_as_well(rig):
    for clear, bits in ((0, DEBOUNCE), (FALLING, FALLING), (DUAL, 0), (0x70, 0)):
        rig.change(control(12), bits, clear)
    rig.bank.drive(12, 1)
    rig.run(1)
    rig.bank.drive(12, 0)
    begin = rig.scheduler.now
    rig.run(1)
    assert rig.pulses == [(begin + SECOND // 8000, 32)]


@pytest.mark.parametrize("rate", range(8))
@pytest.mark.parametrize("count", [0, 1, 15])
def test_a_level_counts_when_it_has_held_for_its_periods(rig, rate, count):
    rig.write(control(5), DEBOUNCE | rate << 4 | count)
    rig.bank.drive(5, 1)
    rig.run(10_000)
    assert rig.pulses == [((count + 1) * SECOND * 1000 // MILLIHZ[rate], 25)]


def test_what_bounces_counts_once_from_its_last_change(rig):
    rig.write(control(3), DEBOUNCE | 3 << 4 | 4)  # 5 ms
    toggle(rig, 3, 7, each=2 * MILLISECOND)
    rig.run(100)
    assert rig.pulses == [(14 * MILLISECOND + 5 * MILLISECOND, 23)]


def test_what_bounces_back_does_not_count(rig):
    rig.write(control(3), DEBOUNCE | DUAL | 3 << 4 | 4)
    toggle(rig, 3, 6, each=MILLISECOND)
    rig.run(100)
    assert rig.pulses == []


def test_pins_beyond_the_groups_interrupt_nobody(rig):
    toggle(rig, 24, 2)
    toggle(rig, 41, 2)
    assert rig.pulses == []


@given(st.integers(0, 7), st.integers(0, 15), st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(0, 300))
@settings(max_examples=80, deadline=None)
def test_saved_while_it_bounces_it_settles_at_the_same_tick(rate, count, steps, when):
    rig = PrivateRig()
    rig.write(control(7), DEBOUNCE | DUAL | rate << 4 | count)
    for step in steps:
        rig.scheduler.run(rig.scheduler.now + step * MILLISECOND // 8)
        rig.bank.drive(7, 1 - rig.bank.read(7))
    rig.scheduler.run(rig.scheduler.now + when * MILLISECOND // 8)
    other = PrivateRig.restored(rig.save())
    rig.pulses.clear()
    for each in (rig, other):
        each.scheduler.run(each.scheduler.now + SECOND)
    assert other.pulses == rig.pulses
