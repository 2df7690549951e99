"""PWM: patterns on pins, tick for tick."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.time import MICROSECOND, MILLISECOND, SECOND, TWO_MHZ, XTAL
from tests.realtime.rig import Rig

PWM = 0x3801_1000
CTRL, S0, S1 = 0x100, 0x104, 0x108
KICK, REPLAY, POLARITY, OPEN, CLOCK, GLOBAL = 1, 2, 4, 8, 16, 32


def open_by_masks(rig, on, off, channel=0, selector=1):
    """The order in which one driver writes: defaults, clock, states, repeats, kick."""
    at = PWM + 0x10 * channel
    rig.write(PWM, 0xE400)
    rig.write(at + CTRL, 0x0C)
    rig.write(at + S0, 0)
    rig.write(at + S1, 0)
    rig.change(PWM, selector << 1, 6)
    rig.change(at + CTRL, CLOCK)
    rig.write(at + S0, off << 16 | on)
    rig.change(at + CTRL, 1 << 8, OPEN | 0xFFF << 8)
    rig.change(at + CTRL, KICK)


def edges(rig, pin):
    return [(time, level) for time, at, level in rig.edges if at == pin]


@pytest.mark.parametrize("selector, tick", [(0, SECOND // 32768), (1, TWO_MHZ), (2, XTAL)])
def test_a_duty_cycle_is_on_and_off_for_its_clocks(rig, selector, tick):
    open_by_masks(rig, 300, 700, selector=selector)
    rig.scheduler.run(3000 * tick)
    assert edges(rig, 0)[:5] == [(0, 1), (300 * tick, 0), (1000 * tick, 1), (1300 * tick, 0), (2000 * tick, 1)]


@pytest.mark.parametrize("group, channel, pin", [(0, 3, 3), (1, 0, 4), (2, 3, 11)])
def test_channels_have_their_pins(rig, group, channel, pin):
    at = PWM + 0x1_0000 * group
    rig.write(at + 0x10 * channel + S0, 1 << 16 | 1)
    rig.write(at + 0x10 * channel + CTRL, CLOCK | POLARITY | KICK)
    assert rig.bank.read(pin) == 1 and {number for _, number, _ in rig.edges} == {pin}


def test_all_and_nothing_are_steady_and_arrange_nothing(rig):
    open_by_masks(rig, 1000, 0)
    assert rig.bank.read(0) == 1
    rig.run(10)
    open_by_masks(rig, 0, 1000, channel=1)
    rig.run(10)
    assert len(edges(rig, 0)) == 1 and rig.bank.read(1) == 0 and not rig.scheduler.waiting()


def test_the_polarity_bit_turns_it_over(rig):
    rig.write(PWM, 2)
    rig.write(PWM + S0, 700 << 16 | 300)
    rig.write(PWM + CTRL, CLOCK | KICK)
    assert rig.bank.read(0) == 0
    rig.scheduler.run(300 * TWO_MHZ)
    assert rig.bank.read(0) == 1


def test_an_open_drain_pin_is_pulled_and_not_driven_high(rig):
    rig.write(PWM, 2)
    rig.write(PWM + S0, 1000 << 16 | 1000)
    rig.write(PWM + CTRL, CLOCK | POLARITY | OPEN | KICK)
    assert rig.bank.read(0) == 0
    rig.bank.pull(0, 1)
    assert rig.bank.read(0) == 1
    rig.scheduler.run(1500 * TWO_MHZ)
    assert rig.bank.read(0) == 0


def test_a_kick_changes_it_at_the_end_of_the_period(rig):
    open_by_masks(rig, 300, 700)
    rig.scheduler.run(100 * TWO_MHZ)
    rig.change(PWM + S0, 500 << 16 | 500, 0xFFFFFFFF)
    rig.scheduler.run(150 * TWO_MHZ)
    rig.change(PWM + CTRL, KICK)
    rig.scheduler.run(2100 * TWO_MHZ)
    assert edges(rig, 0) == [(tick * TWO_MHZ, level) for tick, level in ((0, 1), (300, 0), (1000, 1), (1500, 0), (2000, 1))]


def test_two_states_stay_in_the_second(rig):
    rig.write(PWM, 2)
    rig.write(PWM + S0, 10 << 16 | 10)
    rig.write(PWM + S1, 30 << 16 | 10)
    rig.write(PWM + CTRL, CLOCK | POLARITY | 2 << 8 | 1 << 20 | KICK)
    rig.scheduler.run(170 * TWO_MHZ)
    rises = [time // TWO_MHZ for time, level in edges(rig, 0) if level]
    assert rises == [0, 20, 40, 80, 120, 160]


def test_with_replay_they_take_turns(rig):
    rig.write(PWM, 2)
    rig.write(PWM + S0, 10 << 16 | 10)
    rig.write(PWM + S1, 30 << 16 | 10)
    rig.write(PWM + CTRL, CLOCK | POLARITY | REPLAY | 2 << 8 | 1 << 20 | KICK)
    rig.scheduler.run(170 * TWO_MHZ)
    rises = [time // TWO_MHZ for time, level in edges(rig, 0) if level]
    assert rises == [0, 20, 40, 80, 100, 120, 160]


def test_the_global_kick_starts_those_that_listen_together(rig):
    for channel, listens in ((0, GLOBAL), (1, 0), (2, GLOBAL)):
        rig.write(PWM + 0x10 * channel + S0, 5 << 16 | 5)
        rig.write(PWM + 0x10 * channel + CTRL, CLOCK | POLARITY | listens)
    rig.run(1)
    rig.change(PWM, 1)
    assert [(time, pin) for time, pin, _ in rig.edges] == [(MILLISECOND, 0), (MILLISECOND, 2)] and not rig.read(PWM) & 1


def test_without_its_clock_a_channel_lets_the_pin_go(rig):
    open_by_masks(rig, 300, 700)
    rig.change(PWM + CTRL, clear=CLOCK)
    rig.bank.drive(0, 1)
    rig.run(1)
    assert rig.bank.read(0) == 1 and rig.bank.contention == set()


def duty(rig, pin, end):
    """The share of the time to `end` at which the pin was high."""
    found = [*edges(rig, pin), (end, 0)]
    return sum(after - at for (at, level), (after, _) in zip(found, found[1:], strict=False) if level) / end


def test_each_period_of_twenty_microseconds_is_shown(rig):
    open_by_masks(rig, 4, 36)
    rig.scheduler.run(10 * MILLISECOND)
    assert len(edges(rig, 0)) == pytest.approx(1000, abs=1) and not rig.log.lines


def test_what_is_too_fast_to_show_costs_little_keeps_its_duty_and_is_told(rig):
    open_by_masks(rig, 4, 9, selector=2)
    rig.scheduler.run(100 * MILLISECOND)
    assert edges(rig, 0)[:5] == [(0, 1), (4 * XTAL, 0), (13 * XTAL, 1), (17 * XTAL, 0), (26 * XTAL, 1)]
    assert len(rig.edges) < 250
    assert duty(rig, 0, 100 * MILLISECOND) == pytest.approx(4 / 13, abs=0.01)
    assert "faster than is shown" in rig.log.lines[-1]


@pytest.mark.parametrize("replay", [0, REPLAY])
def test_two_fast_states_keep_their_duty(rig, replay):
    """Of three periods at a fifth and one at four fifths; without replay the last one goes on."""
    rig.write(PWM, 2)
    rig.write(PWM + S0, 8 << 16 | 2)
    rig.write(PWM + S1, 2 << 16 | 8)
    rig.write(PWM + CTRL, 1 << 20 | 3 << 8 | CLOCK | POLARITY | replay | KICK)
    rig.scheduler.run(100 * MILLISECOND)
    assert len(rig.edges) < 500
    assert duty(rig, 0, 100 * MILLISECOND) == pytest.approx((3 * 0.2 + 0.8) / 4 if replay else 0.8, abs=0.02)


def test_a_kick_is_taken_over_at_the_end_of_a_fast_period_too(rig):
    open_by_masks(rig, 4, 9, selector=2)
    rig.scheduler.run(10 * MILLISECOND + 5 * XTAL)
    before = len(rig.edges)
    rig.write(PWM + S0, 3 << 16 | 10)
    rig.change(PWM + CTRL, KICK)
    rig.run(1)
    rise = next(time for time, level in edges(rig, 0)[before:] if level)
    assert 0 <= rise - (10 * MILLISECOND + 5 * XTAL) < 13 * XTAL and rise % (13 * XTAL) == 0
    assert edges(rig, 0)[before:][-1][0] > rise


def test_two_steady_states_that_take_turns_cost_little_too(rig):
    rig.write(PWM, 4)
    rig.write(PWM + S0, 1)
    rig.write(PWM + S1, 1)
    rig.write(PWM + CTRL, CLOCK | POLARITY | REPLAY | 1 << 8 | 1 << 20 | KICK)
    rig.run(10)
    rig.scheduler.run(rig.scheduler.next())
    assert rig.scheduler.next() - rig.scheduler.now >= 100 * MICROSECOND and rig.bank.read(0) == 1


@given(st.integers(0, 2000), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_saved_at_any_time_it_goes_on_the_same(moment, on, off, other_on, replay, kicked):
    rig = Rig()
    rig.write(PWM, 2)
    rig.write(PWM + S0, off << 16 | on)
    rig.write(PWM + S1, 7 << 16 | other_on)
    rig.write(PWM + CTRL, CLOCK | POLARITY | REPLAY * replay | 3 << 8 | 2 << 20 | KICK)
    rig.scheduler.run(moment * TWO_MHZ // 3)
    if kicked:
        rig.change(PWM + CTRL, KICK)
    other = Rig.restored(rig.save())
    levels = rig.bank.read(0), other.bank.read(0)
    rig.edges, other.edges = [], []
    for each in (rig, other):
        each.scheduler.run(each.scheduler.now + 300 * TWO_MHZ)
    assert levels[0] == levels[1] and rig.edges == other.edges
