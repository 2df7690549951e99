"""UART and watchdog."""

import pytest

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.uart import Uart
from armillary.hal.sim.watchdog import Watchdog
from armillary.wire.fault import Invalid, OutOfOrder


def test_what_is_sent_is_taken_once():
    uart = Uart()
    uart.write(b"one ")
    uart.write(b"two")
    assert uart.take() == b"one two"
    assert uart.take() == b""


def test_a_sink_gets_everything_at_once():
    got = []
    uart = Uart(got.append)
    uart.write(b"one")
    uart.write(bytearray(b"two"))
    assert got == [b"one", b"two"]
    assert uart.take() == b""


def test_what_nobody_takes_is_bounded_and_the_loss_is_counted():
    uart = Uart(limit=10)
    uart.write(b"abcdefgh")
    uart.write(b"ijkl")
    assert uart.take() == b"cdefghijkl"
    assert uart.dropped == 2


def test_what_arrives_is_read_in_order_and_in_parts():
    uart = Uart()
    assert uart.inject(b"hello") == 5
    assert [uart.read(3), uart.read(0), uart.read(9), uart.read(9)] == [b"hel", b"", b"lo", b""]
    with pytest.raises(Invalid):
        uart.read(-1)


def test_what_does_not_fit_is_refused_and_counted():
    uart = Uart(limit=4)
    assert uart.inject(b"abcdef") == 4
    assert uart.inject(b"g") == 0
    assert (uart.overrun, uart.read(10)) == (3, b"abcd")


def test_reset_loses_what_was_not_read_but_not_what_was_sent():
    uart = Uart()
    uart.inject(b"in")
    uart.write(b"out")
    uart.reset()
    assert (uart.read(10), uart.take()) == (b"", b"out")


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def expiries():
    return []


@pytest.fixture
def watchdog(clock, expiries):
    return Watchdog(clock, lambda: expiries.append(clock.uptime_us()))


def test_a_watchdog_expires_once_at_its_time(watchdog, clock, expiries):
    watchdog.start(100)
    clock.advance_us(99_999)
    assert not watchdog.poll()
    clock.advance_us(1)
    assert watchdog.poll()
    clock.advance_us(1_000_000)
    assert not watchdog.poll()
    assert expiries == [100_000]


def test_tending_begins_the_time_anew(watchdog, clock, expiries):
    watchdog.start(100)
    for _ in range(5):
        clock.advance_us(90_000)
        watchdog.tend()
    assert expiries == [] and watchdog.deadline_us == 5 * 90_000 + 100_000


def test_tending_too_late_does_not_help(watchdog, clock, expiries):
    watchdog.start(100)
    clock.advance_us(100_000)
    watchdog.tend()
    assert expiries == [100_000]
    watchdog.tend()
    assert watchdog.deadline_us is None


def test_a_watchdog_cannot_be_started_twice_nor_tended_before(watchdog):
    with pytest.raises(OutOfOrder):
        watchdog.tend()
    with pytest.raises(Invalid):
        watchdog.start(0)
    watchdog.start(100)
    with pytest.raises(OutOfOrder):
        watchdog.start(600_000)


def test_it_cannot_be_started_anew_after_it_expired_unless_the_chip_was_reset(watchdog, clock):
    watchdog.start(1)
    clock.advance_us(1000)
    watchdog.poll()
    with pytest.raises(OutOfOrder):
        watchdog.start(1)
    watchdog.reset()
    watchdog.start(1)
    assert watchdog.deadline_us == 2000


def test_poll_takes_the_time_it_is_given(watchdog, expiries):
    watchdog.start(100)
    assert not watchdog.poll(99_999)
    assert watchdog.poll(100_000)
    assert len(expiries) == 1
