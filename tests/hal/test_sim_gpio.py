"""Pins: levels follow from mode, world and pull."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import (
    HISTORY,
    INPUT,
    OPEN_DRAIN,
    OPEN_SOURCE,
    PUSH_PULL,
    GpioBank,
)
from armillary.wire.fault import Invalid, NoDevice, OutOfOrder


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def bank(clock):
    return GpioBank((3, 1, 8), clock)


def test_only_the_boards_pins_exist(bank):
    assert bank.pins() == [1, 3, 8]
    attempts = (
        lambda: bank.configure(2, INPUT), lambda: bank.read(2), lambda: bank.write(2, 1),
        lambda: bank.drive(2, 1), lambda: bank.pull(2, 1), lambda: bank.mode(2),
    )  # fmt: skip
    for attempt in attempts:
        with pytest.raises(NoDevice):
            attempt()


# mode, written, outside, pull -> level: worked out by hand
LEVELS = [
    (INPUT, None, None, 0, 0), (INPUT, None, None, 1, 1), (INPUT, None, 1, 0, 1), (INPUT, None, 0, 1, 0),
    (PUSH_PULL, 0, None, 1, 0), (PUSH_PULL, 1, None, 0, 1), (PUSH_PULL, 1, 0, 1, 0), (PUSH_PULL, 0, 1, 1, 0),
    (OPEN_DRAIN, 0, None, 1, 0), (OPEN_DRAIN, 1, None, 1, 1), (OPEN_DRAIN, 1, None, 0, 0), (OPEN_DRAIN, 1, 0, 1, 0),
    (OPEN_SOURCE, 1, None, 0, 1), (OPEN_SOURCE, 0, None, 0, 0), (OPEN_SOURCE, 0, None, 1, 1), (OPEN_SOURCE, 0, 1, 0, 1),
]  # fmt: skip


@pytest.mark.parametrize("mode, written, outside, pull, level", LEVELS)
def test_level_at_the_pin(bank, mode, written, outside, pull, level):
    bank.pull(3, pull)
    bank.drive(3, outside)
    bank.configure(3, mode)
    if written is not None:
        bank.write(3, written)
    assert bank.read(3) == level
    assert bank.read(1) == bank.read(8) == 0


def test_driving_against_the_world_is_noted_and_low_wins(bank):
    bank.drive(3, 1)
    bank.configure(3, PUSH_PULL)
    assert bank.contention == {3} and bank.read(3) == 0


def test_an_open_drain_against_a_pull_is_no_contention(bank):
    bank.pull(3, 1)
    bank.configure(3, OPEN_DRAIN)
    bank.write(3, 1)
    bank.drive(3, 0)
    assert bank.contention == set()


def test_an_input_cannot_be_written(bank):
    with pytest.raises(OutOfOrder, match="pin 3 is an input"):
        bank.write(3, 1)


@pytest.mark.parametrize("mode", [-1, 4])
def test_unknown_modes_and_levels_are_refused(bank, mode):
    with pytest.raises(Invalid):
        bank.configure(3, mode)
    bank.configure(3, PUSH_PULL)
    with pytest.raises(Invalid):
        bank.write(3, 2)


def test_reconfiguring_forgets_what_was_written(bank):
    bank.configure(3, PUSH_PULL)
    bank.write(3, 1)
    bank.configure(3, PUSH_PULL)
    assert bank.read(3) == 0


def test_observers_see_changes_only_with_their_time(bank, clock):
    seen = []
    bank.observe(lambda *change: seen.append(change))
    bank.configure(3, PUSH_PULL)
    clock.advance_us(10)
    bank.write(3, 1)
    bank.write(3, 1)
    clock.advance_us(5)
    bank.drive(8, 1)
    bank.write(3, 0)
    assert seen == [(3, 1, 10), (8, 1, 15), (3, 0, 15)]
    assert list(bank.history) == [(10, 3, 1), (15, 8, 1), (15, 3, 0)]


def test_history_is_bounded(bank):
    bank.configure(3, PUSH_PULL)
    for at in range(HISTORY + 10):
        bank.write(3, (at + 1) % 2)
    assert len(bank.history) == HISTORY


def test_reset_lets_go_of_outputs_but_not_of_the_world(bank):
    bank.configure(3, PUSH_PULL)
    bank.write(3, 1)
    bank.drive(8, 1)
    bank.reset()
    assert (bank.read(3), bank.read(8), bank.mode(3)) == (0, 1, INPUT)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2, 3]), st.sampled_from([0, 1]), st.sampled_from([None, 0, 1]))))
def test_history_replays_to_the_present_level(steps):
    bank = GpioBank((3,), VirtualClock())
    for mode, written, outside in steps:
        bank.configure(3, mode)
        bank.drive(3, outside)
        if mode != INPUT:
            bank.write(3, written)
    levels = [0] + [level for _, _, level in bank.history]
    assert levels[-1] == bank.read(3)
    assert all(before != after for before, after in itertools.pairwise(levels))
