"""GPT: five timers by the documented formulas, tick for tick."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.time import MICROSECOND, MILLISECOND, SECOND, XTAL, slow_edge
from tests.realtime.private import PrivateRig

GPT = 0x2103_0000
ISR, IER = GPT, GPT + 4
CTRL, ICNT, CNT = (GPT + 0x10, GPT + 0x20), (GPT + 0x14, GPT + 0x24), (GPT + 0x40, GPT + 0x44)
CTRL2, CNT2 = GPT + 0x30, GPT + 0x34
CTRL3, INIT3, CNT3, EXPIRE3 = GPT + 0x50, GPT + 0x54, GPT + 0x58, GPT + 0x5C
CTRL4, INIT4, CNT4 = GPT + 0x60, GPT + 0x64, GPT + 0x68
ENABLE, REPEAT, FAST, RESTART, ICLR = 1, 2, 4, 8, 0x8000


@pytest.fixture
def rig():
    return PrivateRig()


def expiries(rig, number, until):
    """The ticks at which the interrupt of GPT0 and GPT1 rises; each is acknowledged by writing back what is pending."""
    found = []
    while rig.scheduler.next() <= until:
        rig.scheduler.run(rig.scheduler.next())
        if rig.irqs.get(1):
            assert rig.read(ISR) == 1 << number
            found.append(rig.scheduler.now)
            rig.write(ISR, rig.read(ISR))
            assert not rig.irqs[1]
    return found


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("count", [1, 2, 100, 993])
def test_a_one_shot_of_milliseconds_takes_its_counts_of_33_slow_clocks(rig, number, count):
    rig.change(CTRL[number], clear=ENABLE)
    rig.change(IER, 1 << number)
    rig.write(ICNT[number], count)
    rig.write(CTRL[number], ENABLE | RESTART)
    assert expiries(rig, number, 2 * SECOND) == [slow_edge(33 * count)]
    assert not rig.read(CTRL[number]) & ENABLE and rig.read(CNT[number]) == 0


@pytest.mark.parametrize("number", [0, 1])
def test_a_repeating_timer_expires_every_count_without_drift(rig, number):
    rig.write(IER, 1 << number)
    rig.write(ICNT[number], 7)
    rig.write(CTRL[number], ENABLE | REPEAT | FAST)
    found = expiries(rig, number, SECOND)
    assert found[:3] == [slow_edge(7), slow_edge(14), slow_edge(21)] and len(found) == 32768 // 7
    assert rig.read(CTRL[number]) & ENABLE


def test_it_counts_down_and_restart_begins_anew(rig):
    rig.write(ICNT[0], 1000)
    rig.write(CTRL[0], ENABLE | FAST)
    rig.scheduler.run(slow_edge(300))
    assert rig.read(CNT[0]) == 700
    rig.change(CTRL[0], RESTART)
    assert rig.read(CNT[0]) == 1000
    rig.scheduler.run(slow_edge(400))
    assert rig.read(CNT[0]) == 900
    rig.change(CTRL[0], clear=ENABLE)
    rig.run(10)
    assert rig.read(CNT[0]) == 900


def test_an_expiry_that_does_not_interrupt_is_seen_in_the_status_and_told_when_enabled(rig):
    rig.write(ICNT[1], 1)
    rig.write(CTRL[1], ENABLE | FAST)
    rig.run(1)
    assert rig.read(ISR) == 2 and not rig.irqs[1]
    rig.write(IER, 2)
    assert rig.irqs[1]


@pytest.mark.parametrize("first, second", [(0, 1), (1, 0)])
def test_a_driver_that_writes_the_others_bit_back_loses_neither_for_good(rig, first, second):
    """Two read-modify-writes that each write one bit: with both pending both are cleared, and no more."""
    for number in (0, 1):
        rig.write(ICNT[number], 5)
        rig.write(CTRL[number], ENABLE | FAST)
    rig.write(IER, 3)
    rig.run(1)
    assert rig.read(ISR) == 3
    for number in (first, second):
        rig.write(ISR, rig.read(ISR) & ~(1 << number))
    assert rig.read(ISR) == 0 and not rig.irqs[1]


@pytest.mark.parametrize("control, step", [(1, 33), (3, 1)])
def test_the_free_running_timer_counts_up_from_what_was_written(rig, control, step):
    rig.write(CNT2, 0xFFFF_FFFE)
    rig.write(CTRL2, control)
    rig.scheduler.run(slow_edge(step) - 1)
    assert rig.read(CNT2) == 0xFFFF_FFFE
    rig.scheduler.run(slow_edge(3 * step))
    assert rig.read(CNT2) == 1
    rig.write(CTRL2, 0)
    rig.run(10)
    assert rig.read(CNT2) == 1


def arm3(rig, microseconds):
    """A driver's one-shot in microseconds."""
    rig.write(INIT3, 0)
    rig.write(EXPIRE3, microseconds - 1)
    rig.change(CTRL3, ICLR)
    rig.change(CTRL3, ENABLE)


@pytest.mark.parametrize("microseconds", [1, 2, 50, 100_000])
def test_gpt3_interrupts_once_when_its_count_is_reached(rig, microseconds):
    arm3(rig, microseconds)
    rig.run(1000)
    assert rig.pulses == [((microseconds - 1) * MICROSECOND, 2)]


def test_its_enable_falls_when_it_expires_so_that_a_driver_may_wait_for_that_and_start_again(rig):
    arm3(rig, 100)
    rig.scheduler.run(98 * MICROSECOND)
    assert rig.read(CTRL3) & ENABLE
    rig.scheduler.run(99 * MICROSECOND)
    assert not rig.read(CTRL3) & ENABLE and rig.read(CNT3) == 99
    arm3(rig, 11)
    rig.run(1)
    assert [when // MICROSECOND for when, _ in rig.pulses] == [99, 109]


def test_disabled_and_enabled_in_its_handler_it_repeats(rig):
    arm3(rig, 1001)
    for _ in range(3):
        rig.scheduler.run(rig.scheduler.next())
        rig.change(CTRL3, clear=ENABLE)
        rig.change(CTRL3, ENABLE)
    assert [when // MICROSECOND for when, _ in rig.pulses] == [1000, 2000, 3000]


def clear3(rig):
    """What a driver does at its interrupt that holds ICLR only for a moment."""
    rig.change(CTRL3, ICLR)
    rig.change(CTRL3, clear=ICLR)


def begin_again3(rig):
    """A driver that takes a timer that is not enabled for one that was stopped, and leaves it alone."""
    if rig.read(CTRL3) & ENABLE:
        rig.change(CTRL3, clear=ENABLE)
        rig.change(CTRL3, ENABLE)


def test_with_iclr_let_go_its_enable_stays_so_that_a_driver_may_begin_again_what_is_enabled(rig):
    rig.write(INIT3, 0)
    rig.write(EXPIRE3, 1000)
    clear3(rig)
    rig.change(CTRL3, ENABLE)
    for _ in range(3):
        rig.scheduler.run(rig.scheduler.next())
        clear3(rig)
        begin_again3(rig)
    assert [when // MICROSECOND for when, _ in rig.pulses] == [1000, 2000, 3000]


def test_with_iclr_let_go_its_count_goes_on_past_the_expiry(rig):
    rig.write(EXPIRE3, 1000)
    rig.change(CTRL3, ENABLE)
    rig.scheduler.run(1500 * MICROSECOND)
    assert rig.read(CNT3) == 1500 and rig.read(CTRL3) & ENABLE and len(rig.pulses) == 1


def test_cleared_in_the_middle_of_a_count_it_loses_no_part_of_it(rig):
    arm3(rig, 101)
    for at in range(1, 100):
        rig.scheduler.run(at * MICROSECOND - 1)
        rig.change(CTRL3, ICLR)
        rig.change(CTRL3, clear=ICLR)
    rig.run(1)
    assert rig.pulses == [(100 * MICROSECOND, 2)]


def test_a_busy_wait_that_never_writes_when_it_expires_reaches_a_million(rig):
    rig.write(INIT3, 0)
    rig.write(CTRL3, 0x0019_0001)
    rig.scheduler.run(SECOND)
    assert rig.read(CNT3) == 1_000_000 and rig.pulses == []


def test_an_expiry_that_is_set_below_the_count_waits_for_its_round(rig):
    rig.write(INIT3, 0xFFFF_FF00)
    rig.write(CTRL3, 0x0019_0001)
    rig.scheduler.run(16 * MICROSECOND)
    rig.write(EXPIRE3, 10)
    rig.run(1)
    assert rig.pulses == [((256 + 10) * MICROSECOND, 2)]


@given(st.integers(0, 0x3F), st.integers(0, 1 << 20), st.integers(0, 5 * MILLISECOND))
@settings(max_examples=50, deadline=None)
def test_gpt3_counts_26_mhz_over_its_divider(divider, initial, when):
    rig = PrivateRig()
    rig.write(INIT3, initial)
    rig.write(CTRL3, divider << 16 | 1)
    rig.scheduler.run(when)
    assert rig.read(CNT3) == initial + when // (XTAL * (divider + 1))


@pytest.mark.parametrize("control, divider", [(1, 2), (3, 1)])
def test_gpt4_counts_the_cores_cycles_or_half_of_them(rig, control, divider):
    rig.write(INIT4, 1000)
    rig.write(CTRL4, control)
    rig.scheduler.run(XTAL * 2600)
    assert rig.read(CNT4) == 1000 + 2600 // divider
    rig.write(CTRL4, control & ~1)
    rig.run(1)
    assert rig.read(CNT4) == 1000 + 2600 // divider


@given(st.integers(1, 500), st.integers(0, 40 * MILLISECOND), st.sampled_from([ENABLE, ENABLE | REPEAT]), st.sampled_from([0, FAST]))
@settings(max_examples=80, deadline=None)
def test_saved_at_any_time_the_timers_expire_at_the_same_ticks(count, when, mode, speed):
    rig = PrivateRig()
    rig.write(IER, 1)
    rig.write(ICNT[0], count)
    rig.write(CTRL[0], mode | speed)
    arm3(rig, count * 7 + 1)
    rig.scheduler.run(when)
    other = PrivateRig.restored(rig.save())
    rig.pulses.clear()
    assert expiries(other, 0, SECOND) == expiries(rig, 0, SECOND) and other.pulses == rig.pulses
    assert [other.read(place) for place in (CTRL[0], CNT[0], CTRL3, CNT3)] == [rig.read(place) for place in (CTRL[0], CNT[0], CTRL3, CNT3)]
