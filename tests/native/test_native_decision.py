"""Decisions in C and in plain Python: what they decide. What faults make of them is swept in `sweep/`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.native import compiled
from armillary.native._native import lib
from armillary.native.plain import decision

MODULES = [compiled, decision]
COUNTERS = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1]))
WORDS = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, lib.VERDICT_ACCEPT, lib.VERDICT_REJECT]))


def accepts(found):
    """Whether a verdict accepts; one that does not is several bits away from one that does."""
    assert found == lib.VERDICT_ACCEPT or (found ^ lib.VERDICT_ACCEPT).bit_count() >= 4
    return found == lib.VERDICT_ACCEPT


@pytest.fixture(params=MODULES, ids=lambda module: module.__name__)
def engine(request):
    return request.param


def test_the_two_verdicts_are_far_apart_and_far_from_anything_simple():
    accept = lib.VERDICT_ACCEPT
    for other in (lib.VERDICT_REJECT, 0, 2**32 - 1, 1):
        assert (accept ^ other).bit_count() >= 12


@given(value=COUNTERS, floor=COUNTERS)
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_counter_is_accepted_from_its_floor_on(module, value, floor):
    assert accepts(module.decision_at_least(value, floor)) is (value >= floor)


@pytest.mark.parametrize("floor", [1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
def test_one_below_the_floor_is_refused(engine, floor):
    assert accepts(engine.decision_at_least(floor, floor))
    assert not accepts(engine.decision_at_least(floor - 1, floor))


@pytest.mark.parametrize("bit", range(32))
def test_only_the_wanted_state_is_accepted(engine, bit):
    for state in (0, 0xFFFFFFFF, 0x1234ABCD):
        assert accepts(engine.decision_is(state, state))
        assert not accepts(engine.decision_is(state, state ^ 1 << bit))


@given(first=WORDS, second=WORDS)
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_both_must_accept(module, first, second):
    assert accepts(module.decision_both(first, second)) is (first == second == lib.VERDICT_ACCEPT)


@pytest.mark.parametrize("length", [1, 16, 32, 33])
def test_every_flipped_bit_is_a_difference(engine, length):
    data = bytes(range(7, 7 + length))
    assert accepts(engine.decision_equal(data, bytearray(data)))
    for bit in range(8 * length):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not accepts(engine.decision_equal(data, wrong))
        assert not accepts(engine.decision_equal(wrong, data))


def test_nothing_equals_nothing_and_no_other_length(engine):
    assert accepts(engine.decision_equal(b"", b""))
    assert not accepts(engine.decision_equal(b"", b"\0"))
    assert not accepts(engine.decision_equal(bytes(32), bytes(33)))


@given(a=st.binary(max_size=70), b=st.binary(max_size=70))
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_equality_is_pythons(module, a, b):
    assert accepts(module.decision_equal(a, b)) is (a == b)
