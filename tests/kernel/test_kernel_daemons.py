"""The scheduler of the kernel's own work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.kernel.daemon import RESTART_US, Scheduler, Signal, Until
from armillary.wire.fault import Failed


class Time:
    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def told():
    return []


@pytest.fixture
def scheduler(time, told):
    return Scheduler(time, lambda name, words: told.append((name, words)))


def run_until(scheduler, time, end):
    while True:
        while scheduler.run():
            pass
        due = scheduler.next_us()
        if due is None or due > end:
            time.now = end
            return
        time.now = max(due, time.now + 1)


@given(st.lists(st.lists(st.integers(1, 50), max_size=8), max_size=5))
def test_every_daemon_wakes_exactly_when_it_asked_to(plans):
    time, woken = Time(), []
    scheduler = Scheduler(time, lambda name, words: None)

    def daemon(name, pauses):
        for pause in pauses:
            due = time.now + pause
            ready = yield Until(due)
            woken.append((name, due, time.now, ready))

    for number, pauses in enumerate(plans):
        scheduler.spawn(str(number), lambda number=number, pauses=pauses: daemon(number, pauses))
    run_until(scheduler, time, 1000)
    assert all(due == now and not ready for _, due, now, ready in woken)
    assert len(woken) == sum(map(len, plans))
    assert scheduler.next_us() is None


def test_a_signal_wakes_before_time_and_says_so(scheduler, time):
    woken, wakes = [], []
    signal = Signal(lambda: wakes.append(time.now))

    def daemon():
        while True:
            ready = yield signal.until(100)
            woken.append((time.now, ready, signal.take()))
            if len(woken) == 2:
                return

    scheduler.spawn("d", daemon)
    scheduler.run()
    time.now = 10
    assert not scheduler.run()
    signal.set()
    assert wakes == [10]
    scheduler.run()
    time.now = 100
    scheduler.run()
    assert woken == [(10, True, True), (100, False, False)]


def test_polled_readiness_is_looked_at_in_time(scheduler, time):
    is_there = []

    def daemon():
        ready = yield Until(1000, lambda: bool(is_there), 5)
        is_there.append(ready)

    scheduler.spawn("d", daemon)
    scheduler.run()
    assert scheduler.next_us() == 5
    time.now = 5
    assert not scheduler.run()
    is_there.append("x")
    assert scheduler.run()
    assert is_there == ["x", True]


def test_a_fallen_daemon_is_begun_anew_and_the_others_go_on(scheduler, time, told):
    seen = []

    def bad():
        yield Until(10)
        raise Failed("broken", "kernel", "a.rule")

    def good():
        while True:
            seen.append(time.now)
            yield Until(time.now + 1_000_000)

    scheduler.spawn("bad", bad)
    scheduler.spawn("good", good)
    run_until(scheduler, time, 3 * RESTART_US + 100)
    assert [name for name, _ in told] == ["bad"] * 4
    assert "broken" in told[0][1] and "a.rule" in told[0][1]
    assert scheduler.failures() == 4
    assert len(seen) == 16


def test_what_is_no_exception_is_not_swallowed(scheduler):
    class Cut(BaseException):
        pass

    def daemon():
        raise Cut
        yield

    scheduler.spawn("d", daemon)
    with pytest.raises(Cut):
        scheduler.run()


def test_a_device_that_faults_while_it_is_polled_wakes_whoever_waits_for_it(scheduler, told):
    met = []

    def gone():
        raise Failed("the stream is gone")

    def daemon():
        ready = yield Until(None, gone, 5)
        met.append(ready)

    scheduler.spawn("d", daemon)
    scheduler.run()
    assert scheduler.run() and met == [True] and told == []
