"""The core's clock, sleep control, and the one virtual time that all clocks of the chip follow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.time import (
    MICROSECOND,
    MILLISECOND,
    NEVER,
    PLL,
    SECOND,
    SIXTEEN_MHZ,
    SPI_CLOCK,
    TWO_MHZ,
    XTAL,
    Scheduler,
    slow_count,
    slow_edge,
)
from tests.realtime.private import PrivateRig

RGU = 0x2101_0000
HCLK, SLP_AUX = RGU + 0x0C, RGU + 4


@pytest.mark.parametrize("ticks, hertz", [(XTAL, 26_000_000), (PLL, 197_600_000), (SPI_CLOCK, 79_040_000), (TWO_MHZ, 2_000_000), (SIXTEEN_MHZ, 16_000_000)])
def test_a_second_has_a_whole_number_of_cycles_of_every_fast_clock(ticks, hertz):
    assert ticks * hertz == SECOND


@given(st.integers(0, 100 * SECOND))
def test_the_slow_clock_counts_the_edges_that_were(time):
    count = slow_count(time)
    assert slow_edge(count) <= time < slow_edge(count + 1)


def test_the_slow_clock_does_not_drift():
    assert slow_edge(32768 * 1000) == 1000 * SECOND


@pytest.mark.parametrize("writes, clocks", [
    ([(0, 0x200)], [PLL]),  # read, change, write of the two bits
    ([(0xFF00, 0), (0, 0x200)], [XTAL, PLL]),  # cleared first, as one vendor does
    ([(0, 0x100)], [SECOND // 32768]),
    ([(0, 0x200), (0x300, 0)], [PLL, XTAL]),
])  # fmt: skip
def test_the_selector_sets_the_cores_clock_at_once(writes, clocks):
    rig = PrivateRig()
    rig.clocks.clear()
    for clear, bits in writes:
        rig.change(HCLK, bits, clear)
    assert rig.clocks == clocks


def test_a_selector_that_is_not_known_is_told_and_changes_nothing():
    rig = PrivateRig()
    rig.clocks.clear()
    rig.write(HCLK, 0x300)
    assert rig.clocks == [] and rig.log.lines == ["RGU: clock selector 3 is unknown; the clock stays as it is"]


def test_a_reset_goes_back_to_the_crystal():
    rig = PrivateRig()
    rig.write(HCLK, 0x200)
    rig.rgu.reset()
    assert rig.clocks[-1] == XTAL and rig.read(HCLK) == 0


def test_the_peripherals_keep_their_clocks_when_the_core_changes_its_own():
    """A microsecond of GPT3, a bit of a UART and a cycle of PWM are the same at 26 and at 197.6 MHz."""
    chip = Chip(cores=1)
    core = chip.cores[0]
    times = []
    for selector in (0, 0x200):
        core.rgu.write(0x0C, 4, selector)
        core.uart.write(0x24, 4, 3)
        core.uart.write(0x28, 4, 224)
        begin = chip.scheduler.now
        core.uart.write(0x00, 4, 65)
        while core.uart.read(0x14, 4) & 0x40 == 0:
            chip.scheduler.run(chip.scheduler.next())
        core.gpt.write(0x50, 4, 0)
        core.gpt.write(0x54, 4, 0)
        core.gpt.write(0x50, 4, 0x0019_0001)
        times.append(chip.scheduler.now - begin)
        chip.scheduler.run(chip.scheduler.now + 100 * MICROSECOND)
        assert core.gpt.read(0x58, 4) == 100
    assert times[0] == times[1]


def test_things_happen_in_the_order_of_their_times_and_then_of_their_arranging():
    scheduler, done = Scheduler(), []
    for name, time in (("c", 5), ("a", 3), ("b", 3), ("d", 5)):
        scheduler.at(time, lambda name=name: done.append((name, scheduler.now)), name)
    scheduler.run(10)
    assert done == [("a", 3), ("b", 3), ("c", 5), ("d", 5)] and scheduler.now == 10


def test_what_is_cancelled_does_not_happen_and_does_not_pile_up():
    scheduler = Scheduler()
    for number in range(10_000):
        scheduler.cancel(scheduler.at(MILLISECOND + number, lambda: pytest.fail("cancelled"), "never"))
    assert scheduler.next() == NEVER and len(scheduler._calendar) <= 64
    scheduler.run(SECOND)


def test_what_is_arranged_for_the_past_happens_before_anything_later():
    scheduler, done = Scheduler(), []
    scheduler.run(100)
    scheduler.at(150, lambda: done.append("later"), "later")
    scheduler.at(50, lambda: done.append("past"), "past")
    scheduler.run(200)
    assert done == ["past", "later"]


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), max_size=40), st.integers(0, 1200))
def test_what_arranges_more_while_it_happens_never_goes_back_in_time(arranged, until):
    scheduler, times = Scheduler(), []

    def happen(again):
        times.append(scheduler.now)
        if again:
            scheduler.after(again, lambda: happen(again // 2), "again")

    for time, again in arranged:
        scheduler.at(time, lambda again=again: happen(again), "first")
    scheduler.run(until)
    assert times == sorted(times) and all(time <= until for time in times) and scheduler.next() > until
