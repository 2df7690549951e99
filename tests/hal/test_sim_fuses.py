"""Fuses: one way, whatever happens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.fuses import ONES, STALE, ZEROS, Fuses, cells_size
from armillary.hal.sim.power import PowerLost, PowerRail
from armillary.wire.fault import Invalid, Locked

ROW = b"\x0f" + bytes(31)


@pytest.fixture
def fuses():
    return Fuses()


def test_new_fuses_are_all_zero(fuses):
    assert [fuses.read(row) for row in range(64)] == [bytes(32)] * 64


def test_a_blown_fuse_stays_blown(fuses):
    fuses.blow(3, ROW)
    fuses.blow(3, b"\xf0" + bytes(31))
    fuses.reset()
    assert fuses.read(3) == b"\xff" + bytes(31)
    assert fuses.read(2) == fuses.read(4) == bytes(32)


@pytest.mark.parametrize("row", [-1, 64, 255])
def test_there_are_64_rows(fuses, row):
    for attempt in (fuses.read, fuses.lock_read, fuses.lock_write, lambda row: fuses.blow(row, ROW)):
        with pytest.raises(Invalid):
            attempt(row)


@pytest.mark.parametrize("bits", [b"", bytes(31), bytes(33)])
def test_a_row_is_blown_whole(fuses, bits):
    with pytest.raises(Invalid):
        fuses.blow(0, bits)


def test_a_read_lock_holds_until_reset(fuses):
    fuses.blow(1, ROW)
    fuses.lock_read(1)
    with pytest.raises(Locked) as caught:
        fuses.read(1)
    assert ROW.hex() not in str(caught.value)
    assert fuses.read(0) == bytes(32)
    fuses.reset()
    assert fuses.read(1) == ROW


def test_a_write_lock_is_for_ever(fuses):
    fuses.blow(1, ROW)
    fuses.lock_write(1)
    fuses.reset()
    with pytest.raises(Locked):
        fuses.blow(1, b"\xff" * 32)
    assert fuses.read(1) == ROW
    again = Fuses(cells=bytearray(fuses.snapshot()))
    with pytest.raises(Locked):
        again.blow(1, b"\xff" * 32)


def test_a_cut_blow_has_blown_some_of_the_fuses():
    seen = set()
    for seed in range(50):
        fuses = Fuses(rail=PowerRail(seed))
        fuses.blow(0, ROW)
        fuses.fail_after(1)
        with pytest.raises(PowerLost):
            fuses.blow(0, bytes(31) + b"\xff")
        with pytest.raises(PowerLost):
            fuses.read(0)
        fuses.rail.power_on()
        value = fuses.read(0)
        assert value[:31] == ROW[:31]
        seen.add(value[31])
    assert len(seen) > 20


def test_a_cut_write_lock_holds_or_does_not():
    outcomes = set()
    for seed in range(30):
        fuses = Fuses(rail=PowerRail(seed))
        fuses.fail_after(1)
        with pytest.raises(PowerLost):
            fuses.lock_write(0)
        fuses.rail.power_on()
        try:
            fuses.blow(0, ROW)
            outcomes.add("open")
        except Locked:
            outcomes.add("locked")
    assert outcomes == {"open", "locked"}


def test_a_glitched_read_lies_once(fuses):
    fuses.blow(0, ROW)
    fuses.blow(0, b"\xff" + bytes(31))
    for kind, lie in ((ZEROS, bytes(32)), (ONES, b"\xff" * 32), (STALE, ROW)):
        fuses.glitch_read(0, kind)
        assert fuses.read(0) == lie
        assert fuses.read(0) == b"\xff" + bytes(31)


def test_a_glitch_of_one_row_leaves_the_others(fuses):
    fuses.glitch_read(0, ONES, times=2)
    assert fuses.read(1) == bytes(32)
    assert [fuses.read(0)[0] for _ in range(3)] == [0xFF, 0xFF, 0]
    with pytest.raises(Invalid):
        fuses.glitch_read(0, "sideways")


def test_stale_without_a_blow_is_the_truth(fuses):
    fuses.glitch_read(0, STALE)
    assert fuses.read(0) == bytes(32)


def test_cells_must_have_the_right_size():
    assert cells_size(64, 32) == 64 * 33
    with pytest.raises(Invalid):
        Fuses(cells=bytearray(64 * 32))


def test_restore_gives_back_rows_and_locks(fuses):
    fuses.blow(0, ROW)
    fuses.lock_write(0)
    other = Fuses()
    other.restore(fuses.snapshot())
    assert other.read(0) == ROW
    with pytest.raises(Locked):
        other.blow(0, ROW)


OPERATIONS = st.one_of(
    st.tuples(st.just("blow"), st.integers(0, 3), st.binary(min_size=32, max_size=32)),
    st.tuples(st.just("lock_write"), st.integers(0, 3), st.none()),
    st.tuples(st.just("lock_read"), st.integers(0, 3), st.none()),
    st.tuples(st.just("reset"), st.none(), st.none()),
    st.tuples(st.just("cut"), st.integers(1, 3), st.none()),
)


def apply(fuses, kind, row, bits):
    if kind == "blow":
        fuses.blow(row, bits)
    elif kind == "cut":
        fuses.rail.fail_after(row)
    elif kind == "reset":
        fuses.reset()
    else:
        getattr(fuses, kind)(row)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1000), st.lists(OPERATIONS, max_size=20))
def test_no_sequence_of_operations_and_cuts_ever_clears_a_fuse(seed, operations):
    fuses = Fuses(rows=4, rail=PowerRail(seed))
    before = fuses.snapshot()
    frozen = {}
    for operation in operations:
        try:
            apply(fuses, *operation)
        except Locked:
            assert operation[0] == "blow" and operation[1] in frozen
        except PowerLost:
            fuses.rail.power_on()
        after = fuses.snapshot()
        assert all(was & now == was for was, now in zip(before, after))
        for row in range(4):
            value = after[row * 32 : row * 32 + 32]
            assert frozen.get(row, value) == value
            if after[4 * 32 + row]:
                frozen[row] = value
        before = after


@settings(deadline=None)
@given(st.integers(0, 63), st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_a_row_holds_every_bit_ever_blown_and_no_other(row, blows):
    fuses = Fuses()
    want = 0
    for bits in blows:
        fuses.blow(row, bits)
        want |= int.from_bytes(bits, "big")
    assert int.from_bytes(fuses.read(row), "big") == want
