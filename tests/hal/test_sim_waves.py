"""PWM of the main core: every edge at its microsecond, and none without an owner."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from armillary.boards.sim import facts
from armillary.hal.port import GpioPort, PinOwnershipPort, PwmPort
from armillary.hal.sim import waves
from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.silicon import Silicon
from armillary.hal.sim.waves import COARSE, EXACT, FINE, Wave, Waves
from armillary.wire.fault import Denied, Invalid


def watched(period_ns, duty_ns, is_inverted, until_us):
    """(µs, level) of the edges of a wave that begins at 0, by whoever asks when to look."""
    clock = VirtualClock()
    bank = GpioBank(range(4), clock)
    table = Waves(bank, clock)
    table.apply(0, 1, period_ns, duty_ns, is_inverted, True)
    while (due := table.next_us()) is not None and due <= until_us:
        clock.advance_us(due - clock.uptime_us())
        table.poll()
    return [(time, level) for time, pin, level in bank.history if pin == 1]


@pytest.mark.parametrize("is_inverted", [0, 1])
def test_edges_come_at_their_time(is_inverted):
    edges = [(0, 1), (250, 0), (1000, 1), (1250, 0), (2000, 1)]
    expected = [(time, level ^ is_inverted) for time, level in edges]
    assert watched(1_000_000, 250_000, is_inverted, 2000) == expected[is_inverted:]


@given(st.integers(1, 20_000), st.integers(0, 20_000), st.booleans())
@example(20_000, 7000, False)
def test_the_level_is_right_in_every_microsecond_of_the_first_periods(period, duty, is_inverted):
    duty = min(duty, period)
    edges, level = dict(watched(period, duty, is_inverted, 60)), 0
    for now in range(60 if period >= FINE else min(60, -(-EXACT * period // 1000))):
        level = edges.get(now, level)
        assert level == ((now * 1000 % period < duty) != is_inverted), now


@given(st.integers(1, 1 << 32), st.integers(0, 1 << 32), st.integers(0, 1 << 40), st.integers(0, 1 << 30))
def test_between_now_and_the_next_edge_nothing_changes(period, duty, start, elapsed):
    wave = Wave(start, period, min(duty, period), False)
    now, due = start + elapsed, wave.next_us(start + elapsed)
    assert due is None or due > now
    for time in (now, now + 1, (due or now + 2) - 1):
        if now <= time < (due or time + 1):
            assert wave.level(time) == wave.level(now)


@given(st.integers(2, 19_999), st.data())
def test_a_wave_that_is_too_fast_keeps_its_duty_and_leaves_time_to_others(period, data):
    duty = data.draw(st.integers(1, period - 1))
    edges = watched(period, duty, 0, 10_000)
    assert len(edges) <= 2 * EXACT + 2 * 10
    wave, first = Wave(0, period, duty, False), -(-EXACT * period // 1000)
    stands = -(-COARSE // period)
    whole = range(first, first + stands * period // 1000)
    assert abs(sum(wave.level(now) for now in whole) - len(whole) * duty / period) <= 2


def test_with_every_edge_shown_a_fast_wave_takes_the_boards_time(monkeypatch):
    """The flaw: an app with PWM has the board look at its pins a million times a second."""
    monkeypatch.setattr(waves, "FINE", 0)
    assert len(watched(2000, 1000, 0, 1000)) > 900


def test_all_or_nothing_of_a_period_has_no_edges():
    assert watched(1000, 1000, 0, 50) == [(0, 1)] and watched(1000, 0, 0, 50) == [] and watched(1000, 0, 1, 50) == [(0, 1)]


@pytest.fixture
def chip():
    chip = Silicon(facts, seed=1)
    for pin in range(8):
        chip.firewall.assign(pin, 1)
    return chip


def pass_us(chip, microseconds):
    chip.clock.advance_us(microseconds)
    chip.waves.poll()


def test_a_wave_that_is_not_enabled_rests(chip):
    pwm = PwmPort(chip.port("kernel"))
    pwm.apply(1, 2, 1000, 500, 0, 1)
    assert chip.gpio.read(6) == 1
    pwm.apply(1, 2, 1000, 500, 1, 0)
    assert chip.gpio.read(6) == 1 and chip.waves.next_us() is None
    pwm.apply(1, 2, 1000, 500, 0, 0)
    assert chip.gpio.read(6) == 0


def test_a_pulse_longer_than_its_period_is_refused(chip):
    with pytest.raises(Invalid):
        PwmPort(chip.port("kernel")).apply(0, 0, 1000, 1001, 0, 1)


def test_a_pin_that_changes_hands_has_no_wave_any_more(chip):
    PwmPort(chip.port("kernel")).apply(0, 3, 2_000_000, 1_000_000, 0, 1)
    PinOwnershipPort(chip.port("monitor")).assign(3, 2)
    pass_us(chip, 2500)
    assert (chip.gpio.mode(3), chip.gpio.read(3), chip.waves.next_us()) == (0, 0, None)
    with pytest.raises(Denied):
        PwmPort(chip.port("kernel")).apply(0, 0, 2000, 1000, 0, 1)


def test_a_pin_that_is_configured_has_no_wave_any_more(chip):
    PwmPort(chip.port("kernel")).apply(0, 3, 2_000_000, 1_000_000, 0, 1)
    GpioPort(chip.port("kernel")).configure(3, 0)
    pass_us(chip, 2500)
    assert (chip.gpio.mode(3), chip.gpio.read(3)) == (0, 0)


def test_a_reset_ends_all_waves(chip):
    PwmPort(chip.port("kernel")).apply(0, 3, 2_000_000, 1_000_000, 0, 1)
    chip.chip.power_on()
    assert chip.waves.next_us() is None and chip.gpio.read(3) == 0
