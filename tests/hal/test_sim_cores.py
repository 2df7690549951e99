"""Cores: memory that can only be written while they stand still."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.cores import Cores
from armillary.wire.fault import Full, Invalid, NoDevice, OutOfOrder


@pytest.fixture
def started():
    return []


@pytest.fixture
def cores(started):
    return Cores(lambda core, code: started.append((core, code)), memory=100)


def test_a_core_starts_once_on_what_was_loaded(cores, started):
    cores.core_load(1, 0, b"abc")
    cores.core_load(1, 3, b"def")
    cores.core_start(1, 6)
    assert started == [(1, b"abcdef")]
    assert cores.is_running(1) and not cores.is_running(2)
    for attempt in (lambda: cores.core_load(1, 0, b"x"), lambda: cores.core_start(1, 6), lambda: cores.start(1, b"x")):
        with pytest.raises(OutOfOrder):
            attempt()
    assert len(started) == 1


@pytest.mark.parametrize("length", [0, 2, 4])
def test_a_length_that_was_not_loaded_is_refused(cores, started, length):
    cores.core_load(1, 0, b"abc")
    with pytest.raises(Invalid):
        cores.core_start(1, length)
    assert started == []


def test_nothing_is_started_on_nothing(cores):
    with pytest.raises(Invalid):
        cores.core_start(1, 0)


@pytest.mark.parametrize("offset", [-1, 1, 50])
def test_no_hole_is_left(cores, offset):
    with pytest.raises(Invalid):
        cores.core_load(1, offset, b"x")


def test_memory_is_bounded(cores):
    cores.core_load(1, 0, bytes(100))
    with pytest.raises(Full):
        cores.core_load(1, 100, b"x")
    with pytest.raises(Full):
        cores.core_load(1, 50, bytes(51))


def test_cores_that_do_not_exist(cores):
    for attempt in (lambda: cores.core_load(0, 0, b"x"), lambda: cores.core_start(3, 1)):
        with pytest.raises(NoDevice):
            attempt()


def test_reset_stops_and_empties(cores, started):
    cores.start(1, b"first")
    cores.core_load(2, 0, b"left behind")
    cores.reset()
    with pytest.raises(Invalid):
        cores.core_start(2, 11)
    cores.start(1, b"second")
    assert [code for _, code in started] == [b"first", b"second"]


def test_a_start_that_fails_leaves_nothing_to_run_on():
    def refuse(core, code):
        raise RuntimeError("no process")

    cores = Cores(refuse)
    with pytest.raises(RuntimeError):
        cores.start(1, b"code")
    with pytest.raises(OutOfOrder):
        cores.core_start(1, 4)


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1), st.data())
def test_rewriting_a_part_before_the_start_counts(parts, data):
    started = []
    cores = Cores(lambda core, code: started.append(code))
    want = bytearray()
    for part in parts:
        at = data.draw(st.integers(0, len(want)))
        cores.core_load(1, at, part)
        want[at : at + len(part)] = part
    cores.core_start(1, len(want))
    assert started == [bytes(want)]
