"""Handles name what was opened, and nothing else, ever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.kernel import handles
from armillary.wire.fault import Closed, Failed, Full, Invalid


class Thing:
    kind = "thing"

    def __init__(self):
        self.closed = 0

    def event(self):
        return 0

    def close(self):
        self.closed += 1


class Stuck(Thing):
    def close(self):
        super().close()
        raise Failed("stuck")


@pytest.fixture
def table():
    return handles.Handles()


def test_a_handle_is_never_zero_and_fits_sixteen_bits(table):
    for _ in range(5000):
        number = table.add(Thing())
        assert 0 < number < 1 << 16
        table.close(number)


def test_the_table_is_bounded(table):
    for _ in range(handles.MOST):
        table.add(Thing())
    with pytest.raises(Full):
        table.add(Thing())
    table.close(table.numbers()[0])
    table.add(Thing())


def test_a_stale_handle_reaches_nothing_for_all_generations(table):
    stale = table.add(Thing())
    table.close(stale)
    for _ in range(handles.MOST * (handles.GENERATIONS - 2)):
        number = table.add(Thing())
        assert number != stale
        with pytest.raises(Closed):
            table.get(stale, "thing")
        table.close(number)


def test_with_the_generation_left_out_a_stale_handle_reaches_the_next_thing(table, monkeypatch):
    """The flaw: numbers that are slots alone."""
    monkeypatch.setattr(handles, "GENERATIONS", 2)
    monkeypatch.setattr(handles, "MOST", 1)
    flawed = handles.Handles()
    stale = flawed.add(Thing())
    flawed.close(stale)
    secret = Thing()
    assert flawed.get(flawed.add(secret), "thing") is secret
    assert flawed.get(stale, "thing") is secret


def test_a_handle_of_another_kind_is_refused(table):
    number = table.add(Thing())
    with pytest.raises(Invalid):
        table.get(number, "pin")


def test_a_handle_is_gone_even_if_closing_fails(table):
    number = table.add(Stuck())
    with pytest.raises(Failed):
        table.close(number)
    with pytest.raises(Closed):
        table.close(number)


def test_closing_all_closes_each_once_whatever_happens(table):
    things = [Thing(), Stuck(), Thing()]
    for thing in things:
        table.add(thing)
    assert [type(fault) for fault in table.close_all()] == [Failed]
    assert [thing.closed for thing in things] == [1, 1, 1]
    with pytest.raises(Full):
        table.add(Thing())


@settings(max_examples=60)
@given(st.lists(st.one_of(st.just("open"), st.integers(0, 70)), max_size=200))
def test_the_table_is_a_dictionary_of_what_is_open(steps):
    table, model, past = handles.Handles(), {}, []
    for step in steps:
        if step == "open":
            if len(model) == handles.MOST:
                with pytest.raises(Full):
                    table.add(Thing())
                continue
            thing = Thing()
            number = table.add(thing)
            assert number not in model
            model[number] = thing
            past.append(number)
        elif step < len(past):
            number = past[step]
            if number in model:
                table.close(number)
                assert model.pop(number).closed == 1
            else:
                with pytest.raises(Closed):
                    table.close(number)
        assert table.numbers() == sorted(model)
        for number, thing in model.items():
            assert table.get(number, "thing") is thing
