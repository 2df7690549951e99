"""Counters of a GPIO group: events up and down, quadrature, times of edges."""

import pytest

from armillary.hal.sim.realtime.time import MILLISECOND
from tests.realtime.rig import Rig

GROUP, IRQ = 0x3803_0000, 73  # pins 8, 9, 10
STATIC, DYNAMIC, RESET_VALUE, LOW, HIGH, INT_EN, INT_CLR, INT_STS, FIFO, CAPTURE, COUNT = (
    0x10C, 0x110, 0x120, 0x124, 0x128, 0x130, 0x134, 0x138, 0x140, 0x144, 0x14C)  # fmt: skip


@pytest.fixture
def group(rig):
    rig.change(GROUP, 1 | 8)
    return rig


def pulse(rig, pin, times=1):
    for _ in range(times):
        rig.bank.drive(8 + pin, 1)
        rig.bank.drive(8 + pin, 0)


@pytest.mark.parametrize("edges, counted", [(0, 3), (1, 3), (2, 6)])
def test_edges_count_up_or_down_as_pin_1_says(group, edges, counted):
    group.write(GROUP + STATIC, edges << 16 | 1 << 20)
    group.change(GROUP + DYNAMIC, 1)
    group.bank.drive(9, 1)
    pulse(group, 0, 3)
    assert group.read(GROUP + COUNT) == counted
    group.bank.drive(9, 0)
    pulse(group, 0, 2)
    assert group.read(GROUP + COUNT) == counted // 3


def test_two_pins_count_up_and_down(group):
    group.write(GROUP + STATIC, 1 << 18)
    group.change(GROUP + DYNAMIC, 1)
    pulse(group, 0, 5)
    pulse(group, 1, 2)
    assert group.read(GROUP + COUNT) == 3


@pytest.mark.parametrize("turns, counted", [((8, 9), 4), ((9, 8), 0xFFFFFFFC)])
def test_quadrature_knows_the_direction(group, turns, counted):
    group.write(GROUP + STATIC, 2 << 18)
    group.change(GROUP + DYNAMIC, 1)
    for level in (1, 0):
        for pin in turns:
            group.bank.drive(pin, level)
    assert group.read(GROUP + COUNT) == counted


def test_a_limit_interrupts_and_is_cleared(group):
    group.write(GROUP + STATIC, 1 << 18 | 2 << 24)
    group.write(GROUP + HIGH, 3)
    group.write(GROUP + INT_EN, 2)
    group.change(GROUP + DYNAMIC, 1)
    pulse(group, 0, 2)
    assert not group.irqs[IRQ]
    pulse(group, 0)
    assert group.irqs[IRQ] and group.read(GROUP + INT_STS) == 2
    group.write(GROUP + INT_CLR, 2)
    group.write(GROUP + INT_CLR, 0)
    assert not group.irqs[IRQ]


@pytest.mark.parametrize("told, found", [(0, (0, 0)), (1, (1, 0)), (2, (0, 2)), (3, (1, 2))])
def test_it_tells_of_the_limits_that_it_is_to_tell_of(group, told, found):
    group.write(GROUP + STATIC, 1 << 18 | told << 24)
    group.write(GROUP + RESET_VALUE, 10)
    group.write(GROUP + LOW, 9)
    group.write(GROUP + HIGH, 11)
    group.change(GROUP + DYNAMIC, 1 << 16 | 1)
    group.change(GROUP + DYNAMIC, clear=1 << 16)
    for pin, expected in ((1, found[0]), (0, 0), (0, found[1])):
        pulse(group, pin)
        assert group.read(GROUP + INT_STS) == expected
        group.write(GROUP + INT_CLR, 3)


@pytest.mark.parametrize("saturates, down, up", [(0, 7, 13), (1, 9, 15), (2, 7, 11), (3, 10, 16), (4, 7, 10)])
def test_at_its_limits_it_counts_on_stays_or_goes_back_to_the_reset_value(group, saturates, down, up):
    """Three down from 10 between 9 and 11 (staying, or back at 10 after each), then six up."""
    group.write(GROUP + STATIC, 1 << 18 | saturates << 28)
    group.write(GROUP + RESET_VALUE, 10)
    group.write(GROUP + LOW, 9)
    group.write(GROUP + HIGH, 11)
    group.change(GROUP + DYNAMIC, 1 << 16 | 1)
    group.change(GROUP + DYNAMIC, clear=1 << 16)
    pulse(group, 1, 3)
    assert group.read(GROUP + COUNT) == down
    pulse(group, 0, 6)
    assert group.read(GROUP + COUNT) == up


@pytest.mark.parametrize("saturates, counted", [(0, 0xFFFFFFFF), (1, 0)])
def test_below_zero_it_goes_round_or_stays(group, saturates, counted):
    group.write(GROUP + STATIC, 1 << 18 | saturates << 28)
    group.change(GROUP + DYNAMIC, 1)
    pulse(group, 1)
    assert group.read(GROUP + COUNT) == counted and group.read(GROUP + INT_STS) & 1 << 9


def test_it_restarts_by_software_and_by_pin_2(group):
    group.write(GROUP + RESET_VALUE, 100)
    group.write(GROUP + STATIC, 1 << 18 | 1 | 4)
    for restart in (lambda: group.change(GROUP + DYNAMIC, 1 << 16), lambda: group.bank.drive(10, 1)):
        group.change(GROUP + DYNAMIC, 1, 1 << 16)
        pulse(group, 0, 7)
        restart()
        assert group.read(GROUP + COUNT) == 100
    assert group.read(GROUP + INT_STS) & 4


@pytest.mark.parametrize("clock, hertz", [(0, 26_000_000), (1, 32_768), (3, 200_000_000)])
def test_edges_are_stamped_with_their_time(group, clock, hertz):
    group.write(0x3003_0210, clock)
    group.write(GROUP + STATIC, 2 << 8 | 1 << 10)
    group.change(GROUP + DYNAMIC, 2)
    for milliseconds in (1, 2):
        group.run(milliseconds)
        group.bank.drive(8, milliseconds & 1)
    group.bank.drive(9, 1)
    group.bank.drive(9, 0)
    assert group.read(GROUP + FIFO) == 2 | 1 << 4 and group.read(GROUP + INT_STS) >> 16 & 3 == 3
    assert [group.read(GROUP + CAPTURE), group.read(GROUP + CAPTURE)] == [hertz // 1000, 3 * hertz // 1000]
    assert group.read(GROUP + FIFO) == 1 << 4


def test_a_full_fifo_says_so_and_keeps_the_oldest(group):
    group.change(GROUP + DYNAMIC, 2)
    pulse(group, 0, 12)
    assert group.read(GROUP + FIFO) == 8 and group.read(GROUP + INT_STS) >> 12 & 1


def test_out_of_counter_mode_nothing_counts(rig):
    rig.write(GROUP + STATIC, 1 << 18)
    rig.change(GROUP + DYNAMIC, 1)
    pulse(rig, 0, 5)
    assert rig.read(GROUP + COUNT) == 0


def test_reset_of_the_group_resets_its_counters_and_pwm(group):
    group.write(GROUP + STATIC, 1 << 18)
    group.change(GROUP + DYNAMIC, 1)
    pulse(group, 0, 5)
    group.write(GROUP + 0x1104, 1 << 16 | 1)
    group.change(GROUP, clear=2 | 4)
    group.change(GROUP, 2 | 4)
    assert group.read(GROUP + COUNT) == 0 and group.read(GROUP + DYNAMIC) == 0 and group.read(GROUP + 0x1104) == 0


def test_saved_it_counts_on(group):
    group.change(GROUP + DYNAMIC, 2)
    group.run(1)
    pulse(group, 0, 2)
    other = Rig.restored(group.save())
    for each in (group, other):
        each.scheduler.run(3 * MILLISECOND)
        pulse(each, 0)
    assert group.save() == other.save()
