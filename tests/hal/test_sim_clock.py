"""Clocks: virtual time moves when told, host time by itself; neither goes back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.clock import EPOCH_MS, VirtualClock
from armillary.hal.sim.host_clock import HostClock
from armillary.wire.fault import Invalid


def test_virtual_time_stands_still_until_advanced():
    clock = VirtualClock()
    assert (clock.uptime_us(), clock.unix_ms()) == (0, EPOCH_MS)
    clock.advance_us(1_500_000)
    assert (clock.uptime_us(), clock.unix_ms()) == (1_500_000, EPOCH_MS + 1500)


def test_the_epoch_is_new_year_2026():
    assert time.gmtime(EPOCH_MS / 1000)[:6] == (2026, 1, 1, 0, 0, 0)


def test_time_does_not_go_back():
    with pytest.raises(Invalid):
        VirtualClock().advance_us(-1)


def test_power_on_begins_uptime_anew_and_keeps_the_time_of_day():
    clock = VirtualClock(1000)
    clock.advance_us(5_000_000)
    clock.power_on()
    assert (clock.uptime_us(), clock.unix_ms()) == (0, 6000)


def test_setting_the_time_of_day_leaves_uptime():
    clock = VirtualClock(1000)
    clock.advance_us(7_000_000)
    clock.set_unix_ms(99_000)
    clock.advance_us(1_000_000)
    assert (clock.uptime_us(), clock.unix_ms()) == (8_000_000, 100_000)


@given(st.lists(st.integers(0, 10**9)))
def test_small_steps_add_up(steps):
    clock = VirtualClock(0)
    for step in steps:
        clock.advance_us(step)
    assert clock.uptime_us() == sum(steps)
    assert clock.unix_ms() == sum(steps) // 1000


def test_host_time_goes_on_and_begins_anew_at_power_on(monkeypatch):
    now = [5_000_000_000]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now[0])
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_225_600_123_456_789)
    clock = HostClock()
    now[0] += 2_500_000
    assert clock.uptime_us() == 2500
    assert clock.unix_ms() == 1_767_225_600_123
    clock.power_on()
    assert clock.uptime_us() == 0
